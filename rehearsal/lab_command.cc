#include "rehearsal/lab_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/exit_code.h"
#include "base/files.h"
#include "rehearsal/inventory_text.h"

namespace tidegate::rehearsal {
namespace {

namespace fs = std::filesystem;

// Records are counted from outside, between two moments at which everybody sleeps.
Status CheckCrashes(const EngineChoice& choice, const sim::RunPlan& plan) {
  for (const sim::FaultPlan& fault : plan.faults) {
    if (fault.kind != sim::FaultKind::kEngineCrash || fault.amount <= 0) continue;
    if (choice.command != kShippedEngine) {
      return Error{ErrorCode::kBadInput,
                   fmt::format("'{}' at 'output' needs an engine of ours, whose journal can be "
                               "counted; say 'at' or 'on' for a command of yours",
                               fault.description),
                   ""};
    }
    if (choice.clock != "lockstep") {
      return Error{ErrorCode::kBadInput,
                   fmt::format("'{}' at 'output' needs the clock lockstep, not '{}'",
                               fault.description, choice.clock),
                   ""};
    }
  }
  return {};
}

// What both of its commands are given.
Result<std::string> ShippedOptions(const EngineChoice& choice, const Prepared& prepared,
                                   const sim::EngineSettings& settings, const LabInputs& inputs,
                                   const lab::Home& home, const std::string& journal) {
  std::string command = fmt::format("--procedure {} --gate {} --inventory '{}'",
                                    prepared.plan.procedure, choice.gate, inputs.inventory);
  if (!inputs.target.empty()) command += fmt::format(" --target '{}'", inputs.target);
  if (!inputs.site.empty()) command += fmt::format(" --site '{}'", inputs.site);
  if (settings.drain_timeout > 0) {
    command += fmt::format(" --drain-timeout {}", FormatDuration(settings.drain_timeout));
  }
  if (!choice.until.empty()) command += fmt::format(" --until {}", choice.until);
  if (std::find(settings.accept.begin(), settings.accept.end(), "write-outage") !=
      settings.accept.end()) {
    command += " --accept-write-outage";
  }
  return fmt::format("{} --journal '{}' --resources '{}/resources' --templates ssh --sudo --yes",
                     command, journal, home.path());
}

}  // namespace

Result<LabInputs> LabInputsOf(const sim::Scenario& scenario, const lab::Home& home) {
  if (!scenario.topology) {
    const auto whole = [](const std::string& path) {
      std::error_code failed;
      return path.empty() ? path : fs::absolute(path, failed).lexically_normal().string();
    };
    return LabInputs{whole(scenario.inventory), whole(scenario.target), whole(scenario.site)};
  }
  const InventoryTexts texts = WriteInventories(scenario);
  LabInputs inputs{fmt::format("{}/inventory.ini", home.path()),
                   fmt::format("{}/target.ini", home.path()),
                   fmt::format("{}/site.json", home.path())};
  TRY(WriteFileAtomically(inputs.inventory, texts.inventory));
  TRY(WriteFileAtomically(inputs.target, texts.target));
  TRY(WriteFileAtomically(inputs.site, texts.site));
  return inputs;
}

std::vector<std::string> LabInputs::Environment() const {
  return {"TIDEGATE_INVENTORY=" + inventory, "TIDEGATE_TARGET=" + target, "TIDEGATE_SITE=" + site};
}

Result<LabCommands> CommandsFor(const EngineChoice& choice, const Prepared& prepared,
                                const sim::RunPlan& plan, const sim::EngineSettings& settings,
                                const LabInputs& inputs, const lab::Home& home) {
  TRY(CheckCrashes(choice, plan));
  if (choice.command != kShippedEngine) {
    return LabCommands{choice.command, choice.command_again, ""};
  }
  TRY_ASSIGN(const std::string program, lab::FindProgram("engine/binlog-upgrade"));
  LabCommands out;
  out.journal_path = home.path() + "/journal";
  TRY_ASSIGN(const std::string options,
             ShippedOptions(choice, prepared, settings, inputs, home, out.journal_path));
  out.first = fmt::format("exec '{}' apply {}", program, options);
  // Exit code 2, once its options were good: it died before it had begun.
  out.again = fmt::format("'{0}' resume {1}; code=$?; [ $code = {2} ] || exit $code; {3}", program,
                          options, static_cast<int>(ExitCode::kBadInput), out.first);
  if (!choice.command_again.empty()) out.again = choice.command_again;
  return out;
}

}  // namespace tidegate::rehearsal
