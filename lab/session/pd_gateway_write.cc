// Writes by the gateway: from JSON to the words that the world takes (sim/world/etcd.h). What is
// malformed gets what grpc-gateway answers, 400; what the words have no room for gets 501.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "base/json.h"
#include "base/utf8.h"
#include "lab/session/pd_gateway.h"

namespace tidegate::lab {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kOpsMax = 128;  // etcd: embed/config.go DefaultMaxTxnOps
constexpr std::string_view kRoot = "/tidb-binlog/";

Error Bad(std::string why) { return {ErrorCode::kBadInput, std::move(why), ""}; }
Error NotOffered(std::string_view what) {
  return {ErrorCode::kUnavailable, fmt::format("the lab's etcd offers no {}", what), ""};
}

// jsonpb takes a field by the proto's name and by its lowerCamelCase.
std::string Camel(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool upper = name[i] == '_' && i + 1 < name.size();
    out += upper ? static_cast<char>(name[++i] - 'a' + 'A') : name[i];
  }
  return out;
}

// The fields of one message of etcdserverpb (etcd: etcdserver/etcdserverpb/rpc.proto). The first
// error stays.
class Message {
 public:
  Message(const JsonValue& value, std::string_view type) : value_(value), type_(type) {
    if (value.kind != JsonKind::kObject) Fail(Bad(fmt::format("{} must be an object", type)));
  }

  const JsonValue* Find(std::string_view name) {
    const std::string camel = Camel(name);
    known_.insert(std::string(name));
    known_.insert(camel);
    const JsonValue* value = value_.Find(name);
    if (value == nullptr) value = value_.Find(camel);
    return value == nullptr || value->kind == JsonKind::kNull ? nullptr : value;
  }

  std::string Bytes(std::string_view name) {
    const JsonValue* value = Find(name);
    if (value == nullptr) return "";
    const std::optional<std::string> bytes =
        value->kind == JsonKind::kString ? DecodeBase64(value->text) : std::nullopt;
    if (!bytes.has_value()) {
      Fail(Bad(fmt::format("illegal base64 data in {}.{}", type_, name)));
    } else if (FindNotUtf8(*bytes) != std::string::npos) {
      Fail(NotOffered(fmt::format("{}.{} that is no text", type_, name)));
    }
    return bytes.value_or("");
  }

  std::string Key() {
    std::string key = Bytes("key");
    if (key.empty()) Fail(Bad("etcdserver: key is not provided"));
    return key;
  }

  // jsonpb takes an enum by name or number.
  template <std::size_t kCount>
  std::size_t Enum(std::string_view name, const std::array<std::string_view, kCount>& names) {
    const JsonValue* value = Find(name);
    if (value == nullptr) return 0;
    const auto found = std::find(names.begin(), names.end(), value->text);
    if (value->kind == JsonKind::kString && found != names.end()) {
      return static_cast<std::size_t>(found - names.begin());
    }
    const bool number = value->kind == JsonKind::kInt && value->integer >= 0 &&
                        value->integer < static_cast<std::int64_t>(kCount);
    if (number) return static_cast<std::size_t>(value->integer);
    Fail(Bad(fmt::format("unknown value of {}.{}", type_, name)));
    return 0;
  }

  bool Bool(std::string_view name) {
    const JsonValue* value = Find(name);
    if (value != nullptr && value->kind != JsonKind::kBool) {
      Fail(Bad(fmt::format("{}.{} must be true or false", type_, name)));
    }
    return value != nullptr && value->kind == JsonKind::kBool && value->boolean;
  }

  std::span<const JsonValue> List(std::string_view name) {
    const JsonValue* value = Find(name);
    if (value == nullptr) return {};
    if (value->kind != JsonKind::kArray) {
      Fail(Bad(fmt::format("{}.{} must be an array", type_, name)));
    } else if (value->elements.size() > kOpsMax) {
      Fail(Bad("etcdserver: too many operations in txn request"));
    }
    return value->elements;
  }

  /// Is it as if it were not there?
  static bool IsZero(const JsonValue& value) {
    return (value.kind == JsonKind::kBool && !value.boolean) ||
           (value.kind == JsonKind::kInt && value.integer == 0) ||
           (value.kind == JsonKind::kString && (value.text.empty() || value.text == "0"));
  }

