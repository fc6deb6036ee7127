#include "engine/tls.h"

#include <algorithm>
#include <cctype>

#include "base/files.h"
#include "base/json.h"
#include "engine/inventory.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kSiteBytesMax = 16ULL << 20;

// As YAML 1.1, which Ansible reads: true, yes, on.
bool IsTrue(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text == "true" || text == "yes" || text == "on" || text == "1";
}

std::string TextOf(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value != nullptr && value->kind == JsonKind::kString ? value->text : std::string();
}

// The site file was validated when the cluster was built; here only its `tls` is read.
Result<std::optional<TlsFiles>> SiteTls(const std::string& path) {
  if (path.empty()) return std::optional<TlsFiles>();
  TRY_ASSIGN(std::string text, ReadFile(path, kSiteBytesMax));
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), path));
  const JsonValue* tls = document.root().Find("tls");
  if (tls == nullptr) return std::optional<TlsFiles>();
  TlsFiles files{TextOf(*tls, "ca"), TextOf(*tls, "cert"), TextOf(*tls, "key"), {}};
  if (const JsonValue* plain = tls->Find("plain"); plain != nullptr) {
    for (const JsonValue& one : plain->elements) files.plain.push_back(one.text);
  }
  return std::optional<TlsFiles>(std::move(files));
}

}  // namespace

Result<std::optional<TlsFiles>> LoadTlsFiles(const std::string& inventory_path,
                                             const std::string& site_path) {
  TRY_ASSIGN(const Inventory inventory, Inventory::Load(inventory_path));
  TRY_ASSIGN(const std::optional<InventoryValue> enabled, inventory.GlobalValue("enable_tls"));
  TRY_ASSIGN(std::optional<TlsFiles> files, SiteTls(site_path));
  if (enabled.has_value() && IsTrue(enabled->text) && !files.has_value()) {
    return inventory.ErrorAt(enabled->place,
                             "enable_tls is on: say where CA, certificate and key are, with "
                             "\"tls\": {\"ca\": …, \"cert\": …, \"key\": …} in the site file");
  }
  return files;
}

}  // namespace tidegate::engine
