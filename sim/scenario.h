// A scenario file: one JSON document that says what cluster, what load, what hurts, how the engine
// is run and what must come out. Reference for people: docs/scenarios.md; for editors and programs:
// scenario.schema.json. What a scenario leaves open ("draw", ranges of fault times) is drawn by the
// seed: Draw() for whatever shapes the cluster, Resolve() (resolve.h) for the rest.
//
// Order of checks: JSON, schema, types and nearest names, impossible values. Each error says
// file:line:column. Nothing is read but the file itself and the captured bodies that it names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/fault_text.h"
#include "sim/run_plan.h"
#include "sim/scenario_captured.h"
#include "sim/scenario_incident.h"
#include "sim/scenario_observed.h"

namespace tidegate::sim {

/// Settings of a Drainer's configuration file. Absent ones stay at the product's default.
struct DrainerSettings {
  std::string sink = "mysql";  ///< mysql, tidb, pb, kafka, old-kafka (the brokers of the old side)
  std::optional<bool> disable_dispatch;
  std::optional<std::int64_t> worker_count;
  std::optional<std::int64_t> txn_batch;
  std::optional<bool> safe_mode;
  std::optional<std::int64_t> synced_check_minutes;
  std::optional<Duration> detect_interval;
  std::vector<std::string> ignore_schemas;
  std::vector<std::string> do_dbs;
  std::vector<std::string> do_tables;
  std::string checkpoint_schema;  ///< "" = tidb_binlog
  std::string sink_of;            ///< shares the sink of this old Drainer ("old-drainer-1")
};

/// A cluster by counts, from which inventory texts are generated (rehearsal/inventory_text.h).
struct ScenarioTopology {
  std::string era = "kafka";  ///< of the old side: kafka, local (then without Kafka and ZooKeeper)
  std::int64_t tidbs = 1;     ///< and as many old Pumps: one beside each TiDB
  std::int64_t kafkas = 1;
  std::int64_t zookeepers = 1;
  std::int64_t old_drainers = 1;
  std::int64_t new_pumps = 1;  ///< "pumps" where they are upgraded in place
  /// Of rolling upgrades: do units start with their host? Those of tidb-ansible do not by default.
  std::optional<bool> units_enabled;
  std::string supervision = "systemd";  ///< of every part: systemd, supervise
  /// Of rolling-ansible: the Drainers' files on the control machine: "same", "stale", "missing".
  std::string control_files = "same";
  /// New Pumps on the hosts of the old ones, with the default homes: they collide.
  bool same_hosts = false;
  bool kafka_carries_foreign = false;
  bool kafka_ours_to_stop = true;
  std::vector<std::string> tidb_addresses;   ///< of the TiDB hosts; made up where there are fewer
  std::optional<std::string> marker_schema;  ///< "" = none; default: the first schema that all want
};

/// What no inventory and no site file says.
struct HiddenParts {
  std::vector<DrainerSettings> old_drainers;  ///< only etcd knows them
  std::int64_t tidbs = 0;                     ///< with their own old Pumps, writing all the time
  std::vector<NodeName> broken;  ///< nodes whose binary exits at once, whatever is installed
  /// By part (pump, drainer, tidb-server): what really lies in the resources folder under the name
  /// of the version that it goes to.
  std::map<std::string, std::string> resources;
};

struct EngineSettings {
  std::string style = "ours";  ///< ours, literal
  std::string gate = "proof";  ///< proof, synced, both
  std::string variant;         ///< a known-bad engine; "" = as it should be
  std::string until;           ///< stop before this step
  Time start = 30 * kSecond;
  Duration write_outage_max = 0;                        ///< 0: what the site file says
  Duration drain_timeout = 0;                           ///< of the gate; 0: the engine's own
  std::vector<std::string> accept;                      ///< risks that the operator accepts
  std::map<std::string, std::string> operator_answers;  ///< by question; others are answered yes
};

struct ExpectedFinding {
  std::string check;
  std::string kind;   ///< loss, exposure, order, liveness; "" = any
  std::string cause;  ///< engine, product, scenario; "" = any
};

struct ExpectedFigure {
  std::string name;
  std::int64_t low = INT64_MIN;
  std::int64_t high = INT64_MAX;
};

/// Events that must have come, and how often.
struct ExpectedEvents {
  EventText text;
  EventTimes times;
};

/// What must come out. `findings` are the roots that must be found; no other root may be.
struct Expectation {
  std::string verdict = "pass";  ///< pass, fail, refused, no-progress, inconclusive
  std::vector<ExpectedFinding> findings;
  std::vector<std::string> premises;  ///< checks whose premise must have held at least once
  std::string refusal;                ///< must be contained in what the engine said
  std::vector<ExpectedFigure> figures;
  std::vector<ExpectedEvents> events;
};

/// The same scenario under another engine, with its own expectation.
struct ScenarioVariant {
  std::string name;
  EngineSettings engine;  ///< complete: what the variant does not say is as in the scenario
  Expectation expect;
};

struct Scenario {
  std::string file;  ///< as given, for messages and for finding the files beside it
  std::string text;  ///< with all overrides; what the digest is of
  std::string name;
  std::string description;
  std::optional<Incident> incident;  ///< of the incident library, with what is known about it
  std::string procedure = "kafka-to-cluster";
  std::optional<std::uint64_t> seed;
  bool has_draws = false;  ///< Draw() must be called before anything else is done with it

