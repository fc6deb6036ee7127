#include "rehearsal/reproduce_match.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/captured.h"
#include "engine/port/port.h"
#include "engine/status_body.h"
#include "trace/event.h"

namespace tidegate::rehearsal {
namespace {

using sim::Observation;

constexpr Duration kToleranceMin = 15 * kSecond;
constexpr std::int64_t kToleranceShare = 8;
// Two detect intervals of the default (tidb-binlog kafka: drainer/config.go detect-interval).
constexpr std::int64_t kGapMsMax = 20'000;

enum class Gap { kZero, kClosed, kOpen };

Gap GapOf(const Observation& one) {
  if (one.upper == 0 || one.lower == 0) return Gap::kZero;
  return TsoGapMs(one.upper, one.lower) <= kGapMsMax ? Gap::kClosed : Gap::kOpen;
}

std::string_view GapName(Gap gap) {
  return gap == Gap::kZero ? "a bound is 0" : gap == Gap::kClosed ? "closed" : "open";
}

std::vector<std::string> KeysOf(const Observation& one) {
  std::vector<std::string> out;
  for (const auto& [id, offset] : one.pump_pos) out.push_back(id);
  return out;
}

bool SameLook(const Observation& a, const Observation& b) {
  return a.of_cluster == b.of_cluster && a.synced == b.synced && GapOf(a) == GapOf(b) &&
         KeysOf(a) == KeysOf(b);
}

// What moved from one answer to the next, as words; equal words are an equal movement.
std::vector<std::string> Movement(const Observation& from, const Observation& to, bool with_saved) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& what, std::int64_t a, std::int64_t b) {
    out.push_back(fmt::format("{} {}", what, a == b ? "frozen" : "moving"));
  };
  if (!to.of_cluster) add("Upper", from.upper, to.upper);
  add(to.of_cluster ? "LastTS" : "Lower", from.lower, to.lower);
  for (const auto& [id, offset] : to.pump_pos) {
    const auto before = from.pump_pos.find(id);
    if (before != from.pump_pos.end()) add("PumpPos " + id, before->second, offset);
  }
  if (with_saved) add("checkpoint", from.saved_commit_ts, to.saved_commit_ts);
  return out;
}

bool WithSaved(const Observation& from, const Observation& to) {
  return from.saved_commit_ts > 0 && to.saved_commit_ts > 0;
}

bool SameStep(const Observation& from, const Observation& to, const SeenStatus& seen_from,
              const SeenStatus& seen_to) {
  const Duration wanted = to.after - from.after;
  const Duration passed = seen_to.time - seen_from.time;
  const Duration off = wanted > passed ? wanted - passed : passed - wanted;
  if (off > std::max(kToleranceMin, wanted / kToleranceShare)) return false;
  const bool with_saved = WithSaved(from, to);
  return Movement(from, to, with_saved) == Movement(seen_from.status, seen_to.status, with_saved);
}

class Matcher {
 public:
  Matcher(const std::vector<Observation>& observed, const Seen& seen, const trace::Header& header)
      : observed_(observed),
        seen_(seen.statuses),
        registry_(seen.registry),
        header_(header),
        found_(observed.size()) {}

  bool From(std::size_t at, std::size_t first) {
    if (at == observed_.size()) return true;
    if (!observed_[at].registry.empty()) return Listed(at) && From(at + 1, first);
    for (std::size_t i = first; i < seen_.size(); ++i) {
      if (!Fits(at, seen_[i])) continue;
      found_[at] = i;
      if (From(at + 1, i + 1)) return true;
    }
    return false;
  }

  std::vector<SeenStatus> Found() const {
    std::vector<SeenStatus> out;
    for (std::size_t i = 0; i < found_.size(); ++i) {
      if (observed_[i].registry.empty()) {
        out.push_back(seen_[found_[i]]);
      } else {
        out.push_back({TimeOf(i), kNoNode, observed_[i]});
      }
    }
    return out;
  }

 private:
  // When it was in the run, counted from the last answer of a Drainer before it.
  Time TimeOf(std::size_t at) const {
    std::size_t anchor = at;
    while (!observed_[anchor].registry.empty()) --anchor;
    return seen_[found_[anchor]].time + observed_[at].after - observed_[anchor].after;
  }

  bool Listed(std::size_t at) const {
    const Time time = TimeOf(at);
    const SeenRegistry* then = nullptr;
    for (const SeenRegistry& one : registry_) {
      if (one.from <= time) then = &one;
    }
    if (then == nullptr) return false;
    return std::all_of(observed_[at].registry.begin(), observed_[at].registry.end(),
                       [&](const auto& wanted) {
                         const auto found = then->states.find(wanted.first);
                         return found != then->states.end() && found->second == wanted.second;
                       });
  }

  bool Fits(std::size_t at, const SeenStatus& seen) const {
    const Observation& one = observed_[at];
    if (!one.drainer.empty() && header_.nodes[seen.drainer].name != one.drainer) return false;
    if (!SameLook(one, seen.status)) return false;
    // Compared with the last answer of the same Drainer.
    for (std::size_t before = at; before-- > 0;) {
      if (observed_[before].drainer != one.drainer || !observed_[before].registry.empty()) continue;
      const SeenStatus& earlier = seen_[found_[before]];
      return earlier.drainer == seen.drainer && SameStep(observed_[before], one, earlier, seen);
    }
    return true;
  }

