// binlog-upgrade: plans and carries out the documented upgrade of TiDB Binlog on real hosts.
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "base/files.h"
#include "base/json.h"
#include "base/names.h"
#include "engine/cluster_builder.h"
#include "engine/executor.h"
#include "engine/journal.h"
#include "engine/plan.h"
#include "engine/real/journal_file.h"
#include "engine/real/real_host.h"
#include "engine/real/terminal.h"
#include "engine/tls.h"

namespace tidegate::engine {
namespace {

constexpr char kToolVersion[] = "0.1.0";

volatile std::sig_atomic_t g_interrupted = 0;

// The first Ctrl-C asks the engine to turn back; a second one ends it where it stands, and the
// journal lets `resume` go on from there.
void OnInterrupt(int signal_number) {
  if (g_interrupted != 0) std::signal(signal_number, SIG_DFL);
  g_interrupted = 1;
}

struct Options {
  ClusterPaths paths;
  std::string gate = "proof";
  std::string drain_timeout;
  std::string until;
  std::string journal;
  std::string templates = "local";
  std::string resources = "resources";
  std::string ssh_user;
  bool sudo = false;
  bool accept_write_outage = false;
  bool dry_run = false;
  bool json = false;
  bool yes = false;
};

struct Prepared {
  Cluster cluster;
  Site site;
  Plan plan;
  std::string inventory_digest;
};

int Fail(const Error& error) {
  fmt::print(stderr, "binlog-upgrade: {}\n", error.ToString());
  switch (error.code) {
    case ErrorCode::kBadInput:
    case ErrorCode::kNotFound: return static_cast<int>(ExitCode::kBadInput);
    case ErrorCode::kRefused: return static_cast<int>(ExitCode::kRefused);
    case ErrorCode::kLimit: return static_cast<int>(ExitCode::kInconclusive);
    case ErrorCode::kIo:
    case ErrorCode::kUnavailable: return static_cast<int>(ExitCode::kEnvironment);
  }
  return static_cast<int>(ExitCode::kBug);
}

Result<Prepared> Prepare(const Options& options) {
  Prepared out;
  if (options.paths.inventory.empty()) {
    return Error{ErrorCode::kBadInput, "--inventory is missing", ""};
  }
  TRY_ASSIGN(out.cluster, LoadCluster(options.paths));
  if (!options.paths.site.empty()) {
    TRY_ASSIGN(out.site, LoadSite(options.paths.site));
  }
  PlanOptions plan_options;
  plan_options.procedure = options.paths.procedure;
  plan_options.accept_write_outage = options.accept_write_outage;
  if (!options.drain_timeout.empty()) {
    TRY_ASSIGN(plan_options.drain_timeout, ParseDuration(options.drain_timeout));
  }
  if (options.gate == "synced") plan_options.gate = Gate::kSynced;
  if (options.gate == "both") plan_options.gate = Gate::kBoth;
  Result<Plan> plan = BuildPlan(out.cluster, plan_options);
  if (!plan) {
    // A refusal often follows from something assumed: say what.
    for (const std::string& assumption : out.cluster.assumptions) {
      fmt::print(stderr, "assumed: {}\n", assumption);
    }
    return std::move(plan).error();
  }
  out.plan = *std::move(plan);
  if (!options.until.empty()) {
    std::vector<std::string> steps;
    for (const Step& step : out.plan.steps) steps.push_back(step.id);
    if (std::find(steps.begin(), steps.end(), options.until) == steps.end()) {
      return Error{
          ErrorCode::kBadInput,
          fmt::format("--until: no step '{}'{}", options.until, DidYouMean(options.until, steps)),
          ""};
    }
  }
  std::uint64_t digest = Digest("");
  for (const std::string& path :
       {options.paths.inventory, options.paths.target, options.paths.site}) {
    if (path.empty()) continue;
    TRY_ASSIGN(const std::string text, ReadFile(path));
    digest = Digest(text, digest);
  }
  out.inventory_digest = fmt::format("{:016x}", digest);
  return out;
}

// Where journals and locks are kept unless --journal says otherwise; made when missing.
Result<std::string> StateFolder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  if (home == nullptr) {
    const passwd* entry = getpwuid(getuid());
    home = entry == nullptr ? nullptr : entry->pw_dir;
  }
  std::string path = state != nullptr  ? state
                     : home != nullptr ? std::string(home) + "/.local/state"
                                       : "";
  if (path.empty()) return Error{ErrorCode::kIo, "neither XDG_STATE_HOME nor HOME is set", ""};
  path += "/tidegate";
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) return Error{ErrorCode::kIo, "can't make it: " + failure.message(), path};
  chmod(path.c_str(), 0700);
  return path;
}

