#include "rehearsal/reproduce_match.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/captured.h"
#include "engine/port/port.h"
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
  return a.synced == b.synced && GapOf(a) == GapOf(b) && KeysOf(a) == KeysOf(b);
}

// What moved from one answer to the next, as words; equal words are an equal movement.
std::vector<std::string> Movement(const Observation& from, const Observation& to, bool with_saved) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& what, std::int64_t a, std::int64_t b) {
    out.push_back(fmt::format("{} {}", what, a == b ? "frozen" : "moving"));
  };
  add("Upper", from.upper, to.upper);
  add("Lower", from.lower, to.lower);
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
  Matcher(const std::vector<Observation>& observed, const std::vector<SeenStatus>& seen,
          const trace::Header& header)
      : observed_(observed), seen_(seen), header_(header), found_(observed.size()) {}

  bool From(std::size_t at, std::size_t first) {
    if (at == observed_.size()) return true;
    for (std::size_t i = first; i < seen_.size(); ++i) {
      if (!Fits(at, seen_[i])) continue;
      found_[at] = i;
      if (From(at + 1, i + 1)) return true;
    }
    return false;
  }

  std::vector<SeenStatus> Found() const {
    std::vector<SeenStatus> out;
    for (const std::size_t index : found_) out.push_back(seen_[index]);
    return out;
  }

 private:
  bool Fits(std::size_t at, const SeenStatus& seen) const {
    const Observation& one = observed_[at];
    if (!one.drainer.empty() && header_.nodes[seen.drainer].name != one.drainer) return false;
    if (!SameLook(one, seen.status)) return false;
    // Compared with the last answer of the same Drainer.
    for (std::size_t before = at; before-- > 0;) {
      if (observed_[before].drainer != one.drainer) continue;
      const SeenStatus& earlier = seen_[found_[before]];
      return earlier.drainer == seen.drainer && SameStep(observed_[before], one, earlier, seen);
    }
    return true;
  }

  const std::vector<Observation>& observed_;
  const std::vector<SeenStatus>& seen_;
  const trace::Header& header_;
  std::vector<std::size_t> found_;
};

}  // namespace

std::vector<SeenStatus> SeenStatuses(const trace::Trace& trace) {
  std::vector<SeenStatus> out;
  std::vector<Tso> saved(trace.header.nodes.size(), 0);
  for (const trace::Event& event : trace.events) {
    if (event.kind == trace::EventKind::kCheckpointSaved) saved[event.peer] = event.b;
    if (event.kind == trace::EventKind::kCheckpointLoaded) saved[event.node] = event.b;
    if (event.kind != trace::EventKind::kAnswered || event.node == kNoNode) continue;
    const trace::NodeInfo& info = trace.header.nodes[event.node];
    const bool whole = event.code == static_cast<std::uint16_t>(engine::port::AnswerCode::kOk);
    if (!whole || info.role != Role::kDrainer || !info.old_side) continue;
    const auto status =
        engine::ParseCapturedStatus(std::string(trace.texts.Get(event.text)), "an answer");
    if (!status.has_value()) continue;
    SeenStatus seen{.time = event.time, .drainer = event.node, .status = {}};
    seen.status.synced = status->synced;
    seen.status.upper = status->upper;
    seen.status.lower = status->lower;
    seen.status.saved_commit_ts = saved[event.node];
    for (const auto& [id, position] : status->positions) {
      seen.status.pump_pos[id] = std::max<std::int64_t>(0, position.offset);
    }
    out.push_back(std::move(seen));
  }
  return out;
}

std::optional<std::vector<SeenStatus>> MatchObserved(const std::vector<Observation>& observed,
                                                     const std::vector<SeenStatus>& seen,
                                                     const trace::Header& header) {
  Matcher matcher(observed, seen, header);
  if (!matcher.From(0, 0)) return std::nullopt;
  return matcher.Found();
}

std::string MatchText(const std::vector<Observation>& observed,
                      const std::vector<SeenStatus>& matched) {
  std::string out;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    const Observation& one = observed[i];
    out += fmt::format("  seen +{}, in the run at {}: Synced {}, window {}, {} Pumps in PumpPos\n",
                       FormatDuration(one.after), FormatClock(matched[i].time), one.synced,
                       GapName(GapOf(one)), one.pump_pos.size());
    if (i == 0 || observed[i - 1].drainer != one.drainer) continue;
    out += fmt::format(
        "    since the last: {}\n",
        fmt::join(Movement(observed[i - 1], one, WithSaved(observed[i - 1], one)), ", "));
  }
  return out;
}

}  // namespace tidegate::rehearsal
