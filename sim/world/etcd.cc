#include "sim/world/etcd.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <set>
#include <span>

#include "base/json.h"
#include "sim/world/cluster_status.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

using engine::port::Answer;
using engine::port::AnswerCode;
using Root = RegistryRecord::Root;
using Words = std::span<const std::string>;

// grpc-gateway: runtime/errors.go HTTPStatusFromCode; grpc: codes/codes.go.
constexpr int kUnimplemented = 12;
constexpr int kUnimplementedStatus = 501;

struct Compare {
  std::string key;
  std::string clause;
  std::string operand;
};
struct Op {
  enum class Kind : std::uint8_t { kPut, kRange, kDelete };
  Kind kind = Kind::kPut;
  bool tells_previous = false;  ///< what was there is in the answer
  std::string key;
  std::string rest;  ///< the value; of the others: "one" or "prefix"
};
struct Request {
  bool transaction = false;
  std::vector<Compare> compares;
  std::vector<Op> then;
  std::vector<Op> otherwise;
};

struct OpName {
  std::string_view word;
  Op::Kind kind;
  bool tells_previous;
};
constexpr std::array<OpName, 5> kOpNames = {{{"put", Op::Kind::kPut, false},
                                             {"put-prev", Op::Kind::kPut, true},
                                             {"range", Op::Kind::kRange, false},
                                             {"delete", Op::Kind::kDelete, false},
                                             {"delete-prev", Op::Kind::kDelete, true}}};

Words ReadOps(Words words, std::vector<Op>* out) {
  for (; words.size() >= 3; words = words.subspan(3)) {
    const auto found = std::find_if(kOpNames.begin(), kOpNames.end(),
                                    [&](const OpName& name) { return name.word == words[0]; });
    if (found == kOpNames.end()) break;
    out->push_back({found->kind, found->tells_previous, words[1], words[2]});
  }
  return words;
}

// Nothing: not the words of a request.
std::optional<Request> Read(Words words) {
  Request request;
  if (words.size() < 2) return std::nullopt;
  request.transaction = words[1] == "txn";
  if (!request.transaction) {
    const bool whole = ReadOps(words.subspan(1), &request.then).empty();
    const auto looks = [](const Op& op) { return op.kind == Op::Kind::kRange; };
    if (!whole || request.then.size() != 1 || looks(request.then[0])) return std::nullopt;
    return request;
  }
  words = words.subspan(2);
  for (; words.size() >= 4 && words[0] == "compare"; words = words.subspan(4)) {
    request.compares.push_back({words[1], words[2], words[3]});
  }
  if (words.empty() || words[0] != "then") return std::nullopt;
  words = ReadOps(words.subspan(1), &request.then);
  if (words.empty() || words[0] != "else") return std::nullopt;
  if (!ReadOps(words.subspan(1), &request.otherwise).empty()) return std::nullopt;
  return request;
}

// Root and id of a key of the cluster era; an empty id: it is none.
RegistryRecord EntryOf(std::string_view key) {
  RegistryRecord entry;
  for (const Root root : {Root::kPumps, Root::kDrainers}) {
    const std::string_view prefix = RootPath(root);
    if (!key.starts_with(prefix)) continue;
    entry.root = root;
    entry.id = key.substr(prefix.size());
  }
  if (entry.id.find('/') != std::string::npos) entry.id.clear();
  return entry;
}

// tidb-binlog master: pkg/node/node.go Status. Nothing ever sets isAlive, score and label, so no
// entry has room for them.
Status ReadStatus(const std::string& text, RegistryRecord* entry) {
  using trace::RegistryState;
  constexpr std::array kStates = {RegistryState::kOnline, RegistryState::kPausing,
                                  RegistryState::kPaused, RegistryState::kClosing,
                                  RegistryState::kOffline};
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(text, "value"));
  JsonObjectReader reader(document, document.root(), "a node's status");
  std::string id;
  bool is_alive = false;
  std::int64_t score = 0;
  std::size_t state = 0;
  std::vector<std::string_view> names;
  for (const RegistryState one : kStates) names.push_back(ClusterStateName(one));
  for (const std::string_view name : {"nodeId", "host", "state"}) reader.Require(name);
  reader.String("nodeId", &id);
  reader.String("host", &entry->host);
  reader.Choice("state", names, &state);
  reader.Bool("isAlive", &is_alive);
  reader.Int("score", 0, 0, &score);
  reader.Int("maxCommitTS", 0, kMax, &entry->max_commit_ts);
  reader.Int("updateTS", 0, kMax, &entry->update_ts);
  const JsonValue* label = reader.Find("label");
  if (label != nullptr && label->kind != JsonKind::kNull) {
    reader.Fail(label->offset, "'label' must be null");
  }
  if (is_alive) reader.Fail(document.root().offset, "'isAlive' must be false");
  TRY(reader.Finish());
  if (id != entry->id) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("'nodeId' is '{}' where the key says '{}'", id, entry->id), "value"};
  }
  entry->state = kStates[state];
  return {};
}

Result<RegistryRecord> ReadPut(const Pd& pd, const Op& put) {
  RegistryRecord entry = EntryOf(put.key);
  if (entry.id.empty()) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("'{}' is no key below {} or {}", put.key, RootPath(Root::kPumps),
                             RootPath(Root::kDrainers)),
                 ""};
  }
  TRY(ReadStatus(put.rest, &entry));
  const NodeId owner = pd.OwnerOf(entry.root, entry.id);
  if (owner != kNoNode && entry.host != pd.AddressOf(owner)) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("'host' of '{}' must be '{}'", put.key, pd.AddressOf(owner)), ""};
  }
  return entry;
}