// A cluster's name as a file's name.
std::string FileName(std::string name) {
  for (char& c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return name;
}

TemplateOptions TemplatesOf(const Options& options, const Prepared& prepared) {
  TemplateOptions out;
  if (options.templates == "ssh") out.kind = TemplateOptions::Kind::kSsh;
  out.ssh_user = options.ssh_user;
  out.resources_dir = options.resources;
  out.sudo = options.sudo;
  AddSqlEndpoints(prepared.cluster, prepared.site, &out);
  return out;
}

int PrintPlan(const Options& options) {
  const Result<Prepared> prepared = Prepare(options);
  if (!prepared) return Fail(prepared.error());
  fmt::print("{}", options.json ? PlanToJson(prepared->plan) + "\n" : RenderPlan(prepared->plan));
  return static_cast<int>(ExitCode::kDone);
}

// What would be run, as argv, one line each; nothing is.
int PrintCommands(const Options& options, const Prepared& prepared) {
  const Templates templates(TemplatesOf(options, prepared));
  fmt::print("{}", RenderPlan(prepared.plan));
  fmt::print("Nothing is done (--dry-run). The commands behind the actions:\n");
  for (const Step& step : prepared.plan.steps) {
    for (const Task& task : step.tasks) {
      const Act* act = std::get_if<Act>(&task.what);
      if (act == nullptr) continue;
      fmt::print("{} {}\n", task.id, port::Describe(act->action));
      const Result<std::vector<Command>> commands = templates.Render(act->action);
      if (!commands) return Fail(commands.error());
      for (const Command& command : *commands) {
        std::string line;
        for (const std::string& word : command.argv) line += fmt::format(" {}", JsonQuote(word));
        fmt::print("   {}\n", line);
      }
    }
  }
  return static_cast<int>(ExitCode::kDone);
}

int Report(const Options& options, const Executor& executor, const std::string& journal) {
  if (options.json) {
    JsonWriter json(JsonWriter::Style::kIndented);
    json.BeginObject();
    json.Key("outcome").String(executor.outcome());
    json.Key("why").String(executor.why());
    json.Key("journal").String(journal);
    json.EndObject();
    fmt::print("{}\n", json.Take());
  } else {
    fmt::print("journal: {}\n", journal);
  }
  if (executor.outcome() == "done") return static_cast<int>(ExitCode::kDone);
  if (executor.outcome() == "failed") return static_cast<int>(ExitCode::kNoProgress);
  return static_cast<int>(ExitCode::kRefused);
}

enum class Way { kApply, kResume, kAbort };

Result<Executor> MakeExecutor(const Options& options, Prepared* prepared, Way way,
                              JournalFile* file) {
  ExecutorOptions executor_options;
  executor_options.tool_version = kToolVersion;
  executor_options.inventory_digest = prepared->inventory_digest;
  executor_options.until = options.until;
  TRY_ASSIGN(Journal journal, DecodeJournal(file->contents(), file->path()));
  if (way == Way::kApply) {
    if (!journal.records.empty()) {
      return Error{ErrorCode::kRefused,
                   "an upgrade was begun with this journal; go on with `binlog-upgrade resume`, or "
                   "name another --journal",
                   file->path()};
    }
    TRY(file->Truncate(0));
    return Executor(std::move(prepared->plan), executor_options);
  }
  if (journal.records.empty()) {
    return Error{ErrorCode::kBadInput, "nothing was begun with this journal", file->path()};
  }
  TRY(file->Truncate(journal.good_bytes));
  return Executor::Resume(std::move(prepared->plan), executor_options, std::move(journal.records));
}

Result<int> Carry(const Options& options, Way way) {
  TRY_ASSIGN(Prepared prepared, Prepare(options));
  if (options.dry_run) return PrintCommands(options, prepared);
  TRY_ASSIGN(const std::string folder, StateFolder());
  const std::string stem = folder + "/" + FileName(prepared.cluster.name);
  // One engine per cluster on this machine, whatever its journal is called.
  TRY_ASSIGN(const FileLock lock, FileLock::Take(stem + ".lock"));
  const std::string path = options.journal.empty() ? stem + ".journal" : options.journal;
  TRY_ASSIGN(JournalFile file, JournalFile::Open(path));
  RealHostOptions host_options;
  host_options.templates = TemplatesOf(options, prepared);
  host_options.pds = prepared.cluster.pds;
  host_options.backup_dir = path + ".backup";
  host_options.interrupted = &g_interrupted;
  TRY_ASSIGN(const std::optional<TlsFiles> tls,
             LoadTlsFiles(options.paths.inventory, options.paths.site));
  if (tls.has_value()) {
    TRY_ASSIGN(host_options.tls, Tls::Load(*tls));
  }
  host_options.abort = way == Way::kAbort;
  TRY_ASSIGN(Executor executor, MakeExecutor(options, &prepared, way, &file));
  Terminal terminal({.yes = options.yes, .quiet = options.json}, stdin, stdout);
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGTERM, OnInterrupt);
  RealHost host(std::move(host_options), &file, &terminal);
  TRY(host.Run(&executor));
  return Report(options, executor, path);
}

