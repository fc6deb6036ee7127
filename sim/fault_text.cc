#include "sim/fault_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/names.h"

namespace tidegate::sim {
namespace {

constexpr Duration kLongest = 365 * 24 * kHour;
constexpr int kAny = -1;
constexpr Duration kRestartPause = 2 * kSecond;  // between the stop and the start of a restart
constexpr Duration kRebootPause = 30 * kSecond;  // until a host has its units started again

constexpr int Is(Role role) { return static_cast<int>(role); }

// What binlogctl update-pump and CHANGE PUMP take; "pausing" and "closing" too.
constexpr std::string_view kStates[] = {"online", "pausing", "paused", "closing", "offline"};
constexpr std::string_view kStateActions[] = {"pause", "close"};

struct Row {
  FaultSpec spec;

  constexpr Row(FaultKind kind, std::string_view key, int role = kAny)
      : spec{kind, key, "", false, "", false, role, kAny} {}
  constexpr Row Heals(Duration by_itself = 0) const {
    Row row = *this;
    row.spec.heals = true;
    row.spec.heals_by_itself = by_itself;
    return row;
  }
  constexpr Row Takes(std::string_view key, std::int64_t otherwise = -1) const {
    Row row = *this;
    row.spec.amount_key = key;
    row.spec.amount_default = otherwise;
    return row;
  }
  constexpr Row TakesTime(std::string_view key) const {
    Row row = Takes(key);
    row.spec.amount_is_duration = true;
    return row;
  }
  constexpr Row With(std::string_view key, int role) const {
    Row row = *this;
    row.spec.peer_key = key;
    row.spec.peer_role = role;
    return row;
  }
  constexpr Row Pair() const {
    Row row = *this;
    row.spec.is_pair = true;
    return row;
  }
  constexpr Row OneOf(std::string_view key, std::span<const std::string_view> choices) const {
    Row row = *this;
    row.spec.choice_key = key;
    row.spec.choices = choices;
    return row;
  }
  constexpr Row OfCluster() const {
    Row row = *this;
    row.spec.cluster_only = true;
    return row;
  }
  constexpr Row OfOldSide() const {
    Row row = *this;
    row.spec.old_only = true;
    return row;
  }
};

// In the order of FaultKind.
constexpr Row kRows[] = {
    Row(FaultKind::kKill, "kill").Heals(),
    Row(FaultKind::kRestart, "restart").Heals(kRestartPause),
    Row(FaultKind::kStop, "stop").Heals(),
    Row(FaultKind::kPartition, "partition").Pair().Heals(),
    Row(FaultKind::kHang, "hang").Heals(),
    Row(FaultKind::kSlowDownstream, "slow_downstream", Is(Role::kDownstream))
        .TakesTime("by")
        .Heals(),
    Row(FaultKind::kHungDownstream, "hung_downstream", Is(Role::kDownstream)).Heals(),
    Row(FaultKind::kKafkaUnreachable, "kafka_unreachable", Is(Role::kKafka)).Heals(),
    Row(FaultKind::kRetention, "retention", Is(Role::kKafka))
        .Takes("keep", 0)
        .With("topic", Is(Role::kPump)),
    Row(FaultKind::kPdNoTso, "pd_no_tso", Is(Role::kPd)).Heals(),
    Row(FaultKind::kClockJump, "clock_jump").TakesTime("by").Heals(),
    Row(FaultKind::kEngineCrash, "engine_crash").Takes("output", 0),
    Row(FaultKind::kLoseBinlogs, "lose_binlogs", Is(Role::kPump)).Takes("count"),
    Row(FaultKind::kStartNode, "start_node"),
    Row(FaultKind::kRegistryStale, "registry_stale", Is(Role::kPd))
        .With("drainer", Is(Role::kDrainer)),
    Row(FaultKind::kPdTsoBack, "pd_tso_back", Is(Role::kPd)).TakesTime("by"),
    Row(FaultKind::kPartitionOneWay, "partition_one_way").Pair().Heals(),
    Row(FaultKind::kDelay, "delay").Pair().TakesTime("by").Heals(),
    Row(FaultKind::kFailingDownstream, "failing_downstream", Is(Role::kDownstream))
        .Takes("count")
        .Heals(),
    Row(FaultKind::kLoseAcks, "lose_acks").Takes("count", 1).Heals(),
    Row(FaultKind::kDiskFull, "disk_full", Is(Role::kPump)).OfCluster().Heals(),
    Row(FaultKind::kShortWrite, "short_write", Is(Role::kPump)).OfCluster(),
    Row(FaultKind::kPowerLoss, "power_loss").Takes("lose", 1),
    Row(FaultKind::kUncleanLeader, "unclean_leader", Is(Role::kKafka))
        .Takes("lose")
        .With("topic", Is(Role::kPump)),
    Row(FaultKind::kReorderTail, "reorder_tail", Is(Role::kKafka))
        .Takes("count")
        .With("topic", Is(Role::kPump)),
    Row(FaultKind::kEtcdDown, "etcd_down", Is(Role::kPd)).Heals(),
    Row(FaultKind::kStalePump, "stale_pump", Is(Role::kPd)).OneOf("state", kStates),
    Row(FaultKind::kStaleDrainer, "stale_drainer", Is(Role::kPd)).OneOf("state", kStates),
    Row(FaultKind::kDuplicateId, "duplicate_id").OfCluster().With("of", kAny),
    Row(FaultKind::kNewIdentity, "new_identity").OfCluster(),
    Row(FaultKind::kOversized, "oversized", Is(Role::kTidb)).Takes("count", 1),
    Row(FaultKind::kUpdateState, "update_state").OfCluster().OneOf("state", kStates),
    Row(FaultKind::kPutState, "put_state").OfCluster().OneOf("action", kStateActions),
    Row(FaultKind::kOldBinary, "old_binary"),
    Row(FaultKind::kReboot, "reboot").Heals(kRebootPause),
    Row(FaultKind::kSendSigkill, "send_sigkill"),
    Row(FaultKind::kRegistryGarbage, "registry_garbage", Is(Role::kPd)).Heals(),
    Row(FaultKind::kKeepSocket, "keep_socket", Is(Role::kPump)).OfOldSide().Heals(),
};
static_assert(std::size(kRows) == static_cast<std::size_t>(FaultKind::kCount));

NodeName NameAt(const JsonDocument& document, const JsonValue& value) {
  return {value.text, document.Position(value.offset)};
}

// A duration that may be negative: a clock jumps both ways.
Result<Duration> SignedDuration(const JsonDocument& document, const JsonValue& value,
                                std::string_view key) {
  const bool negative = !value.text.empty() && value.text[0] == '-';
  const Result<Duration> parsed = ParseDuration(std::string_view(value.text).substr(negative));
  if (value.kind != JsonKind::kString || !parsed) {
    return document.ErrorAt(value.offset, fmt::format("'{}' must be a duration such as 30s", key));
  }
  return negative ? -*parsed : *parsed;
}

class FaultReader {
 public:
  FaultReader(const JsonDocument& document, const JsonValue& value)
      : document_(document), value_(value), in_(document, value, "a fault") {}

