#include "verifier/model/blame.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace tidegate::verifier {
namespace {

using trace::DropReason;

constexpr std::array<std::string_view, 15> kDropClauses = {
    "its Pump acknowledged it and lost it (tolerant write)",
    "TiDB skipped its binlog (ignore-error)",
    "its commit binlog died with its TiDB",
    "its commit came without a prewrite in the Drainer's memory",
    "it came below the Drainer's window and was discarded",
    "the Drainer took it for a duplicate",
    "the Drainer dropped it for coming after a later one",
    "it is at or below the commit_ts that the Drainer resumed from",
    "the Drainer took TiKV's answer for a rollback",
    "the Drainer skipped a table that it does not know",
    "the Drainer's request began below the Pump's garbage collection point and was raised",
    "its source was forgotten while it waited there",
    "its Pump had not brought it to disk when the power went",
    "its Pump made up its commit without the DDL job",
    "Kafka refused it as too large, and the Drainer went on behind it",
};

std::string NameOf(const Model& model, NodeId node) {
  return model.IsNode(node) ? model.info(node).name : "nobody";
}

Blame BlameForDrop(const Model& model, const SinkFacts& sink, const Commit& commit) {
  const auto reason = static_cast<DropReason>(commit.drop - 1);
  Blame blame = {.cause = Cause::kProduct, .because = std::string(kDropClauses[commit.drop - 1U])};
  if (reason == DropReason::kBelowStart && sink.gate.taken &&
      sink.covered_before_gate < commit.commit_ts) {
    blame.cause = Cause::kEngine;
  }
  if (reason == DropReason::kTornTail && model.IsNode(commit.pump) &&
      model.node(commit.pump).hit_by_fault) {
    blame.cause = Cause::kScenario;
  }
  if (reason == DropReason::kPendingAtForget && model.IsNode(commit.pump)) {
    const NodeFacts& pump = model.node(commit.pump);
    if (pump.hit_by_fault) blame.cause = Cause::kScenario;
    if (pump.stopped_by_engine) blame.cause = Cause::kEngine;
  }
  return blame;
}

// The new Drainer of the sink that was started at or behind the commit, or kNoNode. One that was
// upgraded where it is and went on from what it had saved itself was behind before.
NodeId StartedBehind(const Model& model, const SinkFacts& sink, const Commit& commit) {
  for (NodeId id = 0; model.IsNode(id); ++id) {
    const DrainerFacts& drainer = model.drainer(id);
    const bool ours = model.info(id).new_side || model.UpgradedInPlace(id);
    if (!ours || drainer.sink != sink.node || drainer.epoch == 0) continue;
    if (!model.info(id).new_side && drainer.resumed_own) continue;
    if (drainer.resumed_ts >= commit.commit_ts) return id;
  }
  return kNoNode;
}

}  // namespace

bool IsDroppedForGood(const Commit& commit) { return IsFatalDrop(commit.drop); }

Blame BlameForMissing(const Model& model, const SinkFacts& sink, const Commit& commit) {
  if (commit.drop == kTornBelowCheckpoint) {
    // tidb-binlog: pkg/binlogfile/binlogger.go WriteTail never syncs; what holds the savepoint does
    // (ioutil2.WriteFileAtomic).
    return {.cause = Cause::kProduct,
            .because =
                "the checkpoint was on disk and the file behind it was not when the power "
                "went"};
  }
  if (IsDroppedForGood(commit)) return BlameForDrop(model, sink, commit);
  const std::string pump = NameOf(model, commit.pump);
  if (commit.Has(kCommitUnlogged)) {
    const bool engine = model.IsNode(commit.pump) && model.node(commit.pump).configured_by_engine;
    if (model.TakenBackByFault(commit.pump)) {
      return {.cause = Cause::kScenario,
              .because = fmt::format("{} wrote no binlog for it, on the version that a fault had "
                                     "started it on",
                                     pump)};
    }
    return {.cause = engine ? Cause::kEngine : Cause::kProduct,
            .because = fmt::format("{} wrote no binlog for it", pump)};
  }
  const NodeId behind = StartedBehind(model, sink, commit);
  if (behind != kNoNode && !model.IsOldPump(commit.pump) && !commit.Has(kCommitBehind)) {
    return {.cause = Cause::kEngine,
            .because = fmt::format("{} was started from commit_ts {}, behind it",
                                   NameOf(model, behind), model.drainer(behind).resumed_ts)};
  }
  if (commit.Has(kCommitPurged)) {
    return {.cause = model.any_fault() ? Cause::kScenario : Cause::kProduct,
            .because = "its last copy was purged before it was applied"};
  }
  if (model.IsOldPump(commit.pump) && sink.covered_before_gate >= commit.commit_ts) {
    return {.cause = Cause::kProduct,
            .because = fmt::format("the old Drainer had saved a checkpoint ({}) that covers it",
                                   sink.covered_before_gate)};
  }
  if (sink.gate.taken && model.IsOldPump(commit.pump)) {
    return {.cause = Cause::kEngine,
            .because = fmt::format("the engine went on while only the old side had it ({})", pump)};
  }
  if (commit.Has(kCommitBehind)) {
    return {.cause = model.any_fault() ? Cause::kScenario : Cause::kProduct,
            .because = "PD's timestamps had gone back, and later ones were given before"};
  }
  // What a Drainer had handed to its sink the Pump had given away before.
  if (model.IsNode(commit.pump) && model.node(commit.pump).stopped_by_engine &&
      !commit.Has(kCommitHanded)) {
    return {.cause = Cause::kEngine,
            .because = fmt::format("the engine stopped {}, which had it", pump)};
  }
  // An update of a row that is not there changes nothing and is no error.
  if (!sink.changed_by_hand.empty() && commit.Has(kCommitHanded)) {
    return {.cause = Cause::kEngine,
            .because =
                fmt::format("somebody's own SQL had changed rows of {}", NameOf(model, sink.node))};
  }
  if (model.any_fault()) {
    return {.cause = Cause::kScenario, .because = "a fault kept it back"};
  }
  return {.cause = Cause::kProduct, .because = "no fault and no act of the engine kept it back"};
}

bool IsLostAtEnd(const Model& model, const SinkFacts& sink, const Commit& commit,
                 std::string* clause, std::vector<Evidence>* evidence) {
  for (const SavedCheckpoint& saved : sink.stores) {
    if (saved.commit_ts < commit.commit_ts) continue;
    *clause = fmt::format("{} saved the checkpoint {}, which covers it", NameOf(model, saved.saver),
                          saved.commit_ts);
    *evidence = {saved.evidence};
    return true;
  }
  if (IsDroppedForGood(commit) || commit.Has(kCommitUnlogged) || commit.Has(kCommitPurged)) {
    *clause = "nothing holds its binlog any more";
    return true;
  }
  if (!model.run().ended || model.run().end != trace::RunEnd::kQuiet) return false;
  if (sink.applied_max > commit.commit_ts) {
    *clause = fmt::format("the run came to rest, and later ones, up to commit_ts {}, are there",
                          sink.applied_max);
    *evidence = {model.run().end_evidence};
    return true;
  }
  // Where no new Drainer ran yet, what is missing waits in its Pumps.
  if (sink.gate.taken && sink.new_drainer_ran) {
    *clause = "the run came to rest after the hand-over";
    *evidence = {sink.gate.evidence, model.run().end_evidence};
    return true;
  }
  return false;
}

}  // namespace tidegate::verifier
