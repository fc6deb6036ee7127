#include "engine/look.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/parts.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::Query;
using Queries = std::vector<Query>;
using Answers = std::vector<Answer>;

void AskDown(const Process& process, Queries* out) {
  out->push_back(port::ShowUnit{process.host, process.unit});
  out->push_back(port::ConnectTcp{process.host, process.port});
}

const std::vector<Tidb>& Tidbs(const LookContext& context) { return context.cluster.tidbs; }

void AskTidbs(const LookContext& context, const char* path, Queries* out) {
  for (const Tidb& tidb : Tidbs(context)) {
    out->push_back(port::HttpGet{tidb.process.host, tidb.status_port, path});
  }
}

Query PumpStatusQuery(const LookContext& context) {
  const Process& pump = PumpToAsk(context);
  return port::HttpGet{pump.host, pump.port, "/status"};
}

}  // namespace

// Is the unit inactive, and does its port refuse?
Verdict JudgeDown(const std::string& host, const std::string& unit, std::int64_t port,
                  const Answer& shown, const Answer& connected, int clause) {
  if (!shown.ok() && shown.code != port::AnswerCode::kNotFound) {
    return Unknown(clause, fmt::format("{} on {}: {}", unit, host, AnswerText(shown)));
  }
  const std::string_view state = UnitProperty(shown.body, "ActiveState");
  if (state == "active" || state == "activating" || state == "deactivating") {
    return Fails(clause, fmt::format("{} on {} is {}", unit, host, state));
  }
  if (connected.code == port::AnswerCode::kOk) {
    return Fails(clause, fmt::format("port {} on {} still accepts connections", port, host));
  }
  if (connected.code != port::AnswerCode::kConnectionRefused) {
    return Unknown(clause, fmt::format("port {} on {}: {}", port, host, AnswerText(connected)));
  }
  return Holds("");
}

bool VersionMatches(std::string_view said, std::string_view wanted) {
  if (wanted == "latest" || wanted.empty()) return true;
  if (!wanted.empty() && wanted.front() == 'v') wanted.remove_prefix(1);
  const std::size_t at = said.find(wanted);
  if (at == std::string_view::npos) return false;
  const std::size_t end = at + wanted.size();
  // "2.1.0" must not match "2.1.0-rc.4" or "12.1.0".
  const bool starts = at == 0 || said[at - 1] == 'v' || said[at - 1] == '-' || said[at - 1] == ' ';
  return starts && (end == said.size() || said[end] == '\n' || said[end] == ' ');
}

// An entry can carry the address of a Pump and the id of another one: two that share an id
// overwrite each other's (tidb-binlog: pkg/node/registry.go UpdateNode). Its own id tells, where it
// is known.
const ClusterNode* FindPump(const std::vector<ClusterNode>& nodes, const Pump& pump) {
  const std::string host_port = fmt::format("{}:{}", pump.process.host, pump.process.port);
  const ClusterNode* there = nullptr;
  for (const ClusterNode& node : nodes) {
    if (!pump.node_id.empty() && node.id == pump.node_id) return &node;
    if (there == nullptr && node.host == host_port) there = &node;
  }
  return there;
}

void AppendLookQueries(const PumpsOnline&, const LookContext& context, Queries* out) {
  out->push_back(PumpStatusQuery(context));
}
Verdict EvaluateLook(const PumpsOnline&, const LookContext& context, const Answers& answers) {
  const Result<ClusterPumpStatus> status = ParseClusterPumpStatus(answers[0]);
  if (!status) {
    return Unknown(1, fmt::format("{}: {}", PumpToAsk(context).name, status.error().message));
  }
  for (const Pump& pump : context.cluster.new_pumps) {
    const ClusterNode* node = FindPump(status->pumps, pump);
    if (node == nullptr) {
      return Fails(2, fmt::format("new Pump {} is not registered", pump.process.name));
    }
    if (node->state != "online") {
      return Fails(3, fmt::format("new Pump {} is {}", pump.process.name, node->state));
    }
    if (TsoGapMs(status->commit_ts, node->update_ts) > kHeartbeatFresh / kMillisecond) {
      return Fails(4, fmt::format("the heartbeat of new Pump {} is stale", pump.process.name));
    }
  }
  return Holds(fmt::format("{} new Pump{} registered online, heartbeats fresh",
                           context.cluster.new_pumps.size(),
                           context.cluster.new_pumps.size() == 1 ? "" : "s"));
}