  Result<FaultText> Read() {
    in_.Find("comment");
    TRY(ReadKind());
    TRY(ReadWho());
    TRY(ReadAmount());
    TRY(ReadChoice());
    TRY(ReadWhen());
    in_.DurationField("for", 1, kLongest, &fault_.heal_after);
    if (fault_.heal_after == 0) fault_.heal_after = spec_->heals_by_itself;
    if (const JsonValue* heal = value_.Find("for"); heal != nullptr && !spec_->heals) {
      return document_.ErrorAt(
          heal->offset, fmt::format("the fault '{}' does not last; it takes no 'for'", spec_->key));
    }
    TRY(in_.Finish());
    return std::move(fault_);
  }

 private:
  Status ReadKind() {
    std::vector<std::string_view> known;
    for (const Row& row : kRows) {
      const FaultSpec& spec = row.spec;
      known.push_back(spec.key);
      const JsonValue* found = value_.Find(spec.key);
      if (found == nullptr) continue;
      if (spec_ != nullptr) {
        return document_.ErrorAt(
            found->offset,
            fmt::format("a fault is one thing: this one has '{}' and '{}'", spec_->key, spec.key));
      }
      spec_ = &spec;
      in_.Find(spec.key);
      who_ = found;
    }
    if (spec_ != nullptr) {
      fault_.kind = spec_->kind;
      return {};
    }
    for (const JsonMember& member : value_.members) {
      const std::string meant = DidYouMean(member.name, known);
      if (meant.empty()) continue;
      return document_.ErrorAt(member.offset,
                               fmt::format("no fault is named '{}'{}", member.name, meant));
    }
    return document_.ErrorAt(
        value_.offset, fmt::format("a fault needs one of the keys {}", fmt::join(known, ", ")));
  }

