// tidegate import: a scenario from what an operator has after an incident.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "rehearsal/cli.h"
#include "rehearsal/expect_text.h"
#include "rehearsal/import_scenario.h"
#include "rehearsal/import_time.h"

namespace tidegate::rehearsal {
namespace {

struct Options {
  ImportInput input;
  std::vector<std::string> statuses;
  std::vector<std::string> listings;
  std::vector<std::string> drainer_logs;
  std::vector<std::string> pump_logs;
  std::string zone = "Z";
  bool force = false;
};

std::string NameOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  name = name.substr(0, name.rfind('.'));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = '-';
  }
  const std::size_t begin = name.find_first_not_of('-');
  return begin == std::string::npos ? "imported" : name.substr(begin);
}

Status Go(Options* options) {
  ImportInput& input = options->input;
  TRY_ASSIGN(input.zone_minutes, ParseZone(options->zone));
  for (const std::string& text : options->statuses) {
    TRY_ASSIGN(StatusArgument status, ParseStatusArgument(text, input.zone_minutes));
    input.statuses.push_back(std::move(status));
  }
  for (const std::string& text : options->listings) {
    TRY_ASSIGN(StatusArgument listing, ParseStatusArgument(text, input.zone_minutes));
    input.listings.push_back(std::move(listing));
  }
  for (const std::string& text : options->drainer_logs) {
    input.drainer_logs.push_back(ParseLogArgument(text));
  }
  for (const std::string& text : options->pump_logs) {
    input.pump_logs.push_back(ParseLogArgument(text));
  }
  if (input.name.empty()) input.name = NameOf(input.out);
  TRY_ASSIGN(const Imported imported, ImportScenario(input));
  TRY(WriteScenario(input.out, imported.text, options->force));
  for (const std::string& note : imported.notes) fmt::print("note: {}\n", note);
  fmt::print("wrote {}\n./tidegate rehearse {}\n", input.out, input.out);
  return {};
}

}  // namespace

void AddImport(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "import", "Make a scenario from captures, checkpoint and logs of a real cluster");
  ImportInput& input = options->input;
  command->add_option("--inventory", input.inventory, "The cluster's inventory.ini")->required();
  command->add_option("--target", input.target, "The inventory of the cluster version");
  command->add_option("--site", input.site, "The site file");
  command
      ->add_option("--status", options->statuses,
                   "[NODE=]FILE@TIME: a /status body and when it was taken (repeatable)")
      ->required()
      ->allow_extra_args(false);
  command
      ->add_option("--listing", options->listings,
                   "FILE@TIME: what binlogctl -cmd pumps or drainers printed (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--procedure", input.procedure,
                      "What was being done [kafka-to-cluster, or rolling-manual]");
  command->add_option("--savepoint", input.savepoint,
                      "The checkpoint: the row as mysql printed it, or the savepoint file");
  command->add_option("--log-ends", input.log_ends, "Log ends of Kafka's topics, as JSON");
  command
      ->add_option("--drainer-log", options->drainer_logs,
                   "[NODE=]FILE: the log of a Drainer (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option("--pump-log", options->pump_logs,
                   "NODE=FILE: the log of a Pump, by name or node id (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--old-version", input.old_version,
                      "What the old Pumps and Drainers run [what the logs say, else kafka-head]");
  command->add_option("--new-version", input.new_version, "What the new ones will run");
  command->add_option("--zone", options->zone, "Zone of times that name none: +08:00")
      ->capture_default_str();
  command->add_option("--name", input.name, "The scenario's name [the file's]");
  command->add_option("--out", input.out, "The scenario file to write")->required();
  command->add_flag("--force", options->force, "Replace the file when it is there");
  command->callback([options, exit_code] {
    const Status status = Go(options.get());
    *exit_code = status.has_value() ? ExitCode::kDone : PrintError(status.error());
  });
}

}  // namespace tidegate::rehearsal
