#include "lab/session/host_logs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "lab/hosts/stand_in.h"
#include "lab/hosts/start_text.h"
#include "lab/hosts/unit_text.h"
#include "lab/hosts/world_pids.h"
#include "sim/world/config.h"
#include "sim/world/node_log.h"

namespace tidegate::lab {
namespace {

using sim::NodePlan;
using sim::UnitWord;
using trace::DownCause;

constexpr std::string_view kSystemd = "systemd[1]";

// Where the configuration sends the log when no flag does (tidb-binlog: pump/config.go,
// drainer/config.go log-file; tidb: config/config.go log.file.filename).
std::string LogFileIn(const std::string& config, Role role) {
  const sim::ConfigFile& file = sim::ReadConfigFile(config);
  return file.String(role == Role::kTidb ? "log.file.filename" : "log-file", "");
}

// What a process prints that ends before it has a log (tidb-binlog: cmd/pump/main.go,
// cmd/drainer/main.go).
std::string FlagsError(std::string_view part, std::string_view reason, const sim::Dialect& dialect,
                       std::int64_t ms) {
  const std::string at = sim::UtcText(ms, '/');
  if (dialect.log_style == sim::LogStyle::kPrefixed) {
    return fmt::format("{} main.go:1: [fatal] verifying flags error, {}. See '{} --help'.", at,
                       reason, part);
  }
  return fmt::format(
      "[{}.{:03} +00:00] [FATAL] [main.go:1] [\"verifying flags failed. See '{} --help'.\"] "
      "[error=\"{}\"]",
      at, ms % 1000, part, reason);
}

}  // namespace

HostLogs::HostLogs(const sim::RunPlan& plan, const Trees& trees, const Translator& translator)
    : plan_(plan), trees_(trees), translator_(translator), processes_(plan.nodes.size()) {}

void HostLogs::Began(NodeId node, sim::World& world) {
  const NodePlan& plan = plan_.nodes[node];
  if (PartOf(plan.info.role).empty()) return;
  AppendLog(node, world);  // of the one before
  Process& process = processes_[node];
  const Standing::Started* started = translator_.StartedBy(node);
  const RootDir* root = trees_.Root(plan.info.host);
  const std::string script = RunScriptPath(plan);
  const std::string text = started != nullptr ? started->text
                           : root == nullptr  ? ""
                                              : root->Read(script).value_or("");
  const std::string folder = started != nullptr ? started->folder : DeployDirOf(plan);
  std::string log_path = FlagIn(text, "log-file");
  if (log_path.empty()) {
    log_path = LogFileIn(world.hosts().running_config(node), plan.info.role);
  }
  process.version = world.hosts().running_version(node);
  process.log_path = Absolute(log_path, folder);
  process.errors_path = Absolute(ErrorsFileIn(text), folder);
  process.as_unit = started == nullptr || !started->by_hand;
  process.identifier =
      fmt::format("{}[{}]", NameOf(script.empty() ? plan.binary_path : script), PidOf(node));
  process.log = Fd();
  const sim::NodeLog* log = world.node(node).Log();
  process.at_start = log == nullptr ? 0 : log->count();
}

void HostLogs::Ended(NodeId node, DownCause cause, std::string_view reason, sim::World& world) {
  const NodePlan& plan = plan_.nodes[node];
  const sim::NodeLog* log = world.node(node).Log();
  if (log == nullptr || (cause != DownCause::kFailedToStart && cause != DownCause::kExited)) return;
  AppendLog(node, world);
  AppendJournal(world);
  if (log->count() != processes_[node].at_start) return;  // it has said why
  const std::int64_t ms = plan_.epoch_ms + world.now() / kMillisecond;
  const bool flags = !reason.starts_with("listen tcp") && plan.info.role != Role::kTidb;
  SayOnError(node,
             flags ? FlagsError(PartOf(plan.info.role), reason,
                                sim::DialectOfVersion(processes_[node].version), ms)
                   : std::string(reason),
             world.now());
}

bool HostLogs::Append(sim::World& world) {
  bool wrote = false;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    wrote |= AppendLog(static_cast<NodeId>(i), world);
  }
  wrote |= AppendJournal(world);
  return wrote;
}

