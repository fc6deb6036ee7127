#include "rehearsal/run_in_lab.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/files.h"
#include "engine/site.h"
#include "lab/downstream/database_sink.h"
#include "lab/hosts/addresses.h"
#include "lab/hosts/tree.h"
#include "lab/session/home.h"
#include "lab/session/network.h"
#include "lab/session/session.h"
#include "rehearsal/by_hand.h"
#include "rehearsal/captures.h"
#include "rehearsal/judged.h"
#include "rehearsal/lab_ansible.h"
#include "rehearsal/lab_command.h"
#include "sim/world.h"
#include "sim/world/downstream.h"

namespace tidegate::rehearsal {
namespace {

Result<std::unique_ptr<lab::Pace>> MakePace(const std::string& clock, const sim::RunPlan& plan,
                                            const lab::Home& home) {
  if (clock == "real") return {lab::MakeRealPace()};
  if (clock == "faketime") {
    Result<std::string> library = lab::FindFaketime();
    if (!library.has_value()) return Error{ErrorCode::kIo, library.error().message, ""};
    TRY_ASSIGN(const std::string waits, lab::FindProgram("lab/clock/libtidegate_multiplied.so"));
    return lab::MakeFaketimePace({home.path(), *library, waits, plan.epoch_ms});
  }
  if (clock == "stopped") return {lab::MakeStoppedPace()};
  TRY_ASSIGN(const std::string preload, lab::FindProgram("lab/clock/libtidegate_clock.so"));
  return lab::MakeLockstepPace({home.path(), preload, plan.epoch_ms, plan.seed});
}

std::vector<lab::HookCommand> HooksOf(const engine::Hooks& hooks) {
  std::vector<lab::HookCommand> out = {{hooks.detach_service, "detach-service"},
                                       {hooks.attach_service, "attach-service"},
                                       {hooks.dump, "dump"},
                                       {hooks.load, "load"},
                                       {hooks.compare, "compare"}};
  // env is everybody's; the hook is what it runs.
  for (lab::HookCommand& hook : out) {
    while (hook.argv.size() > 1 && lab::NameOf(hook.argv[0]) == "env") {
      hook.argv.erase(hook.argv.begin());
    }
  }
  return out;
}

// "pump1:8250": hosts also go by the names that their processes register under.
std::map<std::string, std::vector<std::string>> NamesOf(const sim::RunPlan& plan) {
  std::map<std::string, std::vector<std::string>> names;
  for (const sim::NodePlan& node : plan.nodes) {
    const std::string name = node.etcd_id.substr(0, node.etcd_id.find(':'));
    if (name.size() == node.etcd_id.size() || name == node.info.host) continue;
    std::vector<std::string>& known = names[node.info.host];
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
  return names;
}

// Files of mysql's options that the site file names and this machine has not: of users and
// passwords, for which nobody asks in a lab.
Status SupplyDefaultsFiles(const LabInputs& inputs, const lab::RootDir& control) {
  if (inputs.site.empty()) return {};
  TRY_ASSIGN(const engine::Site site, engine::LoadSite(inputs.site));
  std::set<std::string> paths = {site.sql_defaults_file};
  for (const engine::SiteSink& sink : site.sinks) paths.insert(sink.defaults_file);
  for (const std::string& path : paths) {
    if (!path.starts_with("/") || access(path.c_str(), F_OK) == 0) continue;
    TRY(control.Write(path, "[client]\n", 0600));
  }
  return {};
}

// The hosts' trees, and what the control machine has of its own.
Result<lab::Trees> MakeTrees(const Prepared& prepared, const sim::RunPlan& plan,
                             const LabInputs& inputs, const lab::Addresses& addresses,
                             const lab::Home& home) {
  TRY_ASSIGN(const std::string program, lab::FindProgram("rehearsal/tidegate-lab-shell"));
  const std::map<std::string, std::vector<std::string>> names = NamesOf(plan);
  TRY_ASSIGN(const std::vector<std::string> others, OtherHosts(inputs, plan));
  TRY_ASSIGN(lab::Trees trees, lab::Trees::Make(plan, {home.path(), program, names, others}));
  const lab::RootDir* control = trees.Root(lab::kControlHost);
  TRY(control->Write("/etc/hosts", addresses.HostsFile(names), 0644));
  // What a run-book holds its gate with.
  const Result<std::string> tidegate = lab::FindProgram("rehearsal/tidegate");
  if (tidegate) TRY(lab::RootDir(trees.ProgramsDir()).Link(*tidegate, "tidegate"));
  for (const lab::HookCommand& hook : HooksOf(prepared.cluster.hooks)) {
    if (hook.argv.empty()) continue;
    const std::string name(lab::NameOf(hook.argv[0]));
    if (hook.argv[0].starts_with("/")) TRY(control->Link(program, hook.argv[0]));
    TRY(lab::RootDir(trees.ProgramsDir()).Link(program, name));
  }
  // A run-book of the user's may call ours.
  if (const Result<std::string> ours = lab::FindProgram("engine/binlog-upgrade"); ours) {
    TRY(lab::RootDir(trees.ProgramsDir()).Link(*ours, kShippedEngine));
  }
  TRY(SupplyDefaultsFiles(inputs, *control));
  TRY(SupplyTools(trees));
  TRY(SupplyAnsibleDir(prepared, inputs, home, trees));
  return {std::move(trees)};
}

// The Drainers' databases, where the scenario wants them real.
Result<std::vector<std::unique_ptr<lab::DatabaseSink>>> StartDatabases(const sim::RunPlan& plan,
                                                                       const lab::Home& home) {
  std::vector<std::unique_ptr<lab::DatabaseSink>> out;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const sim::NodePlan& node = plan.nodes[i];
    if (node.info.role != Role::kDownstream || node.version != sim::kMariadb) continue;
    TRY_ASSIGN(const lab::MariadbPrograms programs, lab::FindMariadb());
    TRY_ASSIGN(const std::string client, ReadFile(programs.client));
    TRY(lab::RootDir(home.path()).Write("/real/mariadb", client, 0755));
    TRY_ASSIGN(
        std::unique_ptr<lab::DatabaseSink> database,
        lab::DatabaseSink::Start(plan, static_cast<NodeId>(i),
                                 fmt::format("{}/{}", home.path(), node.info.name), home.path()));
    out.push_back(std::move(database));
  }
  return {std::move(out)};
}

// Addresses, and names of their hosts, for the lab's `mysql`.
std::string DatabasesVariable(const std::vector<std::unique_ptr<lab::DatabaseSink>>& databases,
                              const sim::RunPlan& plan) {
  std::vector<std::string> words;
  const std::map<std::string, std::vector<std::string>> names = NamesOf(plan);
  for (const std::unique_ptr<lab::DatabaseSink>& database : databases) {
    words.push_back(fmt::format("{}:{}", database->host(), database->port()));
    const auto found = names.find(database->host());
    if (found == names.end()) continue;
    for (const std::string& name : found->second) {
      words.push_back(fmt::format("{}:{}", name, database->port()));
    }
  }
  return fmt::format("TIDEGATE_MARIADB={}", fmt::join(words, " "));
}

Result<std::vector<std::string>> EnvironmentOf(const LabInputs& inputs, const lab::Home& home) {
  std::vector<std::string> environment = home.Environment();
  for (std::string& variable : inputs.Environment()) environment.push_back(std::move(variable));
  TRY(AddAnsible(&environment));
  return {std::move(environment)};
}

lab::Program ProgramOf(const std::string& command, const std::vector<std::string>& environment,
                       const lab::Home& home) {
  return {.argv = {fmt::format("{}/tidegate-lab-enter", home.bin_path()), "/bin/sh", "-c", command},
          .environment = environment,
          .folder = ".",
          .log_path = home.log_path()};
}

lab::SessionOptions OptionsOf(const EngineChoice& choice, const LabCommands& commands,
                              const Prepared& prepared, const std::vector<std::string>& environment,
                              const lab::Home& home) {
  lab::SessionOptions options;
  options.name = choice.Name();
  options.program = ProgramOf(commands.first, environment, home);
  if (!commands.again.empty()) options.program_again = ProgramOf(commands.again, environment, home);
  options.journal_path = commands.journal_path;
  options.control_path = home.control_path();
  options.hooks = HooksOf(prepared.cluster.hooks);
  return options;
}

}  // namespace

Result<RunResult> RunInLab(const Prepared& prepared, const sim::RunPlan& plan,
                           const sim::EngineSettings& settings, const RunOptions& options,
                           ByHand* by_hand) {
  const EngineChoice& choice = options.engine;
  TRY_ASSIGN(const lab::Home home,
             lab::Home::Make(fmt::format("{}, {}", plan.scenario, choice.Name())));
  if (by_hand != nullptr) TRY(by_hand->Open(prepared, home));
  const lab::Addresses addresses(plan);
  TRY_ASSIGN(const lab::Network network, lab::Network::Enter(addresses.Listening()));
  TRY_ASSIGN(std::unique_ptr<lab::Pace> pace, MakePace(choice.clock, plan, home));
  TRY_ASSIGN(const LabInputs inputs, LabInputsOf(prepared.scenario, home));
  TRY_ASSIGN(const LabCommands commands,
             CommandsFor(choice, prepared, plan, settings, inputs, home));
  TRY_ASSIGN(std::vector<std::string> environment, EnvironmentOf(inputs, home));
  TRY_ASSIGN(std::vector<std::unique_ptr<lab::DatabaseSink>> databases, StartDatabases(plan, home));
  if (!databases.empty()) environment.push_back(DatabasesVariable(databases, plan));
  TRY_ASSIGN(lab::Trees trees, MakeTrees(prepared, plan, inputs, addresses, home));
  lab::SessionOptions session_options = OptionsOf(choice, commands, prepared, environment, home);
  session_options.databases = std::move(databases);
  if (by_hand != nullptr) by_hand->Fill(home, &session_options);
  TRY_ASSIGN(const std::unique_ptr<lab::Session> session,
             lab::Session::Make(std::move(session_options), plan, &trees, std::move(pace)));
  const Duration outage_max =
      settings.write_outage_max > 0 ? settings.write_outage_max : prepared.cluster.write_outage_max;
  Judged judged(HeaderOf(plan, settings, options, outage_max), options);
  judged.Also(session.get());
  if (by_hand != nullptr) judged.Also(by_hand->Watch(judged.result().trace));
  sim::World world(plan, judged.recorder(), session.get());
  session->Watch(&world);
  LookBesideEngine(&world, options, &judged.result());
  world.Run();
  if (options.logs) KeepLogs(&world, &judged.result());
  if (by_hand != nullptr) by_hand->Close();
  if (session->trouble().empty()) TRY(session->CompareDatabases());
  if (!session->trouble().empty()) return Error{ErrorCode::kIo, session->trouble(), ""};
  if (const Result<std::string> log = ReadFile(home.log_path()); log.has_value()) {
    judged.result().engine_output = *log;
  }
  judged.result().refused_by_lab = session->refused();
  judged.result().swept_by_lab = home.swept();
  return judged.Finish();
}

}  // namespace tidegate::rehearsal
