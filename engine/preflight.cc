#include "engine/preflight.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/parts.h"
#include "engine/version_table.h"

namespace tidegate::engine {
namespace {

using Refusals = std::vector<std::string>;

void CheckVersions(const Cluster& cluster, Refusals* out) {
  const Status pair = CheckPair(cluster.era, cluster.tidb_version, cluster.tidb_target_version);
  if (!pair) out->push_back(pair.error().message);
}

// A Drainer reads TiDB's DDL history and the rows of its system tables: one that is older than TiDB
// may not start, and a Pump of its release goes with it (tidb-binlog issues 1179, 1267; PR 803).
// Releases of one line are made to go together.
void CheckParts(const Cluster& cluster, Refusals* out) {
  const Result<Version> tidb = ParseVersion(cluster.tidb_target_version);
  if (!tidb || tidb->latest) return;
  const auto check = [&](const Process& process) {
    const Result<Version> part = ParseVersion(process.version);
    if (!part || part->latest) return;
    if (std::pair(part->major, part->minor) >= std::pair(tidb->major, tidb->minor)) return;
    out->push_back(fmt::format(
        "{} would run {} beside TiDB {}: parts that are older than TiDB may not know what it "
        "writes "
        "and how it keeps DDL jobs and system tables, and then do not start. Take Pumps and "
        "Drainers of TiDB's release",
        process.name, process.version, cluster.tidb_target_version));
  };
  for (const Pump& pump : cluster.new_pumps) check(pump.process);
  for (const Drainer& drainer : cluster.new_drainers) check(drainer.process);
}

// Each of the two has its own name, so that nobody takes one pipeline for the other.
void CheckProcedure(const Cluster& cluster, const PlanOptions& options, Refusals* out) {
  const bool local = cluster.era == "local";
  if (options.procedure == Procedure::kKafkaToCluster && local) {
    out->emplace_back(
        "this cluster runs the Local version (no Kafka and no ZooKeeper is configured, and its "
        "TiDB "
        "goes with it): use --procedure local-to-cluster");
  }
  if (options.procedure == Procedure::kLocalToCluster && !local) {
    out->emplace_back("this cluster runs the Kafka version: use --procedure kafka-to-cluster");
  }
}

void CheckThere(const Cluster& cluster, Refusals* out) {
  if (cluster.new_pumps.empty()) {
    out->emplace_back("no new Pump is planned: name at least one in the target inventory");
  }
  if (cluster.tidbs.empty()) out->emplace_back("no TiDB is known: name them in the inventory");
  if (cluster.old_drainers.empty()) {
    out->emplace_back(
        "no old Drainer is known, so that nobody could say when the old side is drained: name each "
        "in the site file");
  }
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    if (SuccessorOf(cluster, i) >= cluster.new_drainers.size()) {
      out->push_back(fmt::format(
          "no new Drainer takes over from old Drainer {}: plan one for its sink, or its downstream "
          "ends with the old side",
          cluster.old_drainers[i].process.name));
    }
  }
}

struct Home {
  const Process* process;
  bool is_new;
};

void CheckPairOfHomes(const Home& a, const Home& b, Refusals* out) {
  const Process& x = *a.process;
  const Process& y = *b.process;
  if (x.host != y.host) return;
  const auto refuse = [&](const char* what, const std::string& value) {
    out->push_back(fmt::format("{} and {} would share {} {} on {}: give the new one another",
                               x.name, y.name, what, value, x.host));
  };
  if (x.port == y.port) refuse("port", std::to_string(x.port));
  if (!x.data_dir.empty() && x.data_dir == y.data_dir) refuse("data directory", x.data_dir);
  if (x.unit == y.unit) refuse("unit", x.unit);
  if (!x.binary.empty() && x.binary == y.binary) refuse("binary", x.binary);
  if (!x.config.empty() && x.config == y.config) refuse("configuration file", x.config);
  if (!x.script.empty() && x.script == y.script) refuse("run script", x.script);
}

void CheckHomes(const Cluster& cluster, Refusals* out) {
  std::vector<Home> homes;
  for (const Pump& pump : cluster.old_pumps) homes.push_back({&pump.process, false});
  for (const Drainer& drainer : cluster.old_drainers) homes.push_back({&drainer.process, false});
  for (const Pump& pump : cluster.new_pumps) homes.push_back({&pump.process, true});
  for (const Drainer& drainer : cluster.new_drainers) homes.push_back({&drainer.process, true});
  for (std::size_t i = 0; i < homes.size(); ++i) {
    for (std::size_t j = i + 1; j < homes.size(); ++j) {
      if (homes[j].is_new) CheckPairOfHomes(homes[i], homes[j], out);
    }
  }
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text.empty() ? "nothing" : text;
}

void CheckList(const std::string& from, const std::string& to, const char* what,
               const std::vector<std::string>& before, const std::vector<std::string>& after,
               Refusals* out) {
  if (before == after) return;
  out->push_back(
      fmt::format("{} of {} is {}, of {} it is {}: other rows would reach the sink; make "
                  "them the same",
                  what, from, Joined(before), to, Joined(after)));
}

void CheckSuccessor(const Drainer& old_one, const Drainer& new_one, Refusals* out) {
  const std::string& from = old_one.process.name;
  const std::string& to = new_one.process.name;
  CheckList(from, to, "ignore-schemas", old_one.filters.ignore_schemas,
            new_one.filters.ignore_schemas, out);
  CheckList(from, to, "replicate-do-db", old_one.filters.do_dbs, new_one.filters.do_dbs, out);
  CheckList(from, to, "replicate-do-table", old_one.filters.do_tables, new_one.filters.do_tables,
            out);
  if (old_one.sink.checkpoint_schema != new_one.sink.checkpoint_schema) {
    out->push_back(fmt::format(
        "{} keeps its checkpoint in schema {}, {} would look in {} and not find it: use the same",
        from, old_one.sink.checkpoint_schema, to, new_one.sink.checkpoint_schema));
  }
  if (old_one.sink.name != new_one.sink.name || old_one.sink.type != new_one.sink.type) {
    out->push_back(fmt::format(
        "{} applies to {} ({}), {} would apply to {} ({}): use the same sink", from,
        old_one.sink.name, old_one.sink.type, to, new_one.sink.name, new_one.sink.type));
  }
}

void CheckSink(const Cluster& cluster, const Drainer& drainer, Refusals* out) {
  const std::string& name = drainer.process.name;
  if (drainer.sink.type == "flash") {
    out->push_back(
        fmt::format("{} applies to flash, which the cluster version does not know", name));
  }
  if (drainer.sink.type != "kafka") return;
  for (const Process* process : RetiredBystanders(cluster)) {
    const bool broker = std::any_of(cluster.kafkas.begin(), cluster.kafkas.end(),
                                    [&](const Bystander& b) { return &b.process == process; });
    if (!broker) continue;
    const std::string address = fmt::format("{}:{}", process->host, process->port);
    const std::vector<std::string>& addrs = drainer.sink.kafka_addrs;
    // Without addresses the sink is the upstream Kafka (tidb-binlog kafka: drainer/config.go).
    if (addrs.empty() || std::find(addrs.begin(), addrs.end(), address) != addrs.end()) {
      out->push_back(fmt::format(
          "the sink of {} lives on Kafka {}, which step 7 would stop: say in the site file that it "
          "carries foreign topics, or move the sink",
          name, address));
      return;
    }
  }
}

void CheckGate(const Cluster& cluster, const PlanOptions& options, Refusals* out) {
  if (options.gate != Gate::kBoth) return;
  for (const Drainer& drainer : cluster.old_drainers) {
    if (cluster.era == "local") {
      // tag rc2.3: drainer/collector.go: two timestamps of PD would have to be equal
      out->push_back(
          fmt::format("--gate both: Synced of {} (Local version) is Upper == Lower, which "
                      "does not come true; use --gate proof",
                      drainer.process.name));
    } else if (!SyncedCanRise(drainer)) {
      out->push_back(
          fmt::format("--gate both: Synced of {} ({} with dispatch) can't become true while it is "
                      "healthy, only "
                      "when it is stuck; use --gate proof",
                      drainer.process.name, drainer.sink.type));
    }
  }
}

void CheckRetention(const Cluster& cluster, const PlanOptions& options, Refusals* out) {
  if (cluster.pump_gc < options.drain_timeout) {
    out->push_back(
        fmt::format("new Pumps keep binlogs for {}, and draining may take {}: what is written "
                    "meanwhile could be "
                    "purged before a new Drainer reads it; set a longer gc",
                    FormatDuration(cluster.pump_gc), FormatDuration(options.drain_timeout)));
  }
  if (cluster.era == "kafka" && cluster.kafka_retention < options.drain_timeout) {
    out->push_back(fmt::format(
        "Kafka keeps messages for {}, and draining may take {}: unread ones could be deleted; set "
        "a "
        "longer retention for the Pumps' topics",
        FormatDuration(cluster.kafka_retention), FormatDuration(options.drain_timeout)));
  }
}

}  // namespace

