#include "engine/registry.h"

#include <fmt/format.h>

#include <array>

#include "base/json.h"

namespace tidegate::engine {
namespace {

constexpr std::array<signed char, 256> MakeBase64Table() {
  std::array<signed char, 256> table{};
  for (signed char& entry : table) entry = -1;
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<signed char>(i);
  }
  return table;
}
constexpr std::array<signed char, 256> kBase64 = MakeBase64Table();

Tso IntOf(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value != nullptr && value->kind == JsonKind::kInt ? value->integer : 0;
}

std::string TextOf(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value != nullptr && value->kind == JsonKind::kString ? value->text : std::string();
}

OldNode* FindOrAdd(std::vector<OldNode>* nodes, std::string_view id) {
  for (OldNode& node : *nodes) {
    if (node.id == id) return &node;
  }
  nodes->emplace_back();
  nodes->back().id = std::string(id);
  return &nodes->back();
}

Status AddOld(std::string_view rest, const std::string& key, const std::string& value,
              std::vector<OldNode>* nodes) {
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos) return {};
  OldNode* node = FindOrAdd(nodes, rest.substr(0, slash));
  if (rest.substr(slash + 1) == "alive") {
    node->alive = true;
    return {};
  }
  if (rest.substr(slash + 1) != "object") return {};
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(value, key));
  node->has_object = true;
  node->host = TextOf(document.root(), "Host");
  const JsonValue* offline = document.root().Find("IsOffline");
  node->offline = offline != nullptr && offline->boolean;
  node->offline_ts = IntOf(document.root(), "OfflineTS");
  return {};
}

Status AddCluster(std::string_view rest, const std::string& key, const std::string& value,
                  std::vector<ClusterNode>* nodes) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(value, key));
  const JsonValue& root = document.root();
  nodes->push_back({std::string(rest), TextOf(root, "host"), TextOf(root, "state"),
                    IntOf(root, "maxCommitTS"), IntOf(root, "updateTS")});
  return {};
}

bool Strip(std::string_view* key, std::string_view prefix) {
  if (key->substr(0, prefix.size()) != prefix) return false;
  key->remove_prefix(prefix.size());
  return true;
}

Status AddKey(const std::string& key, const std::string& value, Registry* registry) {
  std::string_view rest = key;
  if (Strip(&rest, "/tidb-binlog/v1/pumps/")) {
    return AddCluster(rest, key, value, &registry->cluster_pumps);
  }
  if (Strip(&rest, "/tidb-binlog/v1/drainers/")) {
    return AddCluster(rest, key, value, &registry->cluster_drainers);
  }
  if (Strip(&rest, "/tidb-binlog/pumps/")) return AddOld(rest, key, value, &registry->pumps);
  if (Strip(&rest, "/tidb-binlog/cisterns/")) return AddOld(rest, key, value, &registry->cisterns);
  return {};
}

}  // namespace

Result<std::string> DecodeBase64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes(text.size() / 4 * 3, '\0');
  std::size_t to = 0;
  unsigned int bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = kBase64[static_cast<unsigned char>(c)];
    if (value < 0) return Error{ErrorCode::kBadInput, "not base64", ""};
    bits = (bits << 6) | static_cast<unsigned int>(value);
    if (++count == 4) {
      bytes[to++] = static_cast<char>((bits >> 16) & 0xFF);
      bytes[to++] = static_cast<char>((bits >> 8) & 0xFF);
      bytes[to++] = static_cast<char>(bits & 0xFF);
      bits = 0;
      count = 0;
    }
  }
  if (count == 1) return Error{ErrorCode::kBadInput, "not base64", ""};
  if (count == 2) bytes += static_cast<char>((bits >> 4) & 0xFF);
  if (count == 3) {
    bytes += static_cast<char>((bits >> 10) & 0xFF);
    bytes += static_cast<char>((bits >> 2) & 0xFF);
  }
  return bytes;
}

Result<Registry> ParseRegistry(const port::Answer& answer) {
  if (!answer.ok()) return Error{ErrorCode::kUnavailable, AnswerText(answer), ""};
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(answer.body, "registry"));
  if (document.root().kind != JsonKind::kObject) {
    return Error{ErrorCode::kBadInput, "the registry's answer is no object", ""};
  }
  Registry registry;
  const JsonValue* kvs = document.root().Find("kvs");
  if (kvs == nullptr) return registry;  // etcd omits an empty list
  for (const JsonValue& kv : kvs->elements) {
    TRY_ASSIGN(const std::string key, DecodeBase64(TextOf(kv, "key")));
    TRY_ASSIGN(const std::string value, DecodeBase64(TextOf(kv, "value")));
    if (const Status added = AddKey(key, value, &registry); !added) {
      return Error{added.error().code,
                   fmt::format("the entry {} can't be decoded: {}", key, added.error().message),
                   ""};
    }
  }
  return registry;
}

}  // namespace tidegate::engine
