// tidegate incident list|show|run: the library of incidents.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <memory>

#include "base/names.h"
#include "rehearsal/cli.h"
#include "rehearsal/incidents.h"

namespace tidegate::rehearsal {
namespace {

struct Options {
  std::string folder = "scenarios/incidents";
  std::vector<std::string> slugs;
  std::string grade;
  std::string era;
  std::string procedure;
  std::uint64_t seed = 1;
  bool seed_given = false;
  bool all = false;
  bool json = false;
  bool markdown = false;
};

Result<std::vector<const IncidentFile*>> Chosen(const std::vector<IncidentFile>& incidents,
                                                const Options& options) {
  std::vector<const IncidentFile*> out;
  for (const std::string& slug : options.slugs) {
    TRY_ASSIGN(const IncidentFile* found, FindIncident(incidents, slug));
    out.push_back(found);
  }
  if (!options.slugs.empty()) return out;
  std::vector<std::string> procedures;
  for (const IncidentFile& incident : incidents) {
    const sim::Scenario& scenario = incident.scenario;
    procedures.push_back(scenario.procedure);
    const bool wanted = (options.grade.empty() ||
                         options.grade == sim::IncidentGradeName(scenario.incident->grade)) &&
                        (options.era.empty() || options.era == scenario.incident->era) &&
                        (options.procedure.empty() || options.procedure == scenario.procedure);
    if (wanted) out.push_back(&incident);
  }
  if (out.empty() && !options.procedure.empty()) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("no incident of the procedure '{}' was found{}", options.procedure,
                             DidYouMean(options.procedure, procedures)),
                 ""};
  }
  return out;
}

void PrintJson(const std::vector<std::string>& objects) {
  fmt::print("[{}]\n", fmt::join(objects, ","));
}

ExitCode List(const Options& options) {
  const Result<std::vector<IncidentFile>> incidents = LoadIncidents(options.folder);
  if (!incidents.has_value()) return PrintError(incidents.error());
  const Result<std::vector<const IncidentFile*>> chosen = Chosen(*incidents, options);
  if (!chosen.has_value()) return PrintError(chosen.error());
  if (options.json) {
    std::vector<std::string> objects;
    for (const IncidentFile* incident : *chosen) {
      JsonWriter writer(JsonWriter::Style::kIndented);
      WriteIncidentJson(*incident, false, &writer);
      objects.push_back(writer.Take());
    }
    PrintJson(objects);
  } else if (options.markdown) {
    fmt::print("{}", IncidentRows(*chosen));
  } else {
    fmt::print("{}{} incidents\n", IncidentListText(*chosen), chosen->size());
  }
  return ExitCode::kDone;
}

ExitCode Show(const Options& options) {
  const Result<std::vector<IncidentFile>> incidents = LoadIncidents(options.folder);
  if (!incidents.has_value()) return PrintError(incidents.error());
  const Result<std::vector<const IncidentFile*>> chosen = Chosen(*incidents, options);
  if (!chosen.has_value()) return PrintError(chosen.error());
  std::vector<std::string> objects;
  for (const IncidentFile* incident : *chosen) {
    if (options.json) {
      JsonWriter writer(JsonWriter::Style::kIndented);
      WriteIncidentJson(*incident, true, &writer);
      objects.push_back(writer.Take());
    } else {
      fmt::print("{}", IncidentText(*incident));
    }
  }
  if (options.json) PrintJson(objects);
  return ExitCode::kDone;
}

ExitCode RunThem(const Options& options) {
  const Result<std::vector<IncidentFile>> incidents = LoadIncidents(options.folder);
  if (!incidents.has_value()) return PrintError(incidents.error());
  if (options.slugs.empty() && !options.all) {
    return PrintError({ErrorCode::kBadInput, "which incident? Its slug, its number, or --all", ""});
  }
  const Result<std::vector<const IncidentFile*>> chosen = Chosen(*incidents, options);
  if (!chosen.has_value()) return PrintError(chosen.error());
  ExitCode code = ExitCode::kDone;
  std::vector<std::string> objects;
  for (const IncidentFile* incident : *chosen) {
    const std::uint64_t seed =
        options.seed_given ? options.seed : incident->scenario.seed.value_or(1);
    const Result<std::vector<IncidentRun>> runs = RunIncident(*incident, seed);
    if (!runs.has_value()) return PrintError(runs.error());
    for (const IncidentRun& run : *runs) {
      if (!run.differences.empty()) code = ExitCode::kViolated;
    }
    if (options.json) {
      JsonWriter writer(JsonWriter::Style::kIndented);
      WriteIncidentRunJson(*incident, *runs, &writer);
      objects.push_back(writer.Take());
    } else {
      fmt::print("{}{}", incident == chosen->front() ? "" : "\n", IncidentStory(*incident, *runs));
    }
  }
  if (options.json) PrintJson(objects);
  return code;
}

}  // namespace

void AddIncident(CLI::App* app, ExitCode* exit_code) {
  CLI::App* command = app->add_subcommand("incident", "The library of field incidents");
  command->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto common = [&](CLI::App* sub) {
    sub->add_option("--folder", options->folder, "Where the library is")->capture_default_str();
    sub->add_flag("--json", options->json, "Print a JSON array of objects");
  };
  const auto filters = [&](CLI::App* sub) {
    sub->add_option("--grade", options->grade, "field, fix or code")
        ->check(CLI::IsMember({"field", "fix", "code"}));
    sub->add_option("--era", options->era, "local, kafka or cluster")
        ->check(CLI::IsMember({"local", "kafka", "cluster"}));
    sub->add_option("--procedure", options->procedure, "Only of this procedure");
  };
  CLI::App* list = command->add_subcommand("list", "All incidents, one a line");
  common(list);
  filters(list);
  list->add_flag("--markdown", options->markdown, "Rows of the table in docs/incidents.md");
  list->callback([options, exit_code] { *exit_code = List(*options); });
  CLI::App* show = command->add_subcommand("show", "What is known of an incident");
  common(show);
  show->add_option("slug", options->slugs, "Slugs or numbers")->required();
  show->callback([options, exit_code] { *exit_code = Show(*options); });
  CLI::App* run = command->add_subcommand(
      "run",
      "Replay an incident: the documented way, then our engine; 0 when it came out as known");
  common(run);
  filters(run);
  run->add_option("slug", options->slugs, "Slugs or numbers");
  run->add_flag("--all", options->all, "Every incident that the filters let through");
  CLI::Option* seed = run->add_option("--seed", options->seed, "Seed [the scenario's, else 1]");
  run->callback([options, exit_code, seed] {
    options->seed_given = seed->count() > 0;
    *exit_code = RunThem(*options);
  });
}

}  // namespace tidegate::rehearsal