// etcd 3.3: etcdserver/apply.go applyCompare: a key that does not exist has no value to be
// compared, and all its revisions are 0.
bool Holds(const Pd& pd, const Compare& compare) {
  const std::optional<std::string> value = pd.ValueOf(compare.key);
  if (compare.clause == "absent") return !value.has_value();
  if (compare.clause == "present") return value.has_value();
  if (!value.has_value() || compare.clause == "never") return false;
  if (compare.clause == "equal") return *value == compare.operand;
  if (compare.clause == "not-equal") return *value != compare.operand;
  return compare.clause == "greater" ? *value > compare.operand : *value < compare.operand;
}

// Why these can't be done; empty: they can.
std::string WhyNot(const Pd& pd, const std::vector<Op>& ops) {
  for (const Op& op : ops) {
    if (op.kind == Op::Kind::kDelete) {
      for (const std::string& key : pd.Keys(op.key, op.rest == "prefix")) {
        if (EntryOf(key).id.empty()) return fmt::format("'{}' is of the Kafka era", key);
      }
    }
    if (op.kind != Op::Kind::kPut) continue;
    const Result<RegistryRecord> entry = ReadPut(pd, op);
    if (!entry.has_value()) return entry.error().ToString();
  }
  return "";
}

// What follows the header of its answer. REQUIRES: WhyNot found nothing.
std::string ApplyOne(Pd& pd, const Op& op) {
  const bool prefix = op.rest == "prefix" && op.kind != Op::Kind::kPut;
  if (op.kind == Op::Kind::kRange) return pd.KvsJson(op.key, prefix);
  const std::string previous = op.tells_previous ? pd.PairsJson(op.key, prefix) : "";
  if (op.kind == Op::Kind::kPut) {
    pd.Put(*ReadPut(pd, op));
    return previous.empty() ? "" : ",\"prev_kv\":" + previous;
  }
  const std::vector<std::string> keys = pd.Keys(op.key, prefix);
  for (const std::string& key : keys) pd.Delete(EntryOf(key).root, EntryOf(key).id);
  std::string out = keys.empty() ? "" : fmt::format(",\"deleted\":\"{}\"", keys.size());
  if (!previous.empty()) out += ",\"prev_kvs\":[" + previous + "]";
  return out;
}

std::string_view ResponseName(Op::Kind kind) {
  switch (kind) {
    case Op::Kind::kPut: return "response_put";
    case Op::Kind::kRange: return "response_range";
    case Op::Kind::kDelete: return "response_delete_range";
  }
  return "";
}

// REQUIRES: WhyNot found nothing.
std::string Apply(Pd& pd, const std::vector<Op>& ops) {
  std::string out;
  for (const Op& op : ops) {
    if (!out.empty()) out += ',';
    out += fmt::format(R"({{"{}":{{"header":{{"revision":"1"}}{}}}}})", ResponseName(op.kind),
                       ApplyOne(pd, op));
  }
  return out;
}

Answer Refusal(const std::string& why) {
  Answer answer{AnswerCode::kHttpStatus, kUnimplementedStatus, ""};
  answer.body =
      fmt::format("{{\"error\":{},\"code\":{}}}",
                  JsonQuote("the lab's etcd keeps node states alone: " + why), kUnimplemented);
  return answer;
}

}  // namespace

bool IsEtcd(const engine::port::RunHook& hook) {
  return hook.name.starts_with("etcd ") && !hook.argv.empty() && hook.argv[0] == "etcd";
}

NodeId EtcdTarget(const World& world, const std::vector<std::string>& argv) {
  const std::optional<Request> request = Read(argv);
  std::set<NodeId> owners;
  if (request.has_value()) {
    for (const std::vector<Op>* ops : {&request->then, &request->otherwise}) {
      for (const Op& op : *ops) {
        if (op.kind == Op::Kind::kRange) continue;
        std::vector<std::string> keys = {op.key};
        if (op.kind == Op::Kind::kDelete) keys = world.pd().Keys(op.key, op.rest == "prefix");
        for (const std::string& key : keys) {
          const RegistryRecord entry = EntryOf(key);
          owners.insert(world.pd().OwnerOf(entry.root, entry.id));
        }
      }
    }
  }
  const bool one = owners.size() == 1 && *owners.begin() != kNoNode;
  return one ? *owners.begin() : world.pd().id();
}

Answer RunEtcd(World& world, NodeId from, const std::vector<std::string>& argv) {
  const std::optional<Request> request = Read(argv);
  if (!request.has_value()) return {AnswerCode::kFailed, 1, "no request to an etcd"};
  Pd& pd = world.pd();
  if (!world.kernel().IsUp(pd.id())) return {AnswerCode::kConnectionRefused, 1, ""};
  if (!world.kernel().CanCall(from, pd.id()) || !pd.serves_etcd()) {
    return {AnswerCode::kTimedOut, 1, ""};
  }
  for (const std::vector<Op>* ops : {&request->then, &request->otherwise}) {
    const std::string why = WhyNot(pd, *ops);
    if (!why.empty()) return Refusal(why);
  }
  bool holds = true;
  for (const Compare& compare : request->compares) holds = holds && Holds(pd, compare);
  std::string body = "{\"header\":" + pd.HeaderJson();
  if (!request->transaction) {
    body += ApplyOne(pd, request->then[0]);
  } else {
    const std::string responses = Apply(pd, holds ? request->then : request->otherwise);
    if (holds) body += ",\"succeeded\":true";
    if (!responses.empty()) body += ",\"responses\":[" + responses + "]";
  }
  return {AnswerCode::kOk, 200, body + "}"};
}

}  // namespace tidegate::sim
