// streams-disjoint: the two streams have no order between them but the barrier, so one commit on
// the wrong side of it loses that order.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class StreamsDisjoint final : public Check {
 public:
  explicit StreamsDisjoint(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "streams-disjoint"; }
  std::string_view Statement() const override {
    return "Every real commit of the old stream is below T0, every one of the new stream above.";
  }
  Section InSection() const override { return Section::kData; }
  KindSet Subscribes() const override {
    return {EventKind::kTxnCommitted, EventKind::kRowCommitted, EventKind::kDdlCommitted};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const Commit* commit = model().committed_now();
    if (commit == nullptr || !model().current_is_real() || commit->pump == kNoNode) return;
    if (commit->Has(kCommitUnlogged)) return;
    const Evidence now = {.index = index, .event = event};
    if (model().IsOldPump(commit->pump)) {
      if (commit->commit_ts > old_max_.ts) {
        old_max_ = {.ts = commit->commit_ts, .start_ts = commit->start_ts, .evidence = now};
      }
      if (new_min_.ts == 0) return;
      ++premise_count_;
      if (commit->commit_ts > new_min_.ts) ReportOverlap(*commit, now);
      return;
    }
    if (!model().any_old_path_seen()) return;
    ++premise_count_;
    if (new_min_.ts == 0 || commit->commit_ts < new_min_.ts) {
      new_min_ = {.ts = commit->commit_ts, .start_ts = commit->start_ts, .evidence = now};
    }
    if (model().old_paths_open() > 0) {
      ReportEarly(*commit, now);
    } else if (commit->commit_ts < model().t0()) {
      ReportBelow(*commit, now);
    }
  }

 private:
  struct Extreme {
    Tso ts = 0;
    Tso start_ts = 0;
    Evidence evidence;
  };

  void ReportOverlap(const Commit& commit, const Evidence& now) {
    Report(commit, 1, Cause::kEngine, {new_min_.evidence, now},
           fmt::format("commit_ts {} went to {} of the old side after the new stream had begun at "
                       "commit_ts {}",
                       commit.commit_ts, NameOf(commit.pump), new_min_.ts));
  }
  void ReportEarly(const Commit& commit, const Evidence& now) {
    Report(commit, 2, Cause::kEngine, {now},
           fmt::format("commit_ts {} went to {} of the new side while {} paths to the old side "
                       "were open, so no T0 is below it",
                       commit.commit_ts, NameOf(commit.pump), model().old_paths_open()));
  }
  void ReportBelow(const Commit& commit, const Evidence& now) {
    // T0 was taken behind the old stream; nobody can take one below what PD goes back to.
    const bool back = model().pd_went_back();
    Report(commit, 3, back ? Cause::kScenario : Cause::kEngine, {model().t0_evidence(), now},
           fmt::format("commit_ts {} went to {} of the new side and is below T0 {}{}",
                       commit.commit_ts, NameOf(commit.pump), model().t0(),
                       back ? ": PD's timestamps had gone back" : ""));
  }

  void Report(const Commit& commit, std::uint64_t part, Cause cause, std::vector<Evidence> evidence,
              std::string why) {
    const std::uint64_t sort = Sort(FindingKind::kOrder, cause, part);
    if (findings().Again(*this, sort, commit.commit_ts)) return;
    findings().Report(
        *this, sort,
        {.kind = FindingKind::kOrder,
         .cause = cause,
         .why = std::move(why),
         .evidence = std::move(evidence),
         .story = {.start_ts = commit.start_ts, .commit_ts = commit.commit_ts},
         .rows = {},
         .subjects = {.transactions = {commit.commit_ts}, .nodes = {commit.pump}, .stores = {}}});
  }

  Extreme old_max_;
  Extreme new_min_;
};

}  // namespace

std::unique_ptr<Check> MakeStreamsDisjoint(const Context& context) {
  return std::make_unique<StreamsDisjoint>(context);
}

}  // namespace tidegate::verifier