  /// Fields that the lab's etcd does not have.
  void Lacks(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      const JsonValue* value = Find(name);
      if (value != nullptr && !IsZero(*value)) Fail(NotOffered(fmt::format("{}.{}", type_, name)));
    }
  }

  void Fail(Error error) {
    if (!error_.has_value()) error_ = std::move(error);
  }

  Status Finish() {
    for (const JsonMember& member : value_.members) {
      if (known_.count(member.name) == 0) {
        Fail(Bad(fmt::format("unknown field \"{}\" in etcdserverpb.{}", member.name, type_)));
      }
    }
    if (error_.has_value()) return *error_;
    return {};
  }

 private:
  const JsonValue& value_;
  std::string_view type_;
  std::set<std::string> known_;
  std::optional<Error> error_;
};

Status ReadPut(const JsonValue& value, Words* out) {
  Message put(value, "PutRequest");
  const std::string key = put.Key();
  const std::string text = put.Bytes("value");
  const bool previous = put.Bool("prev_kv");
  put.Lacks({"lease", "ignore_value", "ignore_lease"});
  if (!key.starts_with(kRoot)) put.Fail(NotOffered(fmt::format("keys outside {}", kRoot)));
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; };
  if (std::any_of(key.begin(), key.end(), is_control)) {
    put.Fail(NotOffered("keys with control characters"));
  }
  TRY(put.Finish());
  out->insert(out->end(), {previous ? "put-prev" : "put", key, text});
  return {};
}

// "one" key, or all that begin with it: by etcd's own rule such a range ends where its prefix does.
Result<std::string> ExtentOf(std::string key, const std::string& end) {
  if (end.empty()) return std::string("one");
  ++key.back();
  if (end != key) return NotOffered("range that is neither key nor prefix");
  return std::string("prefix");
}

Status ReadRange(const JsonValue& value, Words* out) {
  Message range(value, "RangeRequest");
  const std::string key = range.Key();
  const std::string end = range.Bytes("range_end");
  range.Lacks({"limit", "revision", "sort_order", "sort_target", "serializable", "keys_only",
               "count_only", "min_mod_revision", "max_mod_revision", "min_create_revision",
               "max_create_revision"});
  TRY(range.Finish());
  TRY_ASSIGN(const std::string extent, ExtentOf(key, end));
  out->insert(out->end(), {"range", key, extent});
  return {};
}

Status ReadDelete(const JsonValue& value, Words* out) {
  Message range(value, "DeleteRangeRequest");
  const std::string key = range.Key();
  const std::string end = range.Bytes("range_end");
  const bool previous = range.Bool("prev_kv");
  if (!key.starts_with(kRoot)) range.Fail(NotOffered(fmt::format("keys outside {}", kRoot)));
  TRY(range.Finish());
  TRY_ASSIGN(const std::string extent, ExtentOf(key, end));
  out->insert(out->end(), {previous ? "delete-prev" : "delete", key, extent});
  return {};
}

// etcd 3.3: etcdserver/api/v3rpc/key.go checkIntervals: no put in what is deleted beside it.
Status CheckIntervals(std::span<const std::string> words) {
  for (std::size_t i = 0; i + 2 < words.size(); i += 3) {
    if (!words[i].starts_with("put")) continue;
    for (std::size_t j = 0; j + 2 < words.size(); j += 3) {
      if (!words[j].starts_with("delete")) continue;
      const bool prefix = words[j + 2] == "prefix";
      if (prefix ? words[i + 1].starts_with(words[j + 1]) : words[i + 1] == words[j + 1]) {
        return Bad("etcdserver: duplicate key given in txn request");
      }
    }
  }
  return {};
}