  // The cluster: files (relative ones already joined to the scenario's folder), or counts.
  std::string inventory;
  std::string target;
  std::string site;
  std::optional<ScenarioTopology> topology;
  HiddenParts hidden;

  /// Of the old Pumps and Drainers; "" = kafka-head or local-rc2.3, as the era is.
  std::string old_version;
  std::string new_version;           ///< of the new ones; "" = what the target inventory says
  std::string tidb_from = "v2.0.7";  ///< with `topology`
  std::string tidb_to = "v2.1.0";

  /// What the Drainers' databases are where there is a lab: "memory", or "mariadb", a real one.
  std::string downstream_kind = "memory";

  DrainerSettings drainer;                ///< with `topology`: all old Drainers
  std::vector<DrainerSettings> drainers;  ///< with `topology`: each one; filled up from `drainer`
  std::optional<DrainerSettings> new_drainer;  ///< with `topology`: when it differs from the old
  std::string pump_write_mode = "mixed";
  bool pump_tolerant = true;
  std::string pump_extra_config;  ///< more lines of each Pump's file
  bool tidb_ignore_error = false;

  std::vector<TablePlan> tables;
  WorkloadPlan workload;  ///< without long transactions
  struct LongTransactionText {
    Time at = 0;
    Duration hold = 0;
    NodeName tidb;
  };
  std::vector<LongTransactionText> long_transactions;
  std::vector<FaultText> faults;
  CapturedState captured;             ///< empty when the scenario starts from nothing
  std::vector<Observation> observed;  ///< statuses that a search looks for
  /// The old Drainers have never written a checkpoint. Else each has one of just before the start,
  /// as a pipeline that has been running for months has.
  bool fresh = false;

  EngineSettings engine;
  Expectation expect;
  std::vector<ScenarioVariant> variants;

  Duration latency_min = 100 * kMicrosecond;
  Duration latency_max = 500 * kMicrosecond;
  Duration exec_latency = 200 * kMicrosecond;
  Duration boot_duration = 2 * kSecond;
  Duration kafka_retention = 0;
  Duration dump_duration = 30 * kSecond;  ///< of a full import
  Duration load_duration = 20 * kSecond;
  Duration dump_max = kHour;  ///< what the site file says that they may take
  Duration load_max = kHour;
  bool compare = true;  ///< a hook compares what was loaded
  Duration drain_max = 30 * kMinute;
  Duration run_max = 6 * kHour;
  std::int64_t events_max = 50'000'000;

  /// 16 hex digits over `text`.
  std::string Digest() const;
};

/// One `--set path=value`.
struct Override {
  std::string path;   ///< "workload.transactions", "faults[0].at"
  std::string value;  ///< JSON where it parses as such, else a string
};

/// "path=value". Errors: no '=', an empty path.
Result<Override> ParseOverride(std::string_view text);

/// Changes one value of the JSON document in place; what stands before it keeps its position. A
/// member that is not there is added (the schema refuses unknown ones later). Errors: no JSON, a
/// path through something that is no object or array, an index beyond the end.
Status ApplyOverride(std::string* json_text, std::string_view path, std::string_view value);

/// The published JSON Schema of scenario files.
std::string_view ScenarioSchemaText();

/// Reads a scenario. `file` is used in messages and to find captured bodies.
Result<Scenario> ParseScenario(std::string text, const std::string& file);

/// Reads the file, applies the overrides in order, parses.
Result<Scenario> LoadScenario(const std::string& path, const std::vector<Override>& overrides);

/// The scenario with everything below "draw" drawn by `seed`. The same one when it has no draws.
Result<Scenario> Draw(const Scenario& scenario, std::uint64_t seed);

/// Both ends of every range of "draw": what `tidegate scenario check` adds.
Status CheckDraws(const Scenario& scenario);

}  // namespace tidegate::sim