bool HostLogs::AppendLog(NodeId node, sim::World& world) {
  const sim::NodeLog* log = world.node(node).Log();
  Process& process = processes_[node];
  if (log == nullptr || log->count() == process.lines) return false;
  const std::string text = log->Text(world, node, process.lines);
  process.lines = log->count();
  if (process.log_path.empty()) {
    for (std::string_view rest = text; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      SayOnError(node, line, world.now());
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    return true;
  }
  WriteTo(plan_.nodes[node].info.host, process.log_path, text, world.now(), &process.log);
  return true;
}

// Of a process that somebody started by hand, it goes where they sent it.
void HostLogs::SayOnError(NodeId node, std::string_view text, Time at) {
  const Process& process = processes_[node];
  if (!process.errors_path.empty()) {
    WriteTo(plan_.nodes[node].info.host, process.errors_path, fmt::format("{}\n", text), at,
            nullptr);
  } else if (process.as_unit) {
    Journal(node, at, process.identifier, text);
  }
}

// A file that was moved away is still written to by whoever has it open.
void HostLogs::WriteTo(const std::string& host, const std::string& path, std::string_view text,
                       Time at, Fd* keep) {
  const RootDir* root = trees_.Root(host);
  if (root == nullptr) return;
  Fd own;
  Fd& file = keep == nullptr ? own : *keep;
  if (!file) {
    if (!root->MakeFolder(FolderOf(path))) return;
    file = root->Open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  }
  if (!file) return;  // as the product goes on where it cannot write its log
  WriteAll(file.get(), text);
  const std::int64_t ns = plan_.epoch_ms * kMillisecond + at;
  const timespec stamp{.tv_sec = ns / kSecond, .tv_nsec = ns % kSecond};
  const timespec both[2] = {stamp, stamp};
  futimens(file.get(), both);
}

// ------------------------------------------------------------------ the journal

bool HostLogs::AppendJournal(sim::World& world) {
  const std::vector<sim::UnitEntry>& journal = world.hosts().journal();
  if (journal_count_ == journal.size()) return false;
  for (; journal_count_ < journal.size(); ++journal_count_) {
    const sim::UnitEntry& entry = journal[journal_count_];
    Process& process = processes_[entry.node];
    if (entry.word == UnitWord::kStarted) {
      const Standing::Started* started = translator_.StartedBy(entry.node);
      process.as_unit = started == nullptr || !started->by_hand;
    }
    if (!process.as_unit) continue;
    for (const std::string& line : SystemdLines(entry)) {
      Journal(entry.node, entry.at, kSystemd, line);
    }
  }
  return true;
}

// In the words of systemd 252 (src/core/job.c, service.c, unit.c).
std::vector<std::string> HostLogs::SystemdLines(const sim::UnitEntry& entry) {
  const NodePlan& plan = plan_.nodes[entry.node];
  const std::string& unit = plan.info.unit;
  const std::string whole = fmt::format("{} - {} service", unit, unit.substr(0, unit.rfind('.')));
  const std::string other = StandInBinary(plan);
  const std::string process =
      fmt::format("{} ({})", PidOf(entry.node), NameOf(other.empty() ? plan.binary_path : other));
  const std::string failed = fmt::format("{}: Failed with result ", unit);
  const std::string main_exit = fmt::format("{}: Main process exited, code=", unit);
  const std::string timed_out = fmt::format("{}: State 'stop-sigterm' timed out. ", unit);
  switch (entry.word) {
    case UnitWord::kStarted: return {fmt::format("Started {}.", whole)};
    case UnitWord::kStopping: return {fmt::format("Stopping {}...", whole)};
    case UnitWord::kStopped: return {fmt::format("Stopped {}.", whole)};
    case UnitWord::kEnded: return {unit + ": Deactivated successfully."};
    case UnitWord::kEndedBadly:
      return {main_exit + "exited, status=1/FAILURE", failed + "'exit-code'."};
    case UnitWord::kNotThere:
      return {fmt::format("{}: Failed to locate executable {}: No such file or directory", unit,
                          plan.binary_path),
              main_exit + "exited, status=203/EXEC", failed + "'exit-code'."};
    case UnitWord::kWasKilled: return {main_exit + "killed, status=9/KILL", failed + "'signal'."};
    case UnitWord::kWillRestart:
      return {
          fmt::format("{}: Scheduled restart job, restart counter is at {}.", unit, entry.detail),
          fmt::format("Stopped {}.", whole)};
    case UnitWord::kGaveUp:
      return {
          timed_out + "Skipping SIGKILL.", failed + "'timeout'.", fmt::format("Stopped {}.", whole),
          fmt::format("{}: Unit process {} remains running after unit stopped.", unit, process)};
    case UnitWord::kKills:
      return {timed_out + "Killing.",
              fmt::format("{}: Killing process {} with signal SIGKILL.", unit, process)};
  }
  return {};
}

void HostLogs::Journal(NodeId node, Time at, std::string_view identifier,
                       std::string_view message) {
  const trace::NodeInfo& info = plan_.nodes[node].info;
  if (info.unit.empty() || info.unit.find('/') != std::string::npos) return;
  const RootDir folder(trees_.JournalDir());
  if (!folder.MakeFolder("/" + info.host)) return;
  const Fd file = folder.Open(fmt::format("/{}/{}", info.host, info.unit),
                              O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (!file) return;
  WriteAll(file.get(), fmt::format("{} {} {}\n", plan_.epoch_ms * 1000 + at / kMicrosecond,
                                   identifier, message));
}

}  // namespace tidegate::lab
