// tidegate: rehearses upgrades of TiDB Binlog and judges them.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <vector>

#include "base/names.h"
#include "rehearsal/cli.h"

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 passed, done; 1 an invariant was violated (with --expect: not as expected);\n"
    "2 bad usage, scenario or input; 3 no progress within the bound; 4 inconclusive;\n"
    "5 the environment failed; 6 the engine refused, said why and lost nothing; 7 a replay left "
    "its\n"
    "recording; 70 a bug of ours.\n"
    "\n"
    "Example: tidegate rehearse scenarios/kafka-to-cluster/steady-writes.json --seed 7";

// CLI11 says which word it did not know; people want to know which one they meant.
void PrintNearest(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* at = &app;
  for (const CLI::App* chosen : app.get_subcommands()) at = chosen;
  std::vector<std::string> names;
  for (const CLI::Option* option : at->get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  for (const std::string& argument : arguments) {
    const std::string word = argument.substr(0, argument.find('='));
    bool known = false;
    for (const std::string& name : names) known = known || name == word;
    const bool option = word.rfind("--", 0) == 0;
    if (known || (!option && at != &app)) continue;
    const std::string nearest = tidegate::NearestName(word, names);
    if (!nearest.empty()) fmt::print(stderr, "'{}': did you mean '{}'?\n", word, nearest);
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tidegate::rehearsal;  // NOLINT(google-build-using-namespace)
  try {
    CLI::App app("Rehearses upgrades of TiDB Binlog on a simulated cluster and judges them.",
                 "tidegate");
    app.footer(kFooter);
    app.require_subcommand(1);
    tidegate::ExitCode exit_code = tidegate::ExitCode::kDone;
    AddRehearse(&app, &exit_code);
    AddLab(&app, &exit_code);
    AddVerify(&app, &exit_code);
    AddExplain(&app, &exit_code);
    AddReplay(&app, &exit_code);
    AddPlan(&app, &exit_code);
    AddScenario(&app, &exit_code);
    AddIncident(&app, &exit_code);
    AddImport(&app, &exit_code);
    AddReproduce(&app, &exit_code);
    AddWatch(&app, &exit_code);
    AddDoctor(&app, &exit_code);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const int code = app.exit(error);
      if (code == 0) return 0;
      PrintNearest(app, std::vector<std::string>(argv + 1, argv + argc));
      return static_cast<int>(tidegate::ExitCode::kBadInput);
    }
    return static_cast<int>(exit_code);
  } catch (const std::exception& error) {
    fmt::print(stderr, "tidegate: this is a bug of ours: {}\n", error.what());
    return static_cast<int>(tidegate::ExitCode::kBug);
  }
}
