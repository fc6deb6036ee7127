// A RunPlan is a scenario with every choice made: no defaults, no draws left. Printing it is enough
// to reproduce a run. It is built by resolve.h and never changed afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/role.h"
#include "base/time.h"
#include "base/tso.h"
#include "trace/event.h"
#include "trace/header.h"

namespace tidegate::sim {

/// One process slot. Its index in RunPlan::nodes is its NodeId; slots of parts that the upgrade
/// deploys exist from the start, with nothing installed.
struct NodePlan {
  trace::NodeInfo info;          ///< name, role, era, host, port, unit, data_dir, sink, sides
  std::string binary_path;       ///< the unit runs this file
  std::string config_path;       ///< and reads this one when it starts
  std::string version;           ///< installed at the start; "" = nothing installed
  std::string config;            ///< content at config_path at the start
  std::string control_path;      ///< of its configuration on the control machine; "" = none there
  std::string control_config;    ///< content there, which a playbook puts in its place
  bool running = false;          ///< at the start
  bool enabled = false;          ///< unit starts with the host
  std::int64_t status_port = 0;  ///< of a TiDB (10080)
  std::string etcd_id;  ///< node id in the registry: "host:8250"; of a downstream: its sink's name
  NodeId local_pump = kNoNode;     ///< of a Kafka-era TiDB: the Pump behind its socket
  std::int64_t fail_to_start = 0;  ///< 1: the binary exits at once, whatever the reason
  /// What lies in the resources folder under its target version's name; "" = that version.
  std::string delivered = {};
};

struct TablePlan {
  std::string schema;
  std::string name;
  bool has_key = true;
  std::int64_t key_count = 1000;   ///< keys are drawn from [1, key_count]
  std::int64_t weight = 1;         ///< share of the workload's rows
  bool marker = false;             ///< the slot for the engine's marker table
  std::vector<NodeId> sinks = {};  ///< downstreams that the old side lets its rows through to
};

struct WorkloadPlan {
  std::int64_t transactions = 0;  ///< how many clients try to commit, in all
  Time start = 0;
  Duration interval = 10 * kMillisecond;  ///< between transactions of the whole cluster
  std::int64_t rows_max = 3;              ///< rows per transaction: drawn from [1, rows_max]
  std::int64_t multi_table_permille = 200;
  std::int64_t rollback_permille = 10;
  std::int64_t delete_permille = 100;
  std::int64_t hot_key_permille = 100;  ///< updates of ten hot keys, from whichever TiDB
  std::int64_t ddl_count = 0;           ///< spread over the workload's time
  std::int64_t cancelled_ddl_count = 0;
  /// Transactions that stay open long: their prewrite is logged at `at`, they commit `hold` later.
  struct LongTransaction {
    Time at = 0;
    Duration hold = 0;
    NodeId tidb = kNoNode;
  };
  std::vector<LongTransaction> long_transactions;
  /// Transactions after the upgrade: clients go on for so long after the engine ended.
  Duration tail = 10 * kSecond;
};

/// Messages that were in Kafka when the state was captured: between saved position and log end.
struct BacklogPlan {
  NodeId pump = kNoNode;
  std::int64_t first_offset = 0;  ///< saved position
  std::int64_t end_offset = 0;    ///< log end
};

enum class FaultKind : std::uint8_t {
  kKill,              ///< SIGKILL of `node`; comes back by its supervisor or `heal_after`
  kRestart,           ///< clean stop and start of `node`
  kStop,              ///< clean stop of `node`; started again at heal
  kPartition,         ///< between `node` and `peer`
  kHang,              ///< `node` stops answering until healed (black hole)
  kSlowDownstream,    ///< each execution at `node` takes `amount` ns more
  kHungDownstream,    ///< executions at `node` do not return until healed
  kKafkaUnreachable,  ///< nobody reaches `node` (a broker)
  kRetention,         ///< `node` deletes the topic of `peer` up to its end minus `amount` messages
  kPdNoTso,           ///< `node` answers no TSO; etcd answers
  kClockJump,         ///< the host clock of `node` jumps by `amount` ns
  kEngineCrash,    ///< the engine dies at its output `amount` (0: when fired), `detail`: CrashPoint
  kLoseBinlogs,    ///< the Pump `node` fails its next `amount` local writes (tolerated or not)
  kStartNode,      ///< an operator starts `node` by hand
  kRegistryStale,  ///< an old-side Drainer entry of `peer` appears in the registry, alive, no
                   ///< process
  kPdTsoBack,      ///< PD restored: TSO goes back by `amount` ns
  kPartitionOneWay,    ///< what `node` sends to `peer` does not arrive
  kDelay,              ///< messages between `node` and `peer` take `amount` ns more
  kFailingDownstream,  ///< the next `amount` executions at `node` end with an error
  kLoseAcks,           ///< `node` does what it is asked, and its next `amount` answers are lost
  kDiskFull,           ///< the disk of the Pump `node`
  kShortWrite,         ///< the next write of the Pump `node` ends half-way
  kPowerLoss,          ///< SIGKILL of `node`, and its newest `amount` unsynced writes are gone
  kUncleanLeader,      ///< `node` loses the last `amount` messages of the topic of `peer`
  kReorderTail,        ///< `node` has the last `amount` messages of the topic of `peer` reversed
  kEtcdDown,           ///< `node` gives timestamps, and its etcd does not answer
  kStalePump,     ///< a cluster Pump's entry in `detail` (RegistryState) of a host that is gone
  kStaleDrainer,  ///< the same of a cluster Drainer
  kDuplicateId,   ///< from its next start on `node` registers under the id of `peer`
  kNewIdentity,   ///< from its next start on `node` registers under another id (.node was lost)
  kOversized,     ///< the next `amount` transactions of the TiDB `node` are larger than Kafka takes
  kUpdateState,   ///< binlogctl update-*: the entry of `node` says `detail` (RegistryState)
  kPutState,      ///< PUT /state by hand at `node`; `detail` 0: pause, 1: close
  kOldBinary,     ///< `node` is started again on the version that it had at the start
  kReboot,        ///< the host of `node`: all processes die, enabled units come back at heal
  kSendSigkill,   ///< the unit of `node` has SendSIGKILL=yes from now on
  kRegistryGarbage,  ///< an entry of an old Pump that nobody can decode
  kKeepSocket,  ///< the run script of the old Pump `node` leaves a killed one's socket file there
  kCount,
};

/// When a fault fires: at a virtual time, or `after` the nth event that matches.
struct FaultTrigger {
  bool on_event = false;
  Time at = 0;  ///< when !on_event
  trace::EventKind event = trace::EventKind::kCount;
  NodeId node = kNoNode;         ///< event.node must be it, when given
  std::int64_t match_code = -1;  ///< event.code must be it, when >= 0
  std::string match_text;        ///< must be contained in the event's text, when given
  std::int64_t nth = 1;
  Duration after = 0;
};

struct FaultPlan {
  FaultKind kind = FaultKind::kKill;
  FaultTrigger trigger;
  NodeId node = kNoNode;
  NodeId peer = kNoNode;
  std::int64_t amount = 0;
  std::int64_t detail = 0;
  Duration heal_after = 0;  ///< 0: at the end of the workload phase
  std::string description;  ///< as in the scenario: "kill tidb-1 at 30s"
};

struct RunPlan {
  std::string scenario;
  std::string scenario_digest;
  std::uint64_t seed = 0;
  std::string procedure = "kafka-to-cluster";
  std::int64_t epoch_ms = 0;  ///< PD's physical clock at time 0
  std::uint64_t cluster_id = 0;
  std::vector<NodePlan> nodes;
  std::vector<TablePlan> tables;
  WorkloadPlan workload;
  std::vector<FaultPlan> faults;
  std::vector<BacklogPlan> backlog;
  Tso saved_commit_ts = 0;  ///< what the old checkpoints say at the start; 0: none
  Time engine_start = 0;    ///< when the engine is attached
  Duration latency_min = 100 * kMicrosecond;
  Duration latency_max = 500 * kMicrosecond;
  Duration exec_latency = 200 * kMicrosecond;  ///< of one downstream transaction
  Duration kafka_retention = 0;                ///< 0: nothing expires in this run
  Duration boot_duration = 2 * kSecond;        ///< from start to serving, of any process
  bool full_import = false;                    ///< a full import: TiKV keeps versions of rows
  Duration dump_duration = 30 * kSecond;       ///< of the operator's dump and load
  Duration load_duration = 20 * kSecond;
  Duration drain_max = 30 * kMinute;  ///< bound of the last phase
  Duration run_max = 6 * kHour;
  std::int64_t events_max = 50'000'000;
  std::vector<std::string> operator_answers;  ///< "question=answer"; a rehearsal says yes otherwise
};

}  // namespace tidegate::sim
