#include "tests/lab/lab_run.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "lab/session/pace.h"
#include "rehearsal/captures.h"
#include "rehearsal/lab_command.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

Result<rehearsal::RunResult> TryRun(const InLab& what) {
  const sim::Scenario scenario = LoadScenario(what.scenario, what.overrides);
  Result<rehearsal::Prepared> prepared = rehearsal::Prepare(scenario, 1);
  BOOST_REQUIRE_MESSAGE(prepared.has_value(), Why(prepared));
  rehearsal::RunOptions options;
  options.engine = rehearsal::ChoiceOf(scenario.engine);
  const auto in_checkout = [](const std::string& command) {
    if (command.empty() || command == rehearsal::kShippedEngine) return command;
    return fmt::format("cd {} && export LC_ALL=C && {}", TIDEGATE_SOURCE_DIR, command);
  };
  options.engine.command = in_checkout(what.command);
  options.engine.command_again = in_checkout(what.command_again);
  options.engine.clock = what.clock;
  options.logs = options.look_at_pumps = what.captures;
  options.look_every = what.captures ? rehearsal::kCaptureEvery : 0;
  sim::RunPlan plan = prepared->plan;
  plan.faults.insert(plan.faults.end(), what.faults.begin(), what.faults.end());
  return rehearsal::Run(*prepared, plan, scenario.engine, options);
}

}  // namespace

bool LabWorksHere() {
  static const bool works = [] {
    const Result<rehearsal::RunResult> tried =
        TryRun({.scenario = "kafka-to-cluster/small.json", .command = "true"});
    const bool denied = !tried.has_value() && tried.error().code == ErrorCode::kIo;
    if (denied) {
      BOOST_TEST_MESSAGE("skipped, this machine gives no namespaces: " << tried.error().message);
    }
    return !denied;
  }();
  return works;
}

// A program of ours with a sanitizer in it never gets through its start behind libfaketime.
bool FaketimeWorksHere() {
  if (kSanitized) return false;
  const Result<std::string> library = lab::FindFaketime();
  if (!library.has_value()) BOOST_TEST_MESSAGE("skipped: " << library.error().message);
  return library.has_value() && LabWorksHere();
}

rehearsal::RunResult Run(const InLab& what) {
  Result<rehearsal::RunResult> result = TryRun(what);
  BOOST_REQUIRE_MESSAGE(result.has_value(), Why(result));
  BOOST_TEST_MESSAGE(result->engine_output);
  return *std::move(result);
}

}  // namespace tidegate::test
