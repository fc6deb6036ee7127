#include "rehearsal/lab_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/files.h"
#include "rehearsal/inventory_text.h"

namespace tidegate::rehearsal {
namespace {

namespace fs = std::filesystem;

struct Inputs {
  std::string inventory;
  std::string target;
  std::string site;
};

// Paths that hold wherever the command runs.
Result<Inputs> InputsOf(const sim::Scenario& scenario, const lab::Home& home) {
  if (!scenario.topology) {
    const auto whole = [](const std::string& path) {
      std::error_code failed;
      return path.empty() ? path : fs::absolute(path, failed).lexically_normal().string();
    };
    return Inputs{whole(scenario.inventory), whole(scenario.target), whole(scenario.site)};
  }
  const InventoryTexts texts = WriteInventories(scenario);
  Inputs inputs{fmt::format("{}/inventory.ini", home.path()),
                fmt::format("{}/target.ini", home.path()),
                fmt::format("{}/site.json", home.path())};
  TRY(WriteFileAtomically(inputs.inventory, texts.inventory));
  TRY(WriteFileAtomically(inputs.target, texts.target));
  TRY(WriteFileAtomically(inputs.site, texts.site));
  return inputs;
}

}  // namespace

Result<std::string> LabCommand(const EngineChoice& choice, const Prepared& prepared,
                               const sim::EngineSettings& settings, const lab::Home& home) {
  if (choice.command != kShippedEngine) return choice.command;
  TRY_ASSIGN(const std::string program, lab::FindProgram("engine/binlog-upgrade"));
  TRY_ASSIGN(const Inputs inputs, InputsOf(prepared.scenario, home));
  std::string command =
      fmt::format("exec '{}' apply --procedure {} --gate {} --inventory '{}'", program,
                  prepared.plan.procedure, choice.gate, inputs.inventory);
  if (!inputs.target.empty()) command += fmt::format(" --target '{}'", inputs.target);
  if (!inputs.site.empty()) command += fmt::format(" --site '{}'", inputs.site);
  if (!choice.until.empty()) command += fmt::format(" --until {}", choice.until);
  if (std::find(settings.accept.begin(), settings.accept.end(), "write-outage") !=
      settings.accept.end()) {
    command += " --accept-write-outage";
  }
  return fmt::format(
      "{} --journal '{}/journal' --resources '{}/resources' --templates ssh --sudo "
      "--yes",
      command, home.path(), home.path());
}

}  // namespace tidegate::rehearsal
