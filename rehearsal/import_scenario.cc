#include "rehearsal/import_scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/names.h"
#include "base/redact.h"
#include "rehearsal/expect_text.h"
#include "rehearsal/import_captures.h"
#include "rehearsal/import_time.h"
#include "rehearsal/run.h"
#include "rehearsal/topology.h"
#include "sim/scenario.h"

namespace tidegate::rehearsal {
namespace {

constexpr std::size_t kLogBytesMax = 1ULL << 30U;
// When nobody says how busy the cluster was: half a minute of load, and time for the first ticks.
constexpr std::string_view kWorkload = R"({"transactions":300,"interval":"100ms"})";
constexpr std::string_view kEngine = R"({"start":"15s"})";

struct NodeLog {
  NodeId node = kNoNode;
  LogFile log;
};

class Importer {
 public:
  explicit Importer(const ImportInput& input) : input_(input) {}

  Result<Imported> Import() {
    TRY_ASSIGN(captures_, ReadCaptures(input_));
    procedure_ = input_.procedure;
    if (captures_.of_cluster && procedure_.empty()) procedure_ = "rolling-manual";
    if (captures_.of_cluster != procedure_.starts_with("rolling-")) {
      return Error{ErrorCode::kBadInput,
                   fmt::format("--procedure {} does not go with statuses of the {}", procedure_,
                               captures_.of_cluster ? "cluster version" : "Kafka era"),
                   input_.statuses.front().file};
    }
    // Once without logs: then the cluster's nodes are known by name and id.
    TRY_ASSIGN(cluster_, Parse(Text("", "")));
    TRY(ReadLogs(input_.pump_logs, Role::kPump));
    TRY(ReadLogs(input_.drainer_logs, Role::kDrainer));
    TakeVersion();
    TakeSavePoints();
    const std::string faults = Faults();
    TRY_ASSIGN(const Prepared prepared, Parse(Text(faults, "")));
    RunOptions options;
    options.engine = ChoiceOf(prepared.scenario.engine);
    options.keep_trace = false;
    options.digest = false;
    TRY_ASSIGN(const RunResult run,
               Run(prepared, prepared.plan, prepared.scenario.engine, options));
    Imported out;
    out.text = Redact(Text(faults, ExpectText(run.verdict)));
    out.notes = captures_.notes;
    out.notes.insert(out.notes.end(), notes_.begin(), notes_.end());
    return out;
  }

 private:
  Result<Prepared> Parse(std::string text) const {
    TRY_ASSIGN(const sim::Scenario scenario, sim::ParseScenario(std::move(text), input_.out));
    return Prepare(scenario, 1);
  }

  // The scenario as it stands; `faults` and `expect` are JSON, or "" while they are not known.
  std::string Text(const std::string& faults, const std::string& expect) const {
    JsonWriter w(JsonWriter::Style::kIndented);
    w.BeginObject().Key("name").String(input_.name).Key("description");
    w.String(fmt::format("Made by tidegate import; statuses: {}, log files: {}.",
                         input_.statuses.size(),
                         input_.pump_logs.size() + input_.drainer_logs.size()));
    w.Key("inventory").String(PathFrom(input_.out, input_.inventory));
    if (!input_.target.empty()) w.Key("target").String(PathFrom(input_.out, input_.target));
    if (!input_.site.empty()) w.Key("site").String(PathFrom(input_.out, input_.site));
    if (!procedure_.empty()) w.Key("procedure").String(procedure_);
    if (!old_version_.empty() || !input_.new_version.empty()) {
      w.Key("versions").BeginObject();
      if (!old_version_.empty()) w.Key("old").String(old_version_);
      if (!input_.new_version.empty()) w.Key("new").String(input_.new_version);
      w.EndObject();
    }
    if (!captures_.of_cluster) WriteCaptured(&w);
    WriteObserved(&w);
    w.Key("workload").Raw(kWorkload);
    if (!faults.empty()) w.Key("faults").Raw(faults);
    w.Key("engine").Raw(kEngine).Key("expect");
    w.Raw(expect.empty() ? R"({"verdict":"inconclusive"})" : expect).EndObject();
    return w.Take() + "\n";
  }

