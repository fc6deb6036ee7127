#include "sim/world/tidb_pumps.h"

#include <algorithm>

namespace tidegate::sim {
namespace {

constexpr Duration kWatchDelay = 200 * kMillisecond;  // etcd watch to pump client
constexpr std::int32_t kErrorsMax = 10;               // pump.go: ErrNum above it is not usable

}  // namespace

bool PumpClient::Connect(const TidbDialect& dialect, Strategy strategy) {
  dialect_ = dialect;
  strategy_ = strategy;
  pumps_.clear();
  usable_.clear();
  read_at_ = -1;
  return world_.pd().List(owner_, RegistryRecord::Root::kPumps, &records_) && !records_.empty();
}

PumpClient::Entry* PumpClient::Find(NodeId pump) {
  for (Entry& entry : pumps_) {
    if (entry.pump == pump) return &entry;
  }
  return nullptr;
}

bool PumpClient::Usable(const Entry& entry) { return entry.online && entry.errors <= kErrorsMax; }

// What the watch tells: a state that changes to online makes a Pump usable at once.
void PumpClient::Read() {
  if (!world_.pd().List(owner_, RegistryRecord::Root::kPumps, &records_)) return;
  read_at_ = world_.now();
  // One whose key is gone stays as it was: the event of a deletion has no value, which is parsed
  // first (tidb-tools: pump_client/client.go watchStatus).
  for (const RegistryRecord* record : records_) {
    if (record->owner == kNoNode) continue;  // its address leads nowhere
    Entry* entry = Find(record->owner);
    if (entry == nullptr) entry = &pumps_.emplace_back(Entry{record->owner, false, 0});
    const bool online = record->state == trace::RegistryState::kOnline;
    if (online && !entry->online) entry->errors = 0;
    entry->online = online;
  }
  Rank();
}

void PumpClient::Rank() {
  usable_.clear();
  for (const Entry& entry : pumps_) {
    if (Usable(entry)) usable_.push_back(entry.pump);
  }
}

// selector.go: range goes round the usable Pumps; hash takes (start_ts + retry) mod n.
NodeId PumpClient::Choose(Tso start_ts, std::int64_t tries, NodeId avoid) {
  if (read_at_ < 0 || world_.now() - read_at_ >= kWatchDelay) Read();
  if (usable_.empty()) return kNoNode;
  if (strategy_ == Strategy::kHash) {
    return usable_[static_cast<std::size_t>(start_ts + tries) % usable_.size()];
  }
  const NodeId pump = usable_[next_++ % usable_.size()];
  if (pump != avoid || usable_.size() == 1) return pump;
  return usable_[next_++ % usable_.size()];
}

NodeId PumpClient::LastResort(std::int64_t n) const {
  for (const Entry& entry : pumps_) {
    if (Usable(entry)) continue;
    const bool worth =
        dialect_.last_resort == LastResort::kAllOnline ? entry.online : entry.errors <= kErrorsMax;
    if (worth && n-- == 0) return entry.pump;
  }
  return kNoNode;
}

void PumpClient::Succeeded(NodeId pump) {
  Entry* entry = Find(pump);
  if (entry == nullptr || entry->errors == 0) return;
  entry->errors = 0;
  Rank();
}

void PumpClient::Failed(NodeId pump) {
  Entry* entry = Find(pump);
  if (entry == nullptr || entry->errors++ != kErrorsMax) return;
  Rank();
}

// client.go detect; releases that forget have no such probe of what they gave up.
void PumpClient::Probe() {
  if (dialect_.failed_pump == FailedPump::kForgottenForGood) return;
  for (const Entry& entry : pumps_) {
    if (!entry.online || entry.errors <= kErrorsMax) continue;
    world_.Send(owner_, entry.pump, Msg::kProbe, 0, 0, {.report_failure = true});
  }
}

}  // namespace tidegate::sim
