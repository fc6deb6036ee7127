#include "sim/world/pd.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/json.h"
#include "sim/world/hosts.h"

namespace tidegate::sim {
namespace {

using Root = RegistryRecord::Root;
using trace::EventKind;
using trace::RegistryState;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string Base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  std::size_t to = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t block = 0;
    for (std::size_t j = 0; j < count; ++j) {
      block |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + j])) << (16 - 8 * j);
    }
    for (std::size_t j = 0; j <= count; ++j) out[to + j] = kBase64[block >> (18 - 6 * j) & 63U];
    to += 4;
  }
  return out;
}

// tipb Pos: both members omit zero.
std::string PosJson(std::int64_t suffix, std::int64_t offset) {
  if (suffix == 0 && offset == 0) return "{}";
  if (suffix == 0) return fmt::format("{{\"offset\":{}}}", offset);
  if (offset == 0) return fmt::format("{{\"suffix\":{}}}", suffix);
  return fmt::format("{{\"suffix\":{},\"offset\":{}}}", suffix, offset);
}

// The position as tags v1.0 (a topic offset) and rc2.3 (a place in a file) keep it: LatestPos.
std::string LatestPosJson(const RegistryRecord& r) {
  return r.form == PositionForm::kLatestPos ? PosJson(0, r.kafka_offset)
                                            : PosJson(r.file_suffix, r.file_offset);
}

// tidb-binlog kafka: pump/registry.go NodeStatus, Go's default keys; tags v1.0 and rc2.3: the same
// file.
std::string ObjectJson(const RegistryRecord& r) {
  if (r.form == PositionForm::kLatestPosAlone) {
    return fmt::format("{{\"NodeID\":{},\"Host\":{},\"IsAlive\":false,\"LatestPos\":{{}}}}",
                       JsonQuote(r.id), JsonQuote(r.host));
  }
  if (r.form == PositionForm::kLatestPos) {
    return fmt::format(
        "{{\"NodeID\":{},\"Host\":{},\"IsAlive\":false,\"IsOffline\":{},\"LatestPos\":{},"
        "\"OfflineTS\":{}}}",
        JsonQuote(r.id), JsonQuote(r.host), r.is_offline ? "true" : "false",
        r.is_offline ? LatestPosJson(r) : "{}", r.offline_ts);
  }
  return fmt::format(
      "{{\"NodeID\":{},\"Host\":{},\"IsAlive\":false,\"IsOffline\":{},\"LatestFilePos\":{},"
      "\"LatestKafkaPos\":{},\"OfflineTS\":{}}}",
      JsonQuote(r.id), JsonQuote(r.host), r.is_offline ? "true" : "false",
      r.is_offline ? PosJson(r.file_suffix, r.file_offset) : "{}",
      r.is_offline ? PosJson(0, r.kafka_offset) : "{}", r.offline_ts);
}

std::string_view StateName(RegistryState state) {
  switch (state) {
    case RegistryState::kOnline: return "online";
    case RegistryState::kPausing: return "pausing";
    case RegistryState::kPaused: return "paused";
    case RegistryState::kClosing: return "closing";
    case RegistryState::kOffline: return "offline";
    default: return "unknown";
  }
}

// tidb-binlog master: pkg/node/node.go Status, field order as encoded.
std::string StatusJson(const RegistryRecord& r) {
  return fmt::format(
      "{{\"nodeId\":{},\"host\":{},\"state\":\"{}\",\"isAlive\":false,\"score\":0,\"label\":null,"
      "\"maxCommitTS\":{},\"updateTS\":{}}}",
      JsonQuote(r.id), JsonQuote(r.host), StateName(r.state), r.max_commit_ts, r.update_ts);
}

void AppendKeys(const RegistryRecord& r, Time now,
                std::vector<std::pair<std::string, std::string>>* out) {
  const std::string key = std::string(RootPath(r.root)) + r.id;
  if (r.root == Root::kPumps || r.root == Root::kDrainers) {
    out->emplace_back(key, StatusJson(r));
    return;
  }
  if (r.undecodable) {  // protobuf where JSON should be (pingcap/docs-cn issue 518)
    out->emplace_back(key + "/object", "\x10\x01");
    return;
  }
  if (r.alive_until > now) {
    out->emplace_back(
        key + "/alive",
        r.form != PositionForm::kFileAndKafka
            ? LatestPosJson(r)
            : fmt::format("{{\"file-position\":{},\"kafka-position\":{}}}",
                          PosJson(r.file_suffix, r.file_offset), PosJson(0, r.kafka_offset)));
  }
  out->emplace_back(key + "/object", ObjectJson(r));
}

}  // namespace