void AppendLookQueries(const PumpsPast&, const LookContext& context, Queries* out) {
  out->push_back(PumpStatusQuery(context));
}
Verdict EvaluateLook(const PumpsPast& c, const LookContext& context, const Answers& answers) {
  const Result<ClusterPumpStatus> status = ParseClusterPumpStatus(answers[0]);
  if (!status) {
    return Unknown(1, fmt::format("{}: {}", PumpToAsk(context).name, status.error().message));
  }
  const Tso bound = context.facts.TsoOf(c.fact);
  for (const ClusterNode& node : status->pumps) {
    if (node.state == "online" && node.max_commit_ts > bound) {
      return Holds(fmt::format("new Pump {} is past {}", node.id, c.fact));
    }
  }
  return Fails(2, fmt::format("no new Pump's maxCommitTS is past {} ({})", c.fact, bound));
}

void AppendLookQueries(const PdTimestamp&, const LookContext& context, Queries* out) {
  out->push_back(PumpStatusQuery(context));
}
Verdict EvaluateLook(const PdTimestamp& c, const LookContext& context, const Answers& answers) {
  const Result<ClusterPumpStatus> status = ParseClusterPumpStatus(answers[0]);
  if (!status || status->commit_ts <= 0) {
    return Unknown(1, fmt::format("{} gives no PD timestamp{}", PumpToAsk(context).name,
                                  status ? "" : ": " + status.error().message));
  }
  Verdict verdict = Holds(fmt::format("{} = {}", c.fact, status->commit_ts));
  verdict.facts.emplace_back(c.fact, std::to_string(status->commit_ts));
  return verdict;
}

void AppendLookQueries(const TidbsIdle&, const LookContext& context, Queries* out) {
  AskTidbs(context, "/status", out);
}
Verdict EvaluateLook(const TidbsIdle&, const LookContext& context, const Answers& answers) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string& name = Tidbs(context)[i].process.name;
    const Result<TidbStatus> status = ParseTidbStatus(answers[i]);
    if (!status) return Unknown(1, fmt::format("{}: {}", name, status.error().message));
    if (status->connections > 0) {
      return Fails(2, fmt::format("{} still has {} client connection{}", name, status->connections,
                                  status->connections == 1 ? "" : "s"));
    }
  }
  return Holds("no client is connected to any TiDB");
}

void AppendLookQueries(const TidbsServe&, const LookContext& context, Queries* out) {
  AskTidbs(context, "/status", out);
}
Verdict EvaluateLook(const TidbsServe&, const LookContext& context, const Answers& answers) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Result<TidbStatus> status = ParseTidbStatus(answers[i]);
    if (status && status->connections > 0) {
      return Holds(fmt::format("clients are connected to {}", Tidbs(context)[i].process.name));
    }
  }
  return Unknown(1, "no client is connected yet: whether the hook ran can't be seen");
}

void AppendLookQueries(const NoDdlRunning&, const LookContext& context, Queries* out) {
  const Tidb& tidb = Tidbs(context)[context.attempt % Tidbs(context).size()];
  out->push_back(port::QuerySql{fmt::format("tidb {}:{}", tidb.process.host, tidb.process.port),
                                "admin show ddl jobs"});
}
Verdict EvaluateLook(const NoDdlRunning&, const LookContext&, const Answers& answers) {
  if (!answers[0].ok()) {
    return Unknown(1, fmt::format("the DDL jobs can't be read: {}", AnswerText(answers[0])));
  }
  const std::int64_t jobs = UnfinishedDdlJobs(answers[0].body);
  if (jobs > 0) {
    return Fails(2,
                 fmt::format("{} DDL job{} queued or running", jobs, jobs == 1 ? " is" : "s are"));
  }
  return Holds("no DDL job is queued or running");
}

