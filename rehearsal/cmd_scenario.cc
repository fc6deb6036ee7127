// tidegate scenario check|schema: are these files scenarios?
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "base/files.h"
#include "rehearsal/cli.h"
#include "rehearsal/topology.h"
#include "sim/scenario.h"

namespace tidegate::rehearsal {
namespace {

// Parses, draws both ends of what is drawn, reads the inventories, resolves: whatever can be wrong
// before a run is found here.
Status Check(const std::string& file) {
  TRY_ASSIGN(const sim::Scenario scenario, sim::LoadScenario(file, {}));
  TRY(sim::CheckDraws(scenario));
  TRY(Prepare(scenario, scenario.seed.value_or(1)));
  return {};
}

ExitCode CheckAll(const std::vector<std::string>& paths) {
  ExitCode code = ExitCode::kDone;
  for (const std::string& path : paths) {
    const Result<std::vector<std::string>> files = ListFiles(path, ".json");
    if (!files.has_value()) return PrintError(files.error());
    for (const std::string& file : *files) {
      const Status status = Check(file);
      if (status.has_value()) {
        fmt::print("ok  {}\n", file);
      } else {
        code = PrintError(status.error());
      }
    }
  }
  return code;
}

}  // namespace

void AddScenario(CLI::App* app, ExitCode* exit_code) {
  CLI::App* command = app->add_subcommand("scenario", "Look at scenario files");
  command->require_subcommand(1);
  auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* check = command->add_subcommand("check", "Are these files scenarios?");
  check->add_option("file", *paths, "Files or folders")->required();
  check->callback([paths, exit_code] { *exit_code = CheckAll(*paths); });
  CLI::App* schema = command->add_subcommand("schema", "Print the JSON Schema of scenario files");
  schema->callback([exit_code] {
    fmt::print("{}\n", sim::ScenarioSchemaText());
    *exit_code = ExitCode::kDone;
  });
}

}  // namespace tidegate::rehearsal
