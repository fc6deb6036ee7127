// TiDB as a writer of binlogs: two-phase commit with an awaited prewrite binlog and a
// fire-and-forget commit binlog, DDL jobs, the failure policy, and the two ways to a Pump: a unix
// socket (Kafka era, and still honoured by cluster-era TiDB) or the pump client. Source: TiDB
// store/tikv/2pc.go, sessionctx/binloginfo/binloginfo.go, ddl/ddl_worker.go; tidb-tools
// pump_client.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world.h"
#include "sim/world/node_log.h"
#include "sim/world/service.h"
#include "sim/world/tidb_pumps.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {

/// Can this release write to the cluster version's Pumps? From v2.0.8-binlog and v2.1.0-rc.5 on.
bool TidbSpeaksCluster(std::string_view version);

class Tidb final : public Node {
 public:
  Tidb(World& world, NodeId id);

  void OnStart() override;
  void OnStopSignal() override;
  void OnKilled() override;
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  void OnMessage(const Envelope& envelope) override;
  void OnSendFailed(const Envelope& envelope, SendFailure failure) override;
  HttpResponse OnHttp(const HttpRequest& request) override;
  engine::port::Answer OnSql(std::string_view statement) override;
  bool Pending() const override { return !open_.empty() || !jobs_.empty(); }

  /// Runs the engine's `create table NAME`; Control::SqlDone(action) is called when it has ended.
  void RunMarker(std::uint16_t table, const std::string& name, std::uint64_t action);
  bool OnFault(const FaultPlan& fault, bool heal) override;
  const NodeLog* Log() const override { return &log_; }
  bool listening() const { return listening_; }

 private:
  static constexpr Duration kDdlStepDelay = 200 * kMillisecond;  ///< one schema state change
  static constexpr Duration kSweepInterval = kSecond;  ///< looks for writes without an answer
  static constexpr Duration kRetryPause =
      1 * kSecond;  ///< binloginfo.go, pump_client: between tries

  enum Timer : What {
    kRetryWrite = 1,
    kHeldCommit,
    kDdlStep,
    kStopDeadline,
    kLookForJobs,
    kSweep,
    kProbePumps,
  };

  struct Open {
    std::uint32_t body = 0;
    NodeId pump = kNoNode;
    std::int64_t tries = 0;
    std::int64_t last_resorts = 0;   ///< unusable Pumps that were tried
    std::uint32_t awaited_send = 0;  ///< number of the send whose answer is awaited; 0: none
    Time first_try = 0;
    Tso commit_ts = 0;  ///< set once committed: what is retried then is the commit binlog
    Duration hold = 0;
    bool roll_back = false;
    std::int64_t ddl_job_id = 0;
    bool oversized = false;
  };
  struct Sent {  // a write to a Pump, until its time-out has passed
    Time at = 0;
    Tso start_ts = 0;
    std::uint32_t number = 0;
  };
  struct Job {  // a DDL job that this TiDB, as its owner, is working at
    std::int64_t id = 0;
    std::uint16_t table = 0;
    bool cancelled = false;
    std::uint64_t action = 0;
    std::string marker;  ///< name of the engine's table; "" for a client's DDL
  };

  void RunDdl(std::uint16_t table, bool cancelled, std::uint64_t action, std::string marker);
  void BeginTxn(std::uint64_t number);
  void BeginDdl(const Job& job);
  void WritePrewrite(Tso start_ts, Open& open);
  void SendBinlog(Tso start_ts, Open& open, trace::BinlogType type);
  void PrewriteDone(Tso start_ts, bool ok);
  void RetryWrite(Tso start_ts, Open& open);
  void GiveUp(Tso start_ts, Open& open);
  void Commit(Tso start_ts, Open& open);
  void RecordCommit(Tso start_ts, const Open& open, bool unlogged);
  void FinishDdl(const Open& open, bool done);
  void CommitBinlogDone(Tso start_ts, bool ok);
  void EndTxn(Tso start_ts);
  bool TakeAnswer(const Envelope& envelope, bool ok);
  void Sweep();
  engine::port::Answer ChangeState(std::string_view statement, bool pump);
  engine::port::Answer GcLife(std::string_view statement);
  std::string ShowStatus(bool pumps);
  void SetPath(trace::Flavour flavour);
  void ClosePath();
  void Exit(std::string_view reason, trace::DownCause cause, bool failure);

  trace::Flavour flavour_ = trace::Flavour::kOff;
  bool path_open_ = false;
  bool listening_ = false;
  bool stopping_ = false;
  bool ignore_error_ = false;
  bool skipping_ = false;
  bool cluster_release_ = false;
  Duration write_timeout_ = 15 * kSecond;
  boost::unordered_flat_map<Tso, Open> open_;
  TxnDraw draw_;  ///< of the transaction that begins; kept for its memory
  std::vector<Job> jobs_;
  TidbDialect dialect_;
  PumpClient pumps_;
  std::deque<Sent> sent_;  ///< oldest first
  std::uint32_t send_count_ = 0;
  std::int64_t oversized_left_ = 0;
  std::int64_t skipped_commits_ = 0;
  NodeLog log_;
};

}  // namespace tidegate::sim