Status ReadOps(std::span<const JsonValue> ops, Words* out) {
  const std::size_t before = out->size();
  std::set<std::string> keys;
  for (const JsonValue& value : ops) {
    Message op(value, "RequestOp");
    const JsonValue* put = op.Find("request_put");
    const JsonValue* range = op.Find("request_range");
    const JsonValue* gone = op.Find("request_delete_range");
    if (op.Find("request_txn") != nullptr) op.Fail(NotOffered("request_txn"));
    TRY(op.Finish());
    const int count = (put != nullptr) + (range != nullptr) + (gone != nullptr);
    if (count != 1) return Bad("etcdserver: key not found");
    if (put == nullptr) {
      TRY(range != nullptr ? ReadRange(*range, out) : ReadDelete(*gone, out));
      continue;
    }
    TRY(ReadPut(*put, out));
    if (!keys.insert((*out)[out->size() - 2]).second) {
      return Bad("etcdserver: duplicate key given in txn request");
    }
  }
  return CheckIntervals(std::span<const std::string>(*out).subspan(before));
}

// A revision is only known to be 0, of a key that is not there, or not.
Status ReadCompare(const JsonValue& value, Words* out) {
  constexpr std::array<std::string_view, 5> kTargets = {"VERSION", "CREATE", "MOD", "VALUE",
                                                        "LEASE"};
  constexpr std::array<std::string_view, 5> kFields = {"version", "create_revision", "mod_revision",
                                                       "value", "lease"};
  constexpr std::array<std::string_view, 4> kResults = {"EQUAL", "GREATER", "LESS", "NOT_EQUAL"};
  constexpr std::array<std::string_view, 4> kOfValue = {"equal", "greater", "less", "not-equal"};
  constexpr std::array<std::string_view, 4> kOfZero = {"absent", "present", "never", "present"};
  constexpr std::size_t kValue = 3;
  Message compare(value, "Compare");
  const std::string key = compare.Key();
  const std::size_t target = compare.Enum("target", kTargets);
  const std::size_t result = compare.Enum("result", kResults);
  compare.Lacks({"range_end"});
  if (target > kValue) compare.Fail(NotOffered("leases"));
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const JsonValue* field = compare.Find(kFields[i]);
    if (field == nullptr) continue;
    if (i != target) {
      compare.Fail(Bad(fmt::format("Compare.{} with target {}", kFields[i], kTargets[target])));
    } else if (i != kValue && !Message::IsZero(*field)) {
      compare.Fail(
          NotOffered(fmt::format("Compare.{} but 0, since it keeps no revisions", kFields[i])));
    }
  }
  const std::string operand = target == kValue ? compare.Bytes("value") : "";
  TRY(compare.Finish());
  const std::string_view clause = target == kValue ? kOfValue[result] : kOfZero[result];
  out->insert(out->end(), {"compare", key, std::string(clause), operand});
  return {};
}

Status ReadTxn(const JsonValue& value, Words* out) {
  Message txn(value, "TxnRequest");
  const std::span<const JsonValue> compares = txn.List("compare");
  const std::span<const JsonValue> success = txn.List("success");
  const std::span<const JsonValue> failure = txn.List("failure");
  TRY(txn.Finish());
  for (const JsonValue& one : compares) TRY(ReadCompare(one, out));
  out->push_back("then");
  TRY(ReadOps(success, out));
  out->push_back("else");
  return ReadOps(failure, out);
}

}  // namespace

bool IsGatewayWrite(std::string_view target) {
  if (!IsGatewayPath(target)) return false;
  return target.ends_with("/kv/put") || target.ends_with("/kv/txn") ||
         target.ends_with("/kv/deleterange");
}

Result<engine::port::RunHook> ReadGatewayWrite(std::string_view target, const std::string& body,
                                               std::string_view pd_version) {
  TRY_ASSIGN(const std::string_view path, GatewayPath(target, pd_version));
  if (path != "/kv/put" && path != "/kv/txn" && path != "/kv/deleterange") {
    return Error{ErrorCode::kNotFound, fmt::format("the lab's etcd offers no {}", path), ""};
  }
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(body, "body"));
  engine::port::RunHook hook{"etcd put", {"etcd"}};
  if (path == "/kv/put") {
    TRY(ReadPut(document.root(), &hook.argv));
    hook.name += " " + hook.argv[2];
  } else if (path == "/kv/deleterange") {
    TRY(ReadDelete(document.root(), &hook.argv));
    hook.name = "etcd delete " + hook.argv[2];
  } else {
    hook.name = "etcd txn";
    hook.argv.push_back("txn");
    TRY(ReadTxn(document.root(), &hook.argv));
  }
  return hook;
}

}  // namespace tidegate::lab