bool SyncedCanRise(const Drainer& drainer) {
  const bool to_database =
      drainer.sink.type == "mysql" || drainer.sink.type == "tidb" || drainer.sink.type == "flash";
  return !to_database || drainer.disable_dispatch;
}

std::vector<std::string> RefusalsOf(const Cluster& cluster, const PlanOptions& options) {
  if (IsRolling(options.procedure)) return RollingRefusalsOf(cluster, options);
  Refusals refusals;
  CheckProcedure(cluster, options, &refusals);
  CheckVersions(cluster, &refusals);
  CheckParts(cluster, &refusals);
  CheckThere(cluster, &refusals);
  CheckHomes(cluster, &refusals);
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    const std::size_t next = SuccessorOf(cluster, i);
    if (next < cluster.new_drainers.size()) {
      CheckSuccessor(cluster.old_drainers[i], cluster.new_drainers[next], &refusals);
    }
    CheckSink(cluster, cluster.old_drainers[i], &refusals);
  }
  if (options.procedure == Procedure::kFullImport) {
    AddImportRefusals(cluster, &refusals);
    return refusals;
  }
  CheckGate(cluster, options, &refusals);
  CheckRetention(cluster, options, &refusals);
  return refusals;
}

std::size_t SuccessorOf(const Cluster& cluster, std::size_t old_drainer) {
  const Drainer& old_one = cluster.old_drainers[old_drainer];
  const auto first = [&](const auto& wanted) {
    const auto found =
        std::find_if(cluster.new_drainers.begin(), cluster.new_drainers.end(), wanted);
    return static_cast<std::size_t>(found - cluster.new_drainers.begin());
  };
  const std::size_t count = cluster.new_drainers.size();
  const std::size_t named =
      first([&](const Drainer& d) { return d.replaces == old_one.process.name; });
  if (named < count) return named;
  const std::size_t same_sink = first(
      [&](const Drainer& d) { return d.replaces.empty() && d.sink.name == old_one.sink.name; });
  return same_sink < count ? same_sink : std::string::npos;
}

}  // namespace tidegate::engine
