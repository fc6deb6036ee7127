#include "lab/session/pd_gateway.h"

#include <fmt/format.h>

#include <optional>

#include "base/json.h"

namespace tidegate::lab {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// etcd's docs, dev-guide/api_grpc_gateway.md: 3.2 has v3alpha, 3.3 v3beta and v3alpha, 3.4 v3 and
// v3beta. PDs before 4.0 embed 3.2 or 3.3, PD 4.0 embeds 3.4 (pd: go.mod).
bool Serves(std::string_view pd_version, std::string_view api) {
  const std::size_t digit = pd_version.find_first_of("0123456789");
  const bool old = digit == std::string_view::npos || pd_version[digit] < '4';
  return api == "v3beta" || api == (old ? "v3alpha" : "v3");
}

std::optional<std::string> Bytes(const JsonValue& root, std::string_view name) {
  const JsonValue* value = root.Find(name);
  if (value == nullptr) return std::string();
  if (value->kind != JsonKind::kString) return std::nullopt;
  return DecodeBase64(value->text);
}

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool padding = text[i] == '=';
    if (padding && (i + 2 < text.size() || text.back() != '=')) return std::nullopt;
    const std::size_t place = padding ? 0 : kAlphabet.find(text[i]);
    if (place == std::string_view::npos) return std::nullopt;
    group = group << 6U | static_cast<std::uint32_t>(place);
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(group >> shift & 255U);
    group = 0;
  }
  while (text.ends_with('=')) {
    text.remove_suffix(1);
    out.pop_back();
  }
  return out;
}

bool IsGatewayPath(std::string_view target) {
  for (const std::string_view api : {"/v3/", "/v3beta/", "/v3alpha/"}) {
    if (target.starts_with(api)) return true;
  }
  return false;
}

Result<std::string_view> GatewayPath(std::string_view target, std::string_view pd_version) {
  const std::size_t slash = target.find('/', 1);
  if (!Serves(pd_version, target.substr(1, slash - 1))) {
    return Error{ErrorCode::kNotFound, "Not Found", ""};
  }
  return target.substr(std::min(slash, target.size()));
}

Result<RegistryRead> ReadGatewayRequest(std::string_view target, const std::string& body,
                                        std::string_view pd_version) {
  TRY_ASSIGN(const std::string_view rest, GatewayPath(target, pd_version));
  if (rest != "/kv/range") {
    return Error{ErrorCode::kNotFound, fmt::format("the lab's etcd offers no {}", rest), ""};
  }
  const Result<JsonDocument> document = JsonDocument::Parse(body, "body");
  if (!document.has_value()) return document.error();
  const std::optional<std::string> key = Bytes(document->root(), "key");
  const std::optional<std::string> end = Bytes(document->root(), "range_end");
  if (!key || !end || key->empty()) {
    return Error{ErrorCode::kBadInput, "etcdserver: key is not provided", ""};
  }
  if (end->empty()) return RegistryRead{*key, false};
  std::string successor = *key;
  ++successor.back();
  if (*end != successor) {
    return Error{ErrorCode::kUnavailable, "the lab's etcd lists by prefix alone", ""};
  }
  std::string root = *key;
  if (root.ends_with('/')) root.pop_back();
  return RegistryRead{std::move(root), true};
}

Result<std::string> GatewayAnswer(const RegistryRead& read, const std::string& listing) {
  if (read.whole_tree) return listing;
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(listing, "listing"));
  const JsonValue* header = document.root().Find("header");
  std::string head = "{\"header\":{";
  for (const JsonMember& member : header->members) {
    if (head.back() != '{') head += ',';
    head += fmt::format("{}:{}", JsonQuote(member.name), JsonQuote(member.value.text));
  }
  head += '}';
  const JsonValue* kvs = document.root().Find("kvs");
  if (kvs != nullptr) {
    for (const JsonValue& kv : kvs->elements) {
      const JsonValue* key = kv.Find("key");
      const JsonValue* value = kv.Find("value");
      if (DecodeBase64(key->text) != read.root) continue;
      head += fmt::format(",\"kvs\":[{{\"key\":{},\"value\":{}}}],\"count\":\"1\"",
                          JsonQuote(key->text), JsonQuote(value->text));
    }
  }
  return head + "}";
}

}  // namespace tidegate::lab