void AppendLookQueries(const MarkerExists& c, const LookContext& context, Queries* out) {
  const Process& tidb = Tidbs(context)[0].process;
  std::string statement = c.statement;
  const std::size_t at = statement.find("${M}");
  const std::string* marker = context.facts.Find("M");
  if (at != std::string::npos && marker != nullptr) statement.replace(at, 4, *marker);
  out->push_back(
      port::QuerySql{fmt::format("tidb {}:{}", tidb.host, tidb.port), std::move(statement)});
}
Verdict EvaluateLook(const MarkerExists&, const LookContext&, const Answers& answers) {
  if (!answers[0].ok()) return Unknown(1, fmt::format("the marker: {}", AnswerText(answers[0])));
  const bool there = answers[0].body.find("tidegate_marker_") != std::string::npos &&
                     answers[0].body.find('\n') + 1 < answers[0].body.size();
  return there ? Holds("the marker table exists") : Fails(2, "the marker table does not exist");
}

void AppendLookQueries(const TidbsStopped&, const LookContext& context, Queries* out) {
  for (const Tidb& tidb : Tidbs(context)) AskDown(tidb.process, out);
}
Verdict EvaluateLook(const TidbsStopped&, const LookContext& context, const Answers& answers) {
  for (std::size_t i = 0; i < Tidbs(context).size(); ++i) {
    const Process& tidb = Tidbs(context)[i].process;
    Verdict verdict = JudgeDown(tidb.host, tidb.unit, tidb.port, answers[2 * i], answers[2 * i + 1],
                                static_cast<int>(i));
    if (verdict.state != Verdict::State::kHolds) return verdict;
  }
  return Holds("every TiDB is stopped: unit inactive, port refuses");
}

void AppendLookQueries(const TidbsUp&, const LookContext& context, Queries* out) {
  AskTidbs(context, "/status", out);
}
Verdict EvaluateLook(const TidbsUp&, const LookContext& context, const Answers& answers) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Result<TidbStatus> status = ParseTidbStatus(answers[i]);
    if (!status) {
      return Fails(static_cast<int>(i),
                   fmt::format("{}: {}", Tidbs(context)[i].process.name, status.error().message));
    }
  }
  return Holds("every TiDB answers");
}

void AppendLookQueries(const TidbsUpgraded&, const LookContext& context, Queries* out) {
  for (const Tidb& tidb : Tidbs(context)) {
    out->push_back(port::BinaryVersion{tidb.process.host, tidb.process.binary});
  }
}
Verdict EvaluateLook(const TidbsUpgraded&, const LookContext& context, const Answers& answers) {
  const std::string& target = context.cluster.tidb_target_version;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Process& tidb = Tidbs(context)[i].process;
    if (!answers[i].ok()) {
      return Unknown(1, fmt::format("{}: {}", tidb.name, AnswerText(answers[i])));
    }
    const std::string_view version = ReleaseVersion(answers[i].body);
    if (!VersionMatches(version, target)) {
      return Fails(2, fmt::format("the binary of {} is {}, not {}", tidb.name, version, target));
    }
  }
  return Holds(fmt::format("every tidb-server on disk is {}", target));
}

void AppendLookQueries(const TidbsLogToPumps&, const LookContext& context, Queries* out) {
  for (const Tidb& tidb : Tidbs(context)) {
    const Process& p = tidb.process;
    out->push_back(port::HttpGet{p.host, tidb.status_port, "/status"});
    out->push_back(port::HttpGet{p.host, tidb.status_port, "/binlog/recover?op=status"});
    out->push_back(port::ReadRemoteFile{p.host, p.config});
    out->push_back(port::ReadRemoteFile{p.host, p.script.empty() ? p.config : p.script});
  }
}
Verdict EvaluateLook(const TidbsLogToPumps&, const LookContext& context, const Answers& answers) {
  for (std::size_t i = 0; i < Tidbs(context).size(); ++i) {
    const std::string& name = Tidbs(context)[i].process.name;
    const Answer& config = answers[4 * i + 2];
    const Answer& script = answers[4 * i + 3];
    const Result<TidbStatus> status = ParseTidbStatus(answers[4 * i]);
    if (!status) return Unknown(1, fmt::format("{}: {}", name, status.error().message));
    if (!VersionMatches(status->version, context.cluster.tidb_target_version)) {
      return Fails(2, fmt::format("{} runs {}", name, status->version));
    }
    const Result<bool> skipped = ParseBinlogSkipped(answers[4 * i + 1]);
    if (!skipped) return Unknown(3, fmt::format("{}: {}", name, skipped.error().message));
    if (*skipped) return Fails(4, fmt::format("{} skips binlogs", name));
    if (!config.ok()) {
      return Unknown(5, fmt::format("the configuration of {}: {}", name, AnswerText(config)));
    }
    if (ApplyEdit(Edit::kTidbConfigToCluster, config.body) != config.body) {
      return Fails(6, fmt::format("the configuration of {} has a binlog-socket or binlog is not "
                                  "enabled in it",
                                  name));
    }
    if (script.ok() && script.body.find("--binlog-socket") != std::string::npos) {
      return Fails(7, fmt::format("the run script of {} passes --binlog-socket", name));
    }
  }
  return Holds("every TiDB runs the target version with binlog on, none with a binlog-socket");
}

