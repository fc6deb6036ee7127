// How procedure and service checks report: a Draft from its parts, and the question whether the
// upgrade is said to be complete.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trace/event.h"
#include "verifier/check.h"
#include "verifier/findings.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {

struct Contradiction {
  FindingKind kind = FindingKind::kOrder;
  Cause cause = Cause::kEngine;
  std::string why;
  std::vector<Evidence> evidence;
  std::vector<NodeId> nodes;
  std::vector<Tso> transactions{};
  Tso story =
      0;  ///< commit_ts of the transaction whose own events belong into the witness; 0: none
};

/// Reports `what` as sort `rest` of its kind and cause, or counts it once more.
inline void ReportOnce(Findings& findings, const Check& check, std::uint64_t rest,
                       Contradiction what) {
  const std::uint64_t sort = Sort(what.kind, what.cause, rest);
  const Tso transaction = what.transactions.empty() ? 0 : what.transactions.front();
  if (findings.Again(check, sort, transaction)) return;
  Draft draft;
  draft.kind = what.kind;
  draft.cause = what.cause;
  draft.why = std::move(what.why);
  draft.evidence = std::move(what.evidence);
  draft.story.commit_ts = what.story;
  draft.subjects.transactions = std::move(what.transactions);
  draft.subjects.nodes = std::move(what.nodes);
  findings.Report(check, sort, std::move(draft));
}

/// "1 transaction", "3 transactions".
inline std::string Count(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

/// Why the end state is not judged; empty when it is: an engine was attached, and says that it is
/// done or, making no claims, says nothing.
inline std::string NotDone(const Model& model) {
  const RunFacts& run = model.run();
  if (run.engine_end == static_cast<int>(trace::EngineEnd::kDone)) return "";
  if (run.engine_end >= 0) {
    return "the engine ended as " +
           std::string(trace::kEngineEndNames[static_cast<std::size_t>(run.engine_end)]);
  }
  if (!model.acts().engine_began()) return "no engine was attached";
  return run.engine_started ? "the engine did not finish" : "";
}

}  // namespace tidegate::verifier