std::string_view RootPath(RegistryRecord::Root root) {
  switch (root) {
    case RegistryRecord::Root::kOldPumps: return "/tidb-binlog/pumps/";
    case RegistryRecord::Root::kOldDrainers: return "/tidb-binlog/cisterns/";
    case RegistryRecord::Root::kPumps: return "/tidb-binlog/v1/pumps/";
    case RegistryRecord::Root::kDrainers: return "/tidb-binlog/v1/drainers/";
  }
  return "";
}

Pd::Pd(World& world, NodeId id)
    : Node(world, id),
      records_(4 * world.plan().nodes.size()),
      identities_(world.plan().nodes.size()) {
  for (std::size_t i = 0; i < identities_.size(); ++i) identities_[i].key = static_cast<NodeId>(i);
}

bool Pd::Reachable(NodeId from) const { return world_.kernel().CanCall(from, id_); }

Tso Pd::Peek() const {
  return ComposeTso(world_.plan().epoch_ms + (world_.now() - set_back_) / kMillisecond, 0);
}

bool Pd::GetTso(NodeId from, Tso* out) {
  if (!gives_tso_ || !Reachable(from)) return false;
  last_ = set_back_ > 0 && last_ > Peek() + (kMinute << kTsoLogicalBits) / kMillisecond
              ? Peek()
              : std::max(Peek(), last_ + 1);
  *out = last_;
  return true;
}

std::size_t Pd::RecordIndex(Root root, NodeId owner) const {
  return static_cast<std::size_t>(root) * world_.plan().nodes.size() + identities_[owner].key;
}

RegistryRecord* Pd::Edit(NodeId from, Root root, NodeId owner) {
  if (!EtcdReachable(from)) return nullptr;
  RegistryRecord& record = records_[RecordIndex(root, owner)];
  if (record.owner != owner) {  // the first one, or another with the same id
    record.root = root;
    record.owner = owner;
    record.id = IdOf(owner);
    record.host = AddressOf(owner);
  }
  return &record;
}

const std::string& Pd::IdOf(NodeId owner) const {
  const std::string& id = identities_[owner].id;
  return id.empty() ? world_.node_plan(owner).etcd_id : id;
}

// tidb-binlog: pump/node.go NewPumpNode: .node wins; without it the id is made of host name and
// port anew. The old key stays in etcd as it was, with an address that leads nowhere.
void Pd::ReadId(NodeId owner) {
  Identity& identity = identities_[owner];
  if (!identity.lost && identity.share == kNoNode) return;
  for (const Root root : {Root::kPumps, Root::kDrainers}) {
    RegistryRecord& record = records_[RecordIndex(root, owner)];
    if (record.owner != owner || !record.present) continue;
    leftovers_.push_back(record);
    leftovers_.back().owner = kNoNode;
    record = RegistryRecord{};
  }
  if (identity.share != kNoNode) {
    identity.id = IdOf(identity.share);
    identity.key = identities_[identity.share].key;
  } else {
    identity.id = "renamed-" + IdOf(owner);
    identity.key = owner;
  }
  identity.share = kNoNode;
  identity.lost = false;
}

bool Pd::Overwrite(RegistryRecord* record, RegistryState state) {
  const bool moves = record->state != state;
  record->state = state;
  if (moves) RecordMove(*record);
  return true;
}

void Pd::RecordMove(const RegistryRecord& record) {
  world_.Record({.kind = EventKind::kRegistryMoved,
                 .node = record.owner,
                 .code = static_cast<std::uint16_t>(record.state),
                 .text = world_.Intern(std::string(RootPath(record.root)) + record.id)});
}

bool Pd::Overwrite(Root root, NodeId owner, RegistryState state) {
  RegistryRecord& record = records_[RecordIndex(root, owner)];
  return serves_etcd_ && record.present && Overwrite(&record, state);
}

bool Pd::Overwrite(Root root, std::string_view id, RegistryState state) {
  if (!serves_etcd_) return false;
  for (std::vector<RegistryRecord>* list : {&records_, &leftovers_}) {
    for (RegistryRecord& record : *list) {
      if (record.present && record.root == root && record.id == id) {
        return Overwrite(&record, state);
      }
    }
  }
  return false;
}

NodeId Pd::OwnerOf(Root root, std::string_view id) const {
  const Role role = root == Root::kPumps ? Role::kPump : Role::kDrainer;
  for (std::size_t i = 0; i < identities_.size(); ++i) {
    const auto node = static_cast<NodeId>(i);
    const trace::NodeInfo& info = world_.node_plan(node).info;
    if (info.role != role || info.era != Era::kCluster || IdOf(node) != id) continue;
    const NodeId writer = records_[RecordIndex(root, node)].owner;
    return writer == kNoNode ? node : writer;  // of those with one id, who wrote last
  }
  return kNoNode;
}

std::string Pd::AddressOf(NodeId owner) const {
  const trace::NodeInfo& info = world_.node_plan(owner).info;
  return fmt::format("{}:{}", info.host, info.port);
}