  Status ReadWho() {
    if (spec_->is_pair) {
      const auto& pair = who_->elements;
      if (pair.size() != 2 || pair[0].kind != JsonKind::kString ||
          pair[1].kind != JsonKind::kString || pair[0].text == pair[1].text) {
        return document_.ErrorAt(
            who_->offset, fmt::format("'{}' must be two names of different nodes", spec_->key));
      }
      fault_.node = NameAt(document_, pair[0]);
      fault_.peer = NameAt(document_, pair[1]);
      return {};
    }
    if (fault_.kind == FaultKind::kEngineCrash) {
      std::size_t point = 0;
      in_.Choice(spec_->key, {trace::kCrashPointNames.begin(), trace::kCrashPointNames.end()},
                 &point);
      fault_.detail = static_cast<std::int64_t>(point);
      return {};
    }
    in_.String(spec_->key, &fault_.node.name);
    fault_.node.where = document_.Position(who_->offset);
    if (spec_->peer_key.empty()) return {};
    // Without a Drainer, the stale key is that of a host that is gone.
    const bool optional = fault_.kind == FaultKind::kRegistryStale;
    const JsonValue* peer = optional ? in_.Find(spec_->peer_key) : in_.Require(spec_->peer_key);
    in_.String(spec_->peer_key, &fault_.peer.name);
    if (peer != nullptr) fault_.peer.where = document_.Position(peer->offset);
    return {};
  }