void AppendLookQueries(const ProcessIs& c, const LookContext&, Queries* out) {
  out->push_back(port::ShowUnit{c.host, c.unit});
  out->push_back(port::ConnectTcp{c.host, c.port});
}
Verdict EvaluateLook(const ProcessIs& c, const LookContext&, const Answers& answers) {
  if (!c.up) {
    Verdict verdict = JudgeDown(c.host, c.unit, c.port, answers[0], answers[1], 1);
    if (verdict.state != Verdict::State::kHolds) return verdict;
    return Holds(fmt::format("{} on {} is down", c.unit, c.host));
  }
  const std::string_view state = UnitProperty(answers[0].body, "ActiveState");
  if (answers[0].ok() && state == "active" && answers[1].ok()) {
    return Holds(fmt::format("{} on {} is up", c.unit, c.host));
  }
  return Fails(1, fmt::format("{} on {} is not up", c.unit, c.host));
}

void AppendLookQueries(const DrainersPast& c, const LookContext& context, Queries* out) {
  for (const std::size_t index : c.drainers) {
    const Process& drainer = context.cluster.new_drainers[index].process;
    out->push_back(port::HttpGet{drainer.host, drainer.port, "/status"});
  }
}
Verdict EvaluateLook(const DrainersPast& c, const LookContext& context, const Answers& answers) {
  const Tso bound = context.facts.TsoOf(c.fact);
  for (std::size_t i = 0; i < c.drainers.size(); ++i) {
    const std::string& name = context.cluster.new_drainers[c.drainers[i]].process.name;
    const Result<ClusterDrainerStatus> status = ParseClusterDrainerStatus(answers[i]);
    if (!status) return Unknown(1, fmt::format("{}: {}", name, status.error().message));
    if (status->pump_pos.size() < context.cluster.new_pumps.size()) {
      return Fails(2, fmt::format("{} merges {} of {} new Pumps", name, status->pump_pos.size(),
                                  context.cluster.new_pumps.size()));
    }
    if (status->last_ts <= bound) {
      return Fails(3, fmt::format("the checkpoint of {} ({}) is not past {} ({})", name,
                                  status->last_ts, c.fact, bound));
    }
  }
  return Holds(fmt::format("{} new Drainer{} past {}", c.drainers.size(),
                           c.drainers.size() == 1 ? " is" : "s are", c.fact));
}

namespace {

template <typename Visit>
void EachRetired(const Cluster& cluster, Visit visit) {
  for (const Drainer& drainer : cluster.old_drainers) visit(drainer.process);
  for (const Pump& pump : cluster.old_pumps) visit(pump.process);
  for (const Process* process : RetiredBystanders(cluster)) visit(*process);
}

}  // namespace

void AppendLookQueries(const Retired&, const LookContext& context, Queries* out) {
  EachRetired(context.cluster, [&](const Process& process) { AskDown(process, out); });
}
Verdict EvaluateLook(const Retired&, const LookContext& context, const Answers& answers) {
  Verdict result = Holds("every retired unit is inactive and its port refuses");
  std::size_t i = 0;
  EachRetired(context.cluster, [&](const Process& process) {
    Verdict verdict = JudgeDown(process.host, process.unit, process.port, answers[2 * i],
                                answers[2 * i + 1], static_cast<int>(i));
    ++i;
    if (result.state == Verdict::State::kHolds && verdict.state != Verdict::State::kHolds) {
      result = std::move(verdict);
    }
  });
  return result;
}

}  // namespace tidegate::engine