void Pd::Put(const RegistryRecord& entry) {
  const NodeId owner = OwnerOf(entry.root, entry.id);
  RegistryRecord* record = nullptr;
  if (owner != kNoNode) {
    CHECK(entry.host == AddressOf(owner));
    record = &records_[RecordIndex(entry.root, owner)];
  } else {
    const auto found =
        std::find_if(leftovers_.begin(), leftovers_.end(), [&](const RegistryRecord& leftover) {
          return leftover.root == entry.root && leftover.id == entry.id;
        });
    if (found == leftovers_.end()) return AddLeftover(entry);
    record = &*found;
  }
  const bool moves = !record->present || record->state != entry.state;
  *record = entry;
  record->owner = owner;
  record->present = true;
  if (moves) RecordMove(*record);
}

void Pd::Delete(Root root, std::string_view id) {
  const auto is_it = [&](const RegistryRecord& record) {
    return record.present && record.root == root && record.id == id;
  };
  for (std::vector<RegistryRecord>* list : {&records_, &leftovers_}) {
    for (RegistryRecord& record : *list) {
      if (!is_it(record)) continue;
      RegistryRecord gone = record;
      gone.state = RegistryState::kAbsent;
      RecordMove(gone);
    }
  }
  std::erase_if(leftovers_, is_it);
  for (RegistryRecord& record : records_) {
    if (is_it(record)) record.present = false;
  }
}

bool Pd::List(NodeId from, Root root, std::vector<const RegistryRecord*>* out) {
  out->clear();
  if (!EtcdReachable(from)) return false;
  const std::size_t count = world_.plan().nodes.size();
  for (std::size_t i = 0; i < count; ++i) {
    const RegistryRecord& record = records_[static_cast<std::size_t>(root) * count + i];
    if (record.present) out->push_back(&record);
  }
  for (const RegistryRecord& record : leftovers_) {
    if (record.root == root) out->push_back(&record);
  }
  return true;
}

void Pd::AddLeftover(const RegistryRecord& record) {
  leftovers_.push_back(record);
  leftovers_.back().present = true;
  if (record.root == Root::kPumps || record.root == Root::kDrainers) RecordMove(record);
}

void Pd::RemoveUndecodable() {
  std::erase_if(leftovers_, [](const RegistryRecord& record) { return record.undecodable; });
}

std::vector<std::pair<std::string, std::string>> Pd::Entries() const {
  std::vector<std::pair<std::string, std::string>> keys;
  for (const RegistryRecord& record : records_) {
    if (record.present) AppendKeys(record, world_.now(), &keys);
  }
  for (const RegistryRecord& record : leftovers_) AppendKeys(record, world_.now(), &keys);
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::string Pd::RangeJson(std::string_view prefix) const {
  return "{\"header\":" + HeaderJson() + KvsJson(prefix, true) + "}";
}

std::string Pd::HeaderJson() const {
  return fmt::format(
      "{{\"cluster_id\":\"{}\",\"member_id\":\"1\",\"revision\":\"1\",\"raft_term\":\"2\"}}",
      world_.plan().cluster_id);
}

std::string Pd::KvsJson(std::string_view key, bool prefix) const {
  const std::string pairs = PairsJson(key, prefix);
  if (pairs.empty()) return "";
  return fmt::format(",\"kvs\":[{}],\"count\":\"{}\"", pairs, Keys(key, prefix).size());
}

std::string Pd::PairsJson(std::string_view key, bool prefix) const {
  std::string pairs;
  for (const auto& [name, value] : Entries()) {
    if (prefix ? !name.starts_with(key) : name != key) continue;
    if (!pairs.empty()) pairs += ',';
    pairs += fmt::format("{{\"key\":\"{}\",\"value\":\"{}\"}}", Base64(name), Base64(value));
  }
  return pairs;
}

std::vector<std::string> Pd::Keys(std::string_view key, bool prefix) const {
  std::vector<std::string> keys;
  for (auto& [name, value] : Entries()) {
    if (prefix ? name.starts_with(key) : name == key) keys.push_back(std::move(name));
  }
  return keys;
}

std::optional<std::string> Pd::ValueOf(std::string_view key) const {
  for (auto& [name, value] : Entries()) {
    if (name == key) return std::move(value);
  }
  return std::nullopt;
}

void Pd::OnStopSignal() {
  world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
}

bool Pd::OnFault(const FaultPlan& fault, bool heal) {
  if (fault.kind == FaultKind::kPdNoTso) {
    gives_tso_ = heal;
    return true;
  }
  if (fault.kind == FaultKind::kEtcdDown) {
    serves_etcd_ = heal;
    return true;
  }
  if (fault.kind == FaultKind::kPdTsoBack && !heal) {
    set_back_ += fault.amount;
    return true;
  }
  return fault.kind == FaultKind::kPdTsoBack;
}

}  // namespace tidegate::sim
