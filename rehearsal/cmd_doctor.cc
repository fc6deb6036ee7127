// tidegate doctor: can this machine run the lab, and which clock fits a command? Found by looking,
// and, where there is a scenario, by running the command twice.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/json.h"
#include "lab/doctor/machine.h"
#include "rehearsal/cli.h"
#include "rehearsal/engine_choice.h"
#include "rehearsal/topology.h"
#include "rehearsal/twice.h"
#include "sim/scenario.h"

namespace tidegate::rehearsal {
namespace {

using lab::MachineLine;
using lab::Need;

struct Options {
  std::string scenario;
  std::string engine;
  std::string clock;  ///< "": the one that fits
  bool only_look = false;
  bool json = false;
};

struct Findings {
  std::vector<MachineLine> machine;
  ClockFit fit;
  std::string clock;
  std::optional<Prepared> prepared;  ///< of the scenario
  std::size_t host_count = 0;
  std::optional<Twice> twice;
  ExitCode exit = ExitCode::kDone;
};

bool Needed(const MachineLine& line, std::string_view clock) {
  switch (line.need) {
    case Need::kLab: return true;
    case Need::kLockstep: return clock == "lockstep";
    case Need::kFaketime: return clock == "faketime";
    case Need::kNobody: return false;
  }
  return false;
}

// The lab listens at the addresses of the inventories themselves.
Result<std::size_t> CountHosts(const Prepared& prepared, const std::string& path) {
  std::vector<std::string> hosts;
  for (const sim::NodePlan& node : prepared.plan.nodes) {
    if (node.info.port <= 0 && node.status_port <= 0) continue;
    in_addr address{};
    if (inet_pton(AF_INET, node.info.host.c_str(), &address) != 1) {
      return Error{
          ErrorCode::kBadInput,
          fmt::format("{} is at '{}', which is no IPv4 address: the lab can't listen there",
                      node.info.name, node.info.host),
          path};
    }
    hosts.push_back(node.info.host);
  }
  std::sort(hosts.begin(), hosts.end());
  return static_cast<std::size_t>(std::unique(hosts.begin(), hosts.end()) - hosts.begin());
}

Result<Findings> Look(const Options& options) {
  Findings findings;
  if (!options.scenario.empty()) {
    TRY_ASSIGN(const sim::Scenario scenario, sim::LoadScenario(options.scenario, {}));
    TRY_ASSIGN(findings.prepared, Prepare(scenario, scenario.seed.value_or(1)));
    TRY_ASSIGN(findings.host_count, CountHosts(*findings.prepared, options.scenario));
  }
  TRY(CheckEngineName(options.engine));
  TRY_ASSIGN(findings.fit, FitOf(options.engine));
  findings.machine = lab::LookAtMachine();
  findings.clock = options.clock.empty() ? std::string(findings.fit.clock()) : options.clock;
  if (findings.clock != "real" && findings.fit.named) findings.exit = ExitCode::kBadInput;
  for (const MachineLine& line : findings.machine) {
    if (!line.ok && Needed(line, findings.clock)) findings.exit = ExitCode::kEnvironment;
  }
  return {std::move(findings)};
}

// Under the other clocks no two runs are the same.
bool WouldRun(const Options& options, const Findings& findings) {
  return !options.only_look && findings.prepared.has_value() && !options.engine.empty() &&
         !IsOurs(options.engine) && findings.clock == "lockstep" &&
         findings.exit == ExitCode::kDone;
}

Status RunIt(const Options& options, Findings* findings) {
  RunOptions run_options;
  run_options.engine = ChoiceOf(findings->prepared->scenario.engine);
  run_options.engine.command = options.engine;
  TRY_ASSIGN(findings->twice, RunTwice(*findings->prepared, run_options, findings->fit));
  if (findings->twice->event.has_value()) findings->exit = ExitCode::kDiverged;
  return {};
}

void PrintMachine(const Findings& findings) {
  fmt::print("this machine\n");
  for (const MachineLine& line : findings.machine) {
    const char* mark = line.ok ? "ok" : Needed(line, findings.clock) ? "NO" : "no";
    fmt::print("  {}  {:<20} {}{}{}\n", mark, line.what, line.says, line.ok ? "" : ": ",
               line.advice);
  }
}

void PrintEngine(const Options& options, const Findings& findings) {
  if (options.engine.empty()) return;
  fmt::print("engine: {}\n", options.engine);
  std::vector<std::string> reached;
  std::vector<std::string> scripts;
  for (const lab::StartedProgram& program : findings.fit.programs) {
    const std::string name = program.path.substr(program.path.rfind('/') + 1);
    if (program.reach == lab::Reach::kScript) scripts.push_back(program.path);
    if (program.reach == lab::Reach::kReached) reached.push_back(name);
  }
  std::sort(reached.begin(), reached.end());
  reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
  if (!scripts.empty()) fmt::print("  ok  read: {}\n", fmt::join(scripts, ", "));
  if (!reached.empty()) fmt::print("  ok  a clock gets into: {}\n", fmt::join(reached, " "));
  for (const lab::StartedProgram& program : findings.fit.unreached) {
    fmt::print("  {}  {}\n", program.where.empty() ? "NO" : "no", Unreached(program));
  }
  if (!findings.fit.unreached.empty()) {
    fmt::print(
        "      lockstep and faketime are preloaded and do not get into these: where they "
        "wait or look\n      at a clock, it is the machine's. --clock real fits all.\n");
  }
}

void PrintLooks(const Options& options, const Findings& findings) {
  PrintMachine(findings);
  if (!options.scenario.empty()) {
    fmt::print("scenario: {}\n  ok  {} hosts, each an IPv4 address\n", options.scenario,
               findings.host_count);
  }
  PrintEngine(options, findings);
}

void PrintEnd(const Findings& findings) {
  switch (findings.exit) {
    case ExitCode::kDone: fmt::print("fits: --clock {}\n", findings.clock); break;
    case ExitCode::kEnvironment:
      fmt::print("does not fit: --clock {} can't work on this machine; see what is marked NO\n",
                 findings.clock);
      break;
    case ExitCode::kDiverged:
      fmt::print("does not repeat: under --clock {} each run of it is another\n", findings.clock);
      break;
    default:
      fmt::print("does not fit: --clock {}; use --clock {}\n", findings.clock,
                 findings.fit.clock());
      break;
  }
}

void PrintJson(const Options& options, const Findings& findings) {
  JsonWriter writer(JsonWriter::Style::kIndented);
  writer.BeginObject();
  writer.Key("clock").String(findings.clock);
  writer.Key("fits").Bool(findings.exit == ExitCode::kDone);
  writer.Key("machine").BeginArray();
  for (const MachineLine& line : findings.machine) {
    writer.BeginObject().Key("what").String(line.what).Key("ok").Bool(line.ok);
    writer.Key("needed").Bool(Needed(line, findings.clock)).Key("says").String(line.says);
    writer.Key("advice").String(line.advice).EndObject();
  }
  writer.EndArray();
  writer.Key("engine").String(options.engine);
  writer.Key("programs").BeginArray();
  for (const lab::StartedProgram& program : findings.fit.programs) {
    writer.BeginObject().Key("path").String(program.path).Key("where").String(program.where);
    writer.Key("is").String(lab::ReachText(program.reach)).EndObject();
  }
  writer.EndArray();
  if (findings.twice.has_value()) {
    writer.Key("runs");
    WriteTwiceJson(*findings.twice, &writer);
  }
  writer.EndObject();
  fmt::print("{}\n", writer.Take());
}

ExitCode Doctor(const Options& options) {
  Result<Findings> findings = Look(options);
  if (!findings.has_value()) return PrintError(findings.error());
  if (!options.json) PrintLooks(options, *findings);
  if (WouldRun(options, *findings)) {
    if (!options.json) {
      fmt::print("two runs of it, under lockstep\n");
      std::fflush(stdout);  // they take as long as it takes
    }
    if (const Status run = RunIt(options, &*findings); !run.has_value()) {
      return PrintError(run.error());
    }
    if (!options.json) fmt::print("{}", TwiceText(*findings->twice));
  }
  if (options.json) {
    PrintJson(options, *findings);
  } else {
    PrintEnd(*findings);
  }
  return findings->exit;
}

}  // namespace

void AddDoctor(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "doctor", "Can this machine run the lab, and which clock fits a command?");
  command->add_option("scenario", options->scenario,
                      "A scenario that the lab is to run; with --engine the command is run on it, "
                      "twice, and the first difference of the two runs is named");
  command->add_option("--engine", options->engine, "The command, as rehearse takes it");
  command->add_option("--clock", options->clock, "The clock to ask about [the one that fits]")
      ->check(CLI::IsMember({"lockstep", "faketime", "real"}));
  command->add_flag("--only-look", options->only_look, "Do not run the command");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Exit codes: 0 it fits; 2 that clock does not reach the command (or bad input);\n"
      "5 this machine can't run the lab, or that clock; 7 two runs of the command were not the "
      "same.");
  command->callback([options, exit_code] { *exit_code = Doctor(*options); });
}

}  // namespace tidegate::rehearsal