  const std::vector<Observation>& observed_;
  const std::vector<SeenStatus>& seen_;
  const std::vector<SeenRegistry>& registry_;
  const trace::Header& header_;
  std::vector<std::size_t> found_;
};

SeenStatus StatusOf(Time time, NodeId node, const std::vector<Tso>& saved) {
  SeenStatus seen{.time = time, .drainer = node, .status = {}};
  seen.status.saved_commit_ts = saved[node];
  return seen;
}

void AddTaken(const Taken& taken, const trace::Header& header, const std::vector<Tso>& saved,
              Seen* out) {
  if (header.nodes[taken.node].role != Role::kDrainer) return;
  const Result<engine::ClusterDrainerStatus> status =
      engine::ParseClusterDrainerStatus({engine::port::AnswerCode::kOk, 200, taken.body});
  if (!status.has_value()) return;
  SeenStatus seen = StatusOf(taken.time, taken.node, saved);
  seen.status.of_cluster = true;
  seen.status.synced = status->synced;
  seen.status.lower = status->last_ts;
  for (const auto& [id, commit_ts] : status->pump_pos) {
    seen.status.pump_pos[id] = commit_ts;
    seen.status.upper = std::max(seen.status.upper, commit_ts);
  }
  out->statuses.push_back(std::move(seen));
}

void AddAnswer(const trace::Event& event, const trace::Trace& trace, const std::vector<Tso>& saved,
               Seen* out) {
  if (event.node == kNoNode) return;
  const trace::NodeInfo& info = trace.header.nodes[event.node];
  const bool whole = event.code == static_cast<std::uint16_t>(engine::port::AnswerCode::kOk);
  if (!whole || info.role != Role::kDrainer || !info.old_side) return;
  const auto status =
      engine::ParseCapturedStatus(std::string(trace.texts.Get(event.text)), "an answer");
  if (!status.has_value()) return;
  SeenStatus seen = StatusOf(event.time, event.node, saved);
  seen.status.synced = status->synced;
  seen.status.upper = status->upper;
  seen.status.lower = status->lower;
  for (const auto& [id, position] : status->positions) {
    seen.status.pump_pos[id] = std::max<std::int64_t>(0, position.offset);
  }
  out->statuses.push_back(std::move(seen));
}

}  // namespace

Seen SeenIn(const RunResult& run) {
  const trace::Trace& trace = run.trace;
  Seen out;
  std::vector<Tso> saved(trace.header.nodes.size(), 0);
  SeenRegistry registry;
  std::size_t taken = 0;
  for (const trace::Event& event : trace.events) {
    for (; taken < run.taken.size() && run.taken[taken].time < event.time; ++taken) {
      AddTaken(run.taken[taken], trace.header, saved, &out);
    }
    if (event.kind == trace::EventKind::kCheckpointSaved) saved[event.peer] = event.b;
    if (event.kind == trace::EventKind::kCheckpointLoaded) saved[event.node] = event.b;
    if (event.kind == trace::EventKind::kRegistryMoved) {
      const std::string_view key = trace.texts.Get(event.text);
      registry.from = event.time;
      registry.states[std::string(key.substr(key.rfind('/') + 1))] =
          std::string(trace::kRegistryStateNames[event.code]);
      out.registry.push_back(registry);
    }
    if (event.kind == trace::EventKind::kAnswered) AddAnswer(event, trace, saved, &out);
  }
  return out;
}

std::optional<std::vector<SeenStatus>> MatchObserved(const std::vector<Observation>& observed,
                                                     const Seen& seen,
                                                     const trace::Header& header) {
  // A listing has its time from an answer beside it.
  const bool anchored = observed.empty() || observed.front().registry.empty();
  Matcher matcher(observed, seen, header);
  if (!anchored || !matcher.From(0, 0)) return std::nullopt;
  return matcher.Found();
}

namespace {

std::string StatesText(const std::map<std::string, std::string>& states) {
  std::string out;
  for (const auto& [id, state] : states) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", id, state);
  }
  return out;
}

}  // namespace

std::string MatchText(const std::vector<Observation>& observed,
                      const std::vector<SeenStatus>& matched) {
  std::string out;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    const Observation& one = observed[i];
    if (!one.registry.empty()) {
      out += fmt::format("  listed +{}, in the run at {}: {}\n", FormatDuration(one.after),
                         FormatClock(matched[i].time), StatesText(one.registry));
      continue;
    }
    out += fmt::format("  seen +{}, in the run at {}: Synced {}, window {}, {} Pumps in PumpPos\n",
                       FormatDuration(one.after), FormatClock(matched[i].time), one.synced,
                       GapName(GapOf(one)), one.pump_pos.size());
    std::size_t last = i;
    while (last > 0 && (last == i || observed[last].drainer != one.drainer ||
                        !observed[last].registry.empty())) {
      --last;
    }
    if (last == i || observed[last].drainer != one.drainer) continue;
    out +=
        fmt::format("    since the last: {}\n",
                    fmt::join(Movement(observed[last], one, WithSaved(observed[last], one)), ", "));
  }
  return out;
}

}  // namespace tidegate::rehearsal
