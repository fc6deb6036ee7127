#include "engine/inventory.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/names.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kFileBytesMax = 16ULL << 20;
constexpr int kExpansionDepthMax = 16;
constexpr std::size_t kValueBytesMax = 64ULL << 10;

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Result<Inventory> Inventory::Load(const std::string& path) {
  TRY_ASSIGN(const std::string text, ReadFile(path, kFileBytesMax));
  return Parse(text, path);
}

bool Inventory::HasGroup(std::string_view group) const { return FindGroup(group) != nullptr; }

const InventoryGroup* Inventory::FindGroup(std::string_view name) const {
  const auto found = group_index_.find(name);
  return found == group_index_.end() ? nullptr : &groups_[found->second];
}

const InventoryHost* Inventory::FindHost(std::string_view name) const {
  const auto found = host_index_.find(name);
  return found == host_index_.end() ? nullptr : &hosts_[found->second];
}

std::vector<const InventoryHost*> Inventory::HostsOf(std::string_view group) const {
  std::vector<const InventoryHost*> out;
  const auto found = group_index_.find(group);
  if (found == group_index_.end()) return out;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const auto& groups = precedence_[i];
    if (std::find(groups.begin(), groups.end(), found->second) != groups.end()) {
      out.push_back(&hosts_[i]);
    }
  }
  // File order of the group itself where it lists its hosts (a host's first line may be elsewhere).
  const std::vector<std::size_t>& listed = groups_[found->second].hosts;
  const auto rank = [&](const InventoryHost* host) {
    const auto index = static_cast<std::size_t>(host - hosts_.data());
    const auto at = std::find(listed.begin(), listed.end(), index);
    return static_cast<std::size_t>(at - listed.begin());
  };
  std::stable_sort(out.begin(), out.end(), [&](const InventoryHost* a, const InventoryHost* b) {
    return rank(a) < rank(b);
  });
  return out;
}

const InventoryValue* Inventory::Raw(const InventoryHost* host, std::string_view name) const {
  if (host != nullptr) {
    if (const auto own = host->vars.find(name); own != host->vars.end()) return &own->second;
    for (const std::size_t group : precedence_[static_cast<std::size_t>(host - hosts_.data())]) {
      const auto found = groups_[group].vars.find(name);
      if (found != groups_[group].vars.end()) return &found->second;
    }
    return nullptr;
  }
  const auto found = groups_[0].vars.find(name);
  return found == groups_[0].vars.end() ? nullptr : &found->second;
}

Result<std::optional<InventoryValue>> Inventory::Expanded(const InventoryHost* host,
                                                          std::string_view name, int depth) const {
  const InventoryValue* raw = Raw(host, name);
  if (raw == nullptr) {
    if (host != nullptr && name == "inventory_hostname") {
      return std::optional<InventoryValue>({host->name, host->place});
    }
    return std::optional<InventoryValue>();
  }
  if (depth > kExpansionDepthMax) {
    return ErrorAt(raw->place, fmt::format("'{}' refers to itself", name));
  }
  InventoryValue out{"", raw->place};
  std::string_view rest = raw->text;
  for (;;) {
    const std::size_t open = rest.find("{{");
    out.text += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = rest.find("}}", open);
    const std::string_view inner =
        close == std::string_view::npos ? "" : Trim(rest.substr(open + 2, close - open - 2));
    if (!IsName(inner)) {
      return ErrorAt(raw->place, fmt::format("'{}' uses an expression that is not a plain "
                                             "{{{{ name }}}}: '{}'; write its value out",
                                             name, raw->text));
    }
    TRY_ASSIGN(const std::optional<InventoryValue> value, Expanded(host, inner, depth + 1));
    if (!value.has_value()) {
      return ErrorAt(raw->place,
                     fmt::format("'{}' refers to '{}', which the inventory does not set; "
                                 "write its value out",
                                 name, inner));
    }
    out.text += value->text;
    if (out.text.size() > kValueBytesMax) {
      return ErrorAt(raw->place, fmt::format("'{}' grows beyond {} bytes", name, kValueBytesMax));
    }
    rest.remove_prefix(close + 2);
  }
  return std::optional<InventoryValue>(std::move(out));
}

Result<std::optional<InventoryValue>> Inventory::Value(const InventoryHost& host,
                                                       std::string_view name) const {
  return Expanded(&host, name, 0);
}

Result<std::optional<InventoryValue>> Inventory::GlobalValue(std::string_view name) const {
  return Expanded(nullptr, name, 0);
}

Error Inventory::ErrorAt(InventoryPlace place, std::string message) const {
  return Error{ErrorCode::kBadInput, std::move(message),
               fmt::format("{}:{}:{}", file_, place.line, place.column)};
}

Error Inventory::MissingGroup(std::string_view group) const {
  if (const InventoryGroup* known = FindGroup(group); known != nullptr && known->place.line > 0) {
    return ErrorAt(known->place, fmt::format("group [{}] has no host", group));
  }
  std::vector<std::string> names;
  for (const InventoryGroup& known : groups_) names.push_back(known.name);
  return Error{ErrorCode::kBadInput,
               fmt::format("no group [{}]{}", group, DidYouMean(group, names)), file_};
}

}  // namespace tidegate::engine