  void WriteCaptured(JsonWriter* w) const {
    const sim::CapturedState& state = captures_.state;
    w->Key("captured").BeginObject().Key("upper").TsoString(state.upper);
    w->Key("lower").TsoString(state.lower);
    w->Key("saved_commit_ts").TsoString(state.saved_commit_ts);
    w->Key("positions").BeginObject();
    for (const auto& [id, offset] : state.positions) w->Key(id).Int(offset);
    w->EndObject().Key("log_ends").BeginObject();
    for (const auto& [id, position] : state.positions) w->Key(id).Int(state.log_ends.at(id));
    w->EndObject().EndObject();
  }

  void WriteObserved(JsonWriter* w) const {
    w->Key("observed").BeginArray();
    for (const sim::Observation& one : captures_.observed) {
      w->BeginObject().Key("after").String(FormatDuration(one.after));
      if (!one.drainer.empty()) w->Key("drainer").String(one.drainer);
      if (captures_.of_cluster) {
        WriteClusterObservation(one, w);
        continue;
      }
      w->Key("synced").Bool(one.synced).Key("upper").TsoString(one.upper);
      w->Key("lower").TsoString(one.lower).Key("pump_pos").BeginObject();
      for (const auto& [id, offset] : one.pump_pos) w->Key(id).Int(offset);
      w->EndObject();
      if (one.saved_commit_ts > 0) w->Key("saved_commit_ts").TsoString(one.saved_commit_ts);
      w->EndObject();
    }
    w->EndArray();
  }

  static void WriteClusterObservation(const sim::Observation& one, JsonWriter* w) {
    if (one.registry.empty()) {
      w->Key("synced").Bool(one.synced).Key("last_ts").TsoString(one.lower);
      w->Key("pump_ts").BeginObject();
      for (const auto& [id, commit_ts] : one.pump_pos) w->Key(id).TsoString(commit_ts);
      w->EndObject();
      if (one.saved_commit_ts > 0) w->Key("saved_commit_ts").TsoString(one.saved_commit_ts);
    } else {
      w->Key("registry").BeginObject();
      for (const auto& [id, state] : one.registry) w->Key(id).String(state);
      w->EndObject();
    }
    w->EndObject();
  }

  Result<NodeId> FindNode(const LogArgument& argument, Role role) const {
    std::vector<std::string> known;
    NodeId only = kNoNode;
    for (std::size_t i = 0; i < cluster_->topology.nodes.size(); ++i) {
      const sim::NodePlan& node = cluster_->topology.nodes[i];
      if (node.info.role != role || (!node.info.old_side && !captures_.of_cluster)) continue;
      if (argument.node == node.info.name || argument.node == node.etcd_id) {
        return static_cast<NodeId>(i);
      }
      only = known.empty() ? static_cast<NodeId>(i) : kNoNode;
      known.push_back(node.info.name);
      if (!node.etcd_id.empty()) known.push_back(node.etcd_id);
    }
    if (argument.node.empty() && only != kNoNode) return only;
    return Error{ErrorCode::kBadInput,
                 fmt::format("whose log is it? No {}{} is named '{}'{}; there are {}",
                             captures_.of_cluster ? "" : "old ", RoleName(role), argument.node,
                             DidYouMean(argument.node, known), fmt::join(known, ", ")),
                 argument.file};
  }

  Status ReadLogs(const std::vector<LogArgument>& arguments, Role role) {
    for (const LogArgument& argument : arguments) {
      NodeLog entry;
      TRY_ASSIGN(entry.node, FindNode(argument, role));
      TRY_ASSIGN(const std::string text, ReadFile(argument.file, kLogBytesMax));
      TRY_ASSIGN(entry.log, ParseLog(text, argument.file, input_.zone_minutes));
      Tell(entry.log);
      logs_.push_back(std::move(entry));
    }
    return {};
  }