// What the journal says, without a lock: it can be read while an engine is at work.
Result<int> ShowStatus(const Options& options) {
  std::string path = options.journal;
  if (path.empty()) {
    TRY_ASSIGN(const Cluster cluster, LoadCluster(options.paths));
    TRY_ASSIGN(const std::string folder, StateFolder());
    path = folder + "/" + FileName(cluster.name) + ".journal";
  }
  TRY_ASSIGN(const std::string text, ReadFile(path));
  TRY_ASSIGN(const Journal journal, DecodeJournal(text, path));
  if (journal.torn) fmt::print("the last line is torn: the engine was cut off while writing it\n");
  using Kind = port::JournalRecord::Kind;
  for (const port::JournalRecord& record : journal.records) {
    const bool shown =
        record.kind == Kind::kStep || record.kind == Kind::kEnd || record.kind == Kind::kOperator;
    if (!shown && &record != &journal.records.back()) continue;
    fmt::print("{:>6} {:<9} {} {}\n", record.sequence,
               port::kJournalKindNames[static_cast<std::size_t>(record.kind)], record.name,
               record.value);
  }
  return static_cast<int>(ExitCode::kDone);
}

int Finish(const Result<int>& code) { return code.has_value() ? *code : Fail(code.error()); }

constexpr char kFooter[] =
    "Exit codes:\n"
    "  0  done (or held at --until)\n"
    "  2  bad usage or input\n"
    "  3  no progress within the bound; `resume` goes on\n"
    "  5  the environment failed (disk, spawn)\n"
    "  6  refused or turned back: it said why, and lost nothing\n"
    "  70 a bug of ours\n\n"
    "Example:\n"
    "  binlog-upgrade plan --inventory inventory.ini --target inventory.new.ini --site site.json\n";

void AddInputs(CLI::App* command, Options* options) {
  command->add_option("--inventory", options->paths.inventory, "the old tidb-ansible inventory");
  command->add_option(
      "--target", options->paths.target,
      "the new inventory; without it the new side's defaults are derived and printed (rolling: "
      "needed, the same inventory with the new tidb_version)");
  command->add_option("--site", options->paths.site, "the site file (JSON)");
  command
      ->add_option_function<std::string>(
          "--procedure",
          [options](const std::string& name) { options->paths.procedure = ProcedureNamed(name); },
          "which documented upgrade [kafka-to-cluster]")
      ->check(CLI::IsMember(ProcedureNames()));
  command->add_option("--gate", options->gate, "what proves the drain")
      ->check(CLI::IsMember({"proof", "synced", "both"}))
      ->capture_default_str();
  command->add_option("--drain-timeout", options->drain_timeout,
                      "how long the gate is waited for, such as 12h [2h]");
  command->add_flag("--accept-write-outage", options->accept_write_outage,
                    "rolling: restart the only Pump, though no TiDB can write meanwhile");
  command->add_option("--until", options->until, "hold after this step");
  command->add_flag("--json", options->json, "one JSON object instead of text");
  command->allow_extras();
}