  Status ReadAmount() {
    if (spec_->amount_key.empty()) return {};
    const JsonValue* amount = in_.Find(spec_->amount_key);
    if (amount == nullptr) {
      if (spec_->amount_default >= 0) {
        fault_.amount = spec_->amount_default;
        return {};
      }
      return document_.ErrorAt(
          value_.offset, fmt::format("the fault '{}' needs '{}'", spec_->key, spec_->amount_key));
    }
    if (!spec_->amount_is_duration) {
      in_.Int(spec_->amount_key, 0, 1'000'000'000, &fault_.amount);
      return {};
    }
    TRY_ASSIGN(fault_.amount, SignedDuration(document_, *amount, spec_->amount_key));
    if (fault_.amount <= 0 && fault_.kind != FaultKind::kClockJump) {
      return document_.ErrorAt(amount->offset,
                               fmt::format("'{}' must be above 0", spec_->amount_key));
    }
    return {};
  }

  Status ReadChoice() {
    if (spec_->choice_key.empty()) return {};
    std::size_t choice = 0;
    if (value_.Find(spec_->choice_key) == nullptr) {
      return document_.ErrorAt(
          value_.offset, fmt::format("the fault '{}' needs '{}'", spec_->key, spec_->choice_key));
    }
    in_.Choice(spec_->choice_key, {spec_->choices.begin(), spec_->choices.end()}, &choice);
    fault_.detail = static_cast<std::int64_t>(choice);
    return {};
  }

  Status ReadWhen() {
    const JsonValue* at = in_.Find("at");
    const JsonValue* on = in_.Find("on");
    if ((at != nullptr) == (on != nullptr)) {
      // A crash at a numbered output says by the number when it is.
      if (at == nullptr && fault_.kind == FaultKind::kEngineCrash && fault_.amount > 0) return {};
      return document_.ErrorAt(value_.offset, "a fault needs 'at' or 'on', one of them");
    }
    if (at != nullptr) TRY(ReadAt(*at));
    if (on != nullptr) TRY(ReadOn(*on));
    in_.Int("nth", 1, 1'000'000'000, &fault_.nth);
    in_.DurationField("after", 0, kLongest, &fault_.after);
    for (const char* key : {"nth", "after"}) {
      const JsonValue* found = value_.Find(key);
      if (found != nullptr && at != nullptr) {
        return document_.ErrorAt(found->offset, fmt::format("'{}' goes with 'on'", key));
      }
    }
    return {};
  }

  Status ReadAt(const JsonValue& at) {
    const JsonValue* low = &at;
    const JsonValue* high = &at;
    if (at.kind == JsonKind::kArray && at.elements.size() == 2) {
      low = &at.elements[0];
      high = &at.elements[1];
    }
    TRY_ASSIGN(fault_.at_low, SignedDuration(document_, *low, "at"));
    TRY_ASSIGN(fault_.at_high, SignedDuration(document_, *high, "at"));
    if (fault_.at_low < 0 || fault_.at_low > fault_.at_high) {
      return document_.ErrorAt(at.offset, "'at' must be a time from 0s on, or [earliest, latest]");
    }
    return {};
  }

  Status ReadOn(const JsonValue& on) {
    fault_.on_event = true;
    TRY_ASSIGN(fault_.on, ReadEventText(document_, on, "'on'"));
    return {};
  }

  const JsonDocument& document_;
  const JsonValue& value_;
  JsonObjectReader in_;
  const FaultSpec* spec_ = nullptr;
  const JsonValue* who_ = nullptr;
  FaultText fault_;
};

std::string DescribeWhen(const FaultText& fault, Time at) {
  if (!fault.on_event) {
    if (fault.kind == FaultKind::kEngineCrash && fault.amount > 0) return "";
    return " at " + FormatDuration(at);
  }
  std::string out = " on " + DescribeEventText(fault.on);
  if (fault.nth > 1) out += fmt::format(" number {}", fault.nth);
  if (fault.after > 0) out += " + " + FormatDuration(fault.after);
  return out;
}

}  // namespace

const FaultSpec& SpecOfFault(FaultKind kind) {
  const FaultSpec& spec = kRows[static_cast<std::size_t>(kind)].spec;
  CHECK(spec.kind == kind);
  return spec;
}

Result<FaultText> ReadFault(const JsonDocument& document, const JsonValue& value) {
  return FaultReader(document, value).Read();
}

std::string DescribeFault(const FaultText& fault, Time at) {
  const FaultSpec& spec = SpecOfFault(fault.kind);
  std::string out(spec.key);
  if (fault.kind == FaultKind::kEngineCrash) {
    out += fmt::format(" {}", trace::kCrashPointNames[static_cast<std::size_t>(fault.detail)]);
  }
  for (const NodeName* name : {&fault.node, &fault.peer}) {
    if (!name->name.empty()) out += " " + name->name;
  }
  if (!spec.amount_key.empty() && fault.amount != 0) {
    out += fmt::format(
        " {} {}", spec.amount_key,
        spec.amount_is_duration ? FormatDuration(fault.amount) : std::to_string(fault.amount));
  }
  if (!spec.choice_key.empty()) {
    out += fmt::format(" {} {}", spec.choice_key,
                       spec.choices[static_cast<std::size_t>(fault.detail)]);
  }
  out += DescribeWhen(fault, at);
  if (fault.heal_after > 0) out += " for " + FormatDuration(fault.heal_after);
  return out;
}

}  // namespace tidegate::sim
