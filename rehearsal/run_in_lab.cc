#include "rehearsal/run_in_lab.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/files.h"
#include "lab/session/home.h"
#include "lab/session/network.h"
#include "lab/session/session.h"
#include "rehearsal/judged.h"
#include "sim/world.h"

namespace tidegate::rehearsal {
namespace {

std::vector<std::string> Addresses(const sim::RunPlan& plan) {
  std::vector<std::string> out;
  for (const sim::NodePlan& node : plan.nodes) {
    if (node.info.port > 0 || node.status_port > 0) out.push_back(node.info.host);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<std::unique_ptr<lab::Pace>> MakePace(const std::string& clock, const sim::RunPlan& plan,
                                            const lab::Home& home) {
  if (clock == "real") return {lab::MakeRealPace()};
  TRY_ASSIGN(const std::string preload, lab::FindProgram("lab/clock/libtidegate_clock.so"));
  return lab::MakeLockstepPace({home.path(), preload, plan.epoch_ms, plan.seed});
}

lab::SessionOptions OptionsOf(const EngineChoice& choice, const lab::Home& home) {
  lab::SessionOptions options;
  options.name = choice.Name();
  options.program = {.argv = {"/bin/sh", "-c", choice.command},
                     .environment = home.Environment(),
                     .folder = ".",
                     .log_path = home.log_path()};
  options.control_path = home.control_path();
  return options;
}

}  // namespace

Result<RunResult> RunInLab(const Prepared& prepared, const sim::RunPlan& plan,
                           const sim::EngineSettings& settings, const RunOptions& options) {
  const EngineChoice& choice = options.engine;
  TRY_ASSIGN(const lab::Home home, lab::Home::Make());
  TRY_ASSIGN(const lab::Network network, lab::Network::Enter(Addresses(plan)));
  TRY_ASSIGN(std::unique_ptr<lab::Pace> pace, MakePace(choice.clock, plan, home));
  TRY_ASSIGN(const std::unique_ptr<lab::Session> session,
             lab::Session::Make(OptionsOf(choice, home), plan, std::move(pace)));
  const Duration outage_max = settings.write_outage_max > 0 ? settings.write_outage_max
                                                            : prepared.cluster.write_outage_max;
  Judged judged(HeaderOf(plan, settings, options, outage_max), options);
  judged.Also(session.get());
  sim::World world(plan, judged.recorder(), session.get());
  session->Watch(&world);
  world.Run();
  if (!session->trouble().empty()) return Error{ErrorCode::kIo, session->trouble(), ""};
  if (const Result<std::string> log = ReadFile(home.log_path()); log.has_value()) {
    judged.result().engine_output = *log;
  }
  return judged.Finish();
}

}  // namespace tidegate::rehearsal
