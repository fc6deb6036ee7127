// A plan is data: ordered steps, each with its tasks, its way back and its bounds. The executor
// does nothing that is not in the plan, and a plan is printed before anything is done. Contents of
// files and passwords are in a plan (they must be written) but never printed: only their digests
// are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/cluster.h"
#include "engine/condition.h"
#include "engine/port/port.h"
#include "engine/procedure.h"

namespace tidegate::engine {

/// Changes something. Never repeated before a probe of its effect.
struct Act {
  port::Action action;
  /// Where the bytes of a WriteFile or KeepBackup come from; the action's own when absent.
  std::optional<port::Query> source = {};
  Edit edit = Edit::kNone;
  bool fill = false;                    ///< replace ${FACT} in the action's statement or content
  bool missing_source_is_done = false;  ///< nothing to copy: the act has nothing to do
  Condition probe = EffectThere{};
  bool probe_first = false;  ///< look before acting, too: of ways back
  Duration timeout = 5 * kMinute;
  int attempts_max = 3;
};

/// Waits until a condition holds, and learns the facts that it gives.
struct Look {
  Condition condition;
  std::string learns = {};  ///< skipped when this fact is known already; "" when it only waits
  Duration timeout = 5 * kMinute;
  Duration poll = 2 * kSecond;
  Duration fresh_for = 0;  ///< not 0: skipped when the same condition held this long ago or less
};

/// Asks the operator. Everything behind it in the plan is past the one-way door.
struct Confirm {
  std::string question;  ///< its id
  std::string text;
};

struct Task {
  std::string id;  ///< "stop-tidb/3"; of ways back "undo:stop-tidb/1"
  std::variant<Act, Look, Confirm> what;
  std::string needs = {};  ///< skipped while this fact is not known: nothing was done to undo
};

/// A place where the plan leaves the manual's letter.
struct Deviation {
  std::string what;
  std::string why;
};

struct Step {
  std::string id;
  std::string manual;  ///< the manual's sentence
  std::vector<Deviation> deviations;
  std::vector<Task> tasks;
  std::vector<Task> undo;
  std::string proof;  ///< what stands when it is done, in one sentence
  Duration expected = 0;
  Duration undo_expected = 0;
  bool outage_begins = false;  ///< writers may be down from its start on
  bool outage_ends = false;    ///< and are back at its end
};

enum class Style : std::uint8_t { kOurs, kLiteral };

struct PlanOptions {
  Procedure procedure = Procedure::kKafkaToCluster;
  Gate gate = Gate::kProof;
  Style style = Style::kOurs;
  Duration drain_timeout = 2 * kHour;
  bool accept_write_outage = false;  ///< a single Pump may be restarted: no TiDB can write then
};

struct Plan {
  PlanOptions options;
  std::shared_ptr<const Cluster> cluster;
  std::vector<Step> steps;  ///< "preflight" first where there is one, then the seven
  std::uint64_t digest = 0;
};

/// Errors: kRefused with every reason that can be seen before anything is asked, one a line.
Result<Plan> BuildPlan(const Cluster& cluster, const PlanOptions& options);

/// The plan as text: what will be done, in order, with reasons, bounds and ways back.
std::string RenderPlan(const Plan& plan);
std::string PlanToJson(const Plan& plan);

/// One printed line: what the task does.
std::string Describe(const Task& task);

/// FNV-1a, 64 bits, of `bytes` upon `digest`.
std::uint64_t Digest(std::string_view bytes, std::uint64_t digest = 0xCBF29CE484222325ULL);

// ---- parts of BuildPlan, in files of their own ----

std::vector<Step> StepsKafkaToCluster(const Cluster& cluster, const PlanOptions& options);
std::vector<Step> StepsLiteral(const Cluster& cluster, const PlanOptions& options);
std::vector<Step> StepsFullImport(const Cluster& cluster);
/// How long TiKV must keep old versions for a full import.
Duration ImportGcLife(const Cluster& cluster);
std::vector<Step> StepsRolling(const Cluster& cluster, const PlanOptions& options);
std::vector<Step> StepsRollingLiteral(const Cluster& cluster, const PlanOptions& options);

/// What serves when every begun step is undone, for the last word to the operator.
std::string_view WhenUndone(Procedure procedure);

/// The index of the new Drainer that takes over from the old one; npos when there is none.
std::size_t SuccessorOf(const Cluster& cluster, std::size_t old_drainer);

}  // namespace tidegate::engine