  void Tell(const LogFile& log) {
    std::vector<std::string> kinds;
    for (std::size_t kind = 0; kind < kLogFactNames.size(); ++kind) {
      const auto count = std::count_if(log.facts.begin(), log.facts.end(), [&](const LogFact& f) {
        return static_cast<std::size_t>(f.kind) == kind;
      });
      if (count > 0) kinds.push_back(fmt::format("{} {}", count, kLogFactNames[kind]));
    }
    std::string note =
        fmt::format("{}: {} lines: {}", log.file, log.line_count,
                    kinds.empty() ? "nothing known" : fmt::format("{}", fmt::join(kinds, ", ")));
    if (log.unknown_count > 0) {
      note += fmt::format("; {} say nothing of progress (the first is line {})", log.unknown_count,
                          log.first_unknown_line);
    }
    notes_.push_back(std::move(note));
  }

  // With an inventory of the cluster version, it says the releases; logs are compared with it.
  void CompareReleases() {
    for (const NodeLog& entry : logs_) {
      for (const LogFact& fact : entry.log.facts) {
        const std::string& now = cluster_->cluster.binlog_version;
        const std::string& then = cluster_->cluster.tidb_target_version;
        if (fact.kind != LogFactKind::kVersion || fact.text == now || fact.text == then) continue;
        notes_.push_back(fmt::format("{}:{}: {} ran {}, and the inventories say {} and {}",
                                     entry.log.file, fact.line, NameOf(entry.node), fact.text, now,
                                     then));
      }
    }
  }

  void TakeVersion() {
    if (captures_.of_cluster) return CompareReleases();
    old_version_ = input_.old_version;
    for (const NodeLog& entry : logs_) {
      for (const LogFact& fact : entry.log.facts) {
        if (fact.kind == LogFactKind::kVersion && old_version_.empty()) old_version_ = fact.text;
      }
    }
    if (old_version_.empty()) notes_.push_back("no log says a release: the old side is kafka-head");
  }

  // What the checkpoint was at the time of each status, where a log says so.
  void TakeSavePoints() {
    for (sim::Observation& one : captures_.observed) {
      if (!one.registry.empty()) continue;
      const std::int64_t ms = captures_.first_ms + one.after / kMillisecond;
      for (const NodeLog& entry : logs_) {
        if (!one.drainer.empty() && NameOf(entry.node) != one.drainer) continue;
        for (const LogFact& fact : entry.log.facts) {
          // A DDL is done when its checkpoint is saved (drainer/syncer.go addJob).
          const bool saves =
              fact.kind == LogFactKind::kSavePoint || fact.kind == LogFactKind::kDdlDone;
          if (saves && fact.ms <= ms) one.saved_commit_ts = fact.tso;
        }
      }
    }
  }

  const std::string& NameOf(NodeId node) const { return cluster_->topology.nodes[node].info.name; }

  // Ends that a log shows become faults: stopped then, and started when the log goes on.
  std::string Faults() {
    JsonWriter w;
    w.BeginArray();
    std::size_t count = 0;
    for (const NodeLog& entry : logs_) {
      const std::vector<LogFact>& facts = entry.log.facts;
      for (std::size_t i = 0; i < facts.size(); ++i) {
        const bool closes =
            facts[i].kind == LogFactKind::kClosing || facts[i].kind == LogFactKind::kClosed;
        const bool dies = captures_.of_cluster && DiesBefore(facts, i);
        if (!dies && (!closes || EndsAlready(facts, i))) continue;
        if (captures_.of_cluster && IsUpgradeOf(facts, i)) {
          notes_.push_back(
              fmt::format("{}:{}: {} goes on with another release; the engine does that",
                          entry.log.file, facts[i].line, NameOf(entry.node)));
          continue;
        }
        if ((dies ? facts[i - 1].ms : facts[i].ms) < captures_.first_ms) {
          notes_.push_back(
              fmt::format("{}:{}: the end of {} lies before the first status and is "
                          "not replayed",
                          entry.log.file, facts[i].line, NameOf(entry.node)));
          continue;
        }
        if (dies) {
          WriteKill(entry, i, &w);
        } else {
          WriteStop(entry, i, &w);
        }
        ++count;
      }
    }
    w.EndArray();
    return count == 0 ? "" : w.Take();
  }