void AddCarrying(CLI::App* command, Options* options) {
  command->add_option("--journal", options->journal,
                      "default: CLUSTER.journal in $XDG_STATE_HOME/tidegate");
  command->add_option("--templates", options->templates, "how commands reach the hosts")
      ->check(CLI::IsMember({"local", "ssh"}))
      ->capture_default_str();
  command->add_option("--resources", options->resources, "folder with VERSION/bin/PART to install")
      ->capture_default_str();
  command->add_option("--ssh-user", options->ssh_user, "default: ssh's own");
  command->add_flag("--sudo", options->sudo, "systemctl and unit files through sudo -n");
  command->add_flag("--yes", options->yes, "answer every question with yes");
}

// An option that nobody knows, answered with the nearest one.
Status CheckExtras(const CLI::App& command) {
  const std::vector<std::string> extras = command.remaining();
  if (extras.empty()) return {};
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) known.push_back(option->get_name());
  const std::string word = extras[0].substr(0, extras[0].find('='));
  return Error{
      ErrorCode::kBadInput,
      fmt::format("{} does not know '{}'{}", command.get_name(), word, DidYouMean(word, known)),
      ""};
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Plans and carries out the upgrade of TiDB Binlog, one journaled step at a time.",
               "binlog-upgrade");
  app.footer(kFooter);
  app.set_version_flag("--version", kToolVersion);
  CLI::App* plan = app.add_subcommand("plan", "print the plan; change nothing");
  CLI::App* apply = app.add_subcommand("apply", "carry the plan out");
  CLI::App* resume = app.add_subcommand("resume", "go on after a crash or a hold");
  CLI::App* status = app.add_subcommand("status", "what the journal says");
  CLI::App* abort = app.add_subcommand("abort", "turn back, while that is possible");
  for (CLI::App* command : {plan, apply, resume, status, abort}) {
    AddInputs(command, &options);
    command->footer(kFooter);
  }
  for (CLI::App* command : {apply, resume, abort}) AddCarrying(command, &options);
  status->add_option("--journal", options.journal, "the journal to read");
  apply->add_flag("--dry-run", options.dry_run, "print the plan and its commands; do nothing");
  app.allow_extras();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    const int code = app.exit(failure);
    return code == 0 ? 0 : static_cast<int>(ExitCode::kBadInput);
  }
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  if (chosen.empty()) {
    const std::vector<std::string> names = {"plan", "apply", "resume", "status", "abort"};
    const std::vector<std::string> rest = app.remaining();
    if (rest.empty()) {
      fmt::print("{}", app.help());
      return static_cast<int>(ExitCode::kBadInput);
    }
    return Fail({ErrorCode::kBadInput,
                 fmt::format("no command '{}'{}", rest[0], DidYouMean(rest[0], names)), ""});
  }
  if (const Status extras = CheckExtras(*chosen[0]); !extras) return Fail(extras.error());
  if (chosen[0] == plan) return PrintPlan(options);
  if (chosen[0] == status) return Finish(ShowStatus(options));
  if (chosen[0] == resume) return Finish(Carry(options, Way::kResume));
  if (chosen[0] == abort) return Finish(Carry(options, Way::kAbort));
  return Finish(Carry(options, Way::kApply));
}

}  // namespace
}  // namespace tidegate::engine

int main(int argc, char** argv) {
  try {
    return tidegate::engine::Main(argc, argv);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "binlog-upgrade: a bug of ours: {}\n", failure.what());
    return static_cast<int>(tidegate::ExitCode::kBug);
  }
}
