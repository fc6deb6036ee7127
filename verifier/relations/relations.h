// What must hold between runs, judged on their end states. Each function gives the first difference
// as a sentence, or nothing when the relation holds.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "trace/recorder.h"
#include "verifier/relations/end_state.h"

namespace tidegate::verifier {

struct RelationSpec {
  std::string_view id;
  std::string_view statement;
};
/// In the order of docs/invariants.md.
inline constexpr std::array<RelationSpec, 4> kRelations = {{
    {"survives-its-own-crash",
     "Crashed (before persist, after persist and before acting, after acting and before the "
     "outcome "
     "is recorded, with a torn journal tail) and resumed: the same processes, versions, "
     "configurations, registry and serving side as undisturbed, and both runs converge."},
    {"abort-is-safe",
     "Aborted at any step: nothing lost, and it says which side serves; where a way back exists, "
     "taking it restores the state before."},
    {"no-mutation-in-dry-run", "`plan`, `status`, `--dry-run` and `watch` change nothing."},
    {"repeats", "Same scenario, seed and engine: same bytes."},
}};

/// survives-its-own-crash. `initial-commit-ts` in configurations may differ: it is a timestamp of
/// its run. REQUIRES: both traces have the same nodes and tables.
std::optional<std::string> SurvivesItsOwnCrash(const EndState& undisturbed,
                                               const EndState& crashed);

/// abort-is-safe, of one run whose engine was told to abort: `before` from StateBeforeEngine,
/// `after` from EndStateOf the same trace.
std::optional<std::string> AbortIsSafe(const EndState& before, const EndState& after);

/// no-mutation-in-dry-run: `dry` is the trace of a run in which the engine was only to look;
/// `untouched` the end state of the same scenario and seed without an engine.
std::optional<std::string> NoMutationInDryRun(const trace::Trace& dry, const EndState& untouched);

/// repeats: the first event in which the traces differ.
std::optional<std::string> Repeats(const trace::Trace& first, const trace::Trace& second);

}  // namespace tidegate::verifier