  // A life that begins while the last one has not ended: it was killed some time before.
  static bool DiesBefore(const std::vector<LogFact>& facts, std::size_t at) {
    if (facts[at].kind != LogFactKind::kVersion || at == 0) return false;
    // A banner of several lines is one.
    return !EndsAlready(facts, at) && facts[at - 1].kind != LogFactKind::kVersion;
  }

  // Does the life behind this end run another release than the one before?
  static bool IsUpgradeOf(const std::vector<LogFact>& facts, std::size_t at) {
    std::string before;
    std::string behind;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      if (facts[i].kind != LogFactKind::kVersion) continue;
      if (i < at) before = facts[i].text;
      if (i >= at && behind.empty()) behind = facts[i].text;
    }
    return !before.empty() && !behind.empty() && before != behind;
  }

  void WriteKill(const NodeLog& entry, std::size_t at, JsonWriter* w) {
    const LogFact& last = entry.log.facts[at - 1];
    w->BeginObject().Key("comment").String(fmt::format("behind line {} of its log", last.line));
    w->Key("kill").String(NameOf(entry.node));
    w->Key("at").String(FormatDuration((last.ms - captures_.first_ms) * kMillisecond)).EndObject();
  }

  // The closing of the same life was told by an earlier line.
  static bool EndsAlready(const std::vector<LogFact>& facts, std::size_t at) {
    while (at-- > 0) {
      if (facts[at].kind == LogFactKind::kStarted) return false;
      if (facts[at].kind == LogFactKind::kClosing || facts[at].kind == LogFactKind::kClosed ||
          facts[at].kind == LogFactKind::kNotifyFailed) {
        return true;
      }
    }
    return false;
  }

  void WriteStop(const NodeLog& entry, std::size_t at, JsonWriter* w) {
    const LogFact& end = entry.log.facts[at];
    const auto back = std::find_if(
        entry.log.facts.begin() + static_cast<std::ptrdiff_t>(at), entry.log.facts.end(),
        [](const LogFact& fact) { return fact.kind == LogFactKind::kStarted; });
    w->BeginObject().Key("comment").String(fmt::format("line {} of its log", end.line));
    w->Key("stop").String(NameOf(entry.node));
    w->Key("at").String(FormatDuration((end.ms - captures_.first_ms) * kMillisecond));
    if (back != entry.log.facts.end() && back->ms > end.ms) {
      w->Key("for").String(FormatDuration((back->ms - end.ms) * kMillisecond));
    }
    w->EndObject();
  }

  const ImportInput& input_;
  Captures captures_;
  std::optional<Prepared> cluster_;
  std::vector<NodeLog> logs_;
  std::string procedure_;
  std::string old_version_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<StatusArgument> ParseStatusArgument(const std::string& text, std::int64_t zone_minutes) {
  StatusArgument out;
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos || at == 0) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("--status needs FILE@TIME, such as "
                             "status.json@2018-10-20T12:00:00Z, and not '{}'",
                             text),
                 ""};
  }
  const std::string_view time = std::string_view(text).substr(at + 1);
  TRY_ASSIGN(const WallTime parsed, ParseWallTime(time, zone_minutes));
  if (parsed.byte_count != time.size()) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("'{}' goes on behind its time", std::string(time)), ""};
  }
  out.ms = parsed.ms;
  const LogArgument named = ParseLogArgument(text.substr(0, at));
  out.drainer = named.node;
  out.file = named.file;
  return out;
}

LogArgument ParseLogArgument(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Result<Imported> ImportScenario(const ImportInput& input) { return Importer(input).Import(); }

}  // namespace tidegate::rehearsal
