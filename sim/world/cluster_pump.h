// A Pump of the cluster era: takes binlogs from TiDBs, sorts them, and streams the commits to every
// Drainer in commit_ts order. It registers itself in etcd and writes a fake binlog when nobody
// writes. (tidb-binlog: pump/server.go, pump/node.go, pump/storage/)
#pragma once

#include <string>
#include <vector>

#include "sim/dialect.h"
#include "sim/world/cluster_config.h"
#include "sim/world/cluster_pump_store.h"
#include "sim/world/node_log.h"
#include "sim/world/pd.h"

namespace tidegate::sim {

class ClusterPump final : public Node {
 public:
  ClusterPump(World& world, NodeId id) : Node(world, id) {}

  void OnStart() override;
  void OnStopSignal() override;
  void OnKilled() override;
  bool Listening() const override { return listening_; }
  HttpResponse OnHttp(const HttpRequest& request) override;
  const NodeLog* Log() const override { return &log_; }
  bool Pending() const override;
  bool OnFault(const FaultPlan& fault, bool heal) override;
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  void OnMessage(const Envelope& envelope) override;
  void OnSendFailed(const Envelope& envelope, SendFailure failure) override;

 private:
  enum Timer : What {
    kHeartbeat = 1,
    kFakeTick,
    kPush,
    kRetryPush,
    kCollect,
    kLagCheck,
    kResolve,
    kNotifyDeadline,
    kNotifyRetry,
    kClose,
    kOfflineTick,
    kRegisterRetry,
  };

  /// One PullBinlogs stream (cluster_wire.h).
  struct Stream {
    NodeId drainer = kNoNode;
    std::uint32_t number = 0;
    Tso last = 0;               ///< commit_ts of the last binlog that was sent
    std::int64_t next = 0;      ///< number of the next batch
    std::int64_t consumed = 0;  ///< batches that the Drainer took
    bool broken = false;        ///< a batch did not arrive; sent again after a while
  };

  /// A Drainer that has to answer a Notify before the start is done.
  struct Notice {
    NodeId drainer = kNoNode;
    std::int32_t attempts = 0;
    bool done = false;
  };

  // ---- life (cluster_pump.cc)
  bool Register();
  void TryRegister();
  void Registered();
  void BeginNotify();
  void SendNotice(std::size_t index);
  void NotifyFailed(std::string_view why);
  void OnNotifyFailure(std::size_t index);
  void OnNotifyDone(const Envelope& envelope);
  bool WriteRegistry();
  void Heartbeat();
  void Pause(trace::DownCause cause, std::string_view reason);
  void BeginClose(bool offline);
  void CommitStatus(trace::RegistryState state);
  void OfflineTick();
  bool SafeToOffline();
  bool DrainersHaveConsumed();
  void TellProgress();
  void TellWaiting();
  void End(trace::DownCause cause, std::string_view reason, bool failure);
  void EndBeforeLogging(std::string_view reason);
  void ForgetMemory();

  // ---- writing (cluster_pump_write.cc)
  void OnWrite(const Envelope& envelope);
  WriteResult Write(const Binlog& binlog, NodeId writer);
  bool WriteFake();
  bool DiskTakes(trace::BinlogType type);
  void AfterAppend();
  void Resolve();
  void CommitResolved(const Binlog& prewrite, Tso commit_ts);
  enum class Fate : std::uint8_t { kWait, kCommitted, kRolledBack };
  Fate FateOf(const Binlog& prewrite, Tso* commit_ts);
  Tso ApproachTs() const;
  bool GcPoint(Tso* out);
  void Collect();
  void CheckLag();

  // ---- streams (cluster_pump_stream.cc)
  void OnPull(const Envelope& envelope);
  void OpenStream(NodeId drainer, std::uint32_t number, Tso after);
  void ReportPurged(Tso after);
  bool Push(Stream* stream);
  void PushAll();
  void EndUnreadable();
  void PushSoon();
  void OnBatchLost(const Envelope& envelope, SendFailure failure);
  void EndStreams();

  // ---- HTTP (cluster_pump_http.cc)
  std::string Metrics() const;
  HttpResponse Debug(const HttpRequest& request);
  std::string MvccText(Tso start_ts);

  // Survives the process.
  ClusterPumpStore store_;

  // Memory of the process.
  const Dialect* dialect_ = nullptr;
  ClusterPumpConfig config_;
  trace::RegistryState state_ = trace::RegistryState::kAbsent;
  trace::TextId key_text_ = 0;
  bool running_ = false;
  bool listening_ = false;
  bool closing_ = false;
  std::int32_t register_attempts_ = 0;
  trace::RegistryState previous_ = trace::RegistryState::kAbsent;  // in etcd, before this start
  bool has_tables_ = false;  // the index was there at the start, and is in files by now
  Time started_ = 0;
  Tso start_ts_ = 0;
  std::vector<Notice> notices_;
  std::uint32_t notify_round_ = 0;  // never reset: tells late answers from today's
  std::uint64_t write_rpcs_ = 0;
  std::uint64_t write_rpcs_seen_ = 0;  // at the last fake tick
  bool wrote_fake_ = false;            // since its start
  std::int64_t lost_count_ = 0;
  std::int64_t writes_to_fail_ = 0;
  std::int64_t acks_to_lose_ = 0;
  bool disk_full_ = false;  // the host's, so it outlives the process
  bool short_write_next_ = false;
  bool offsets_shifted_ = false;  // everything that is written lands where nobody looks for it
  bool disk_alerted_ = false;
  bool unreadable_alerted_ = false;
  bool orphan_alerted_ = false;
  Tso blocked_ = 0;  // start_ts that the sorter waits at
  Time blocked_since_ = 0;
  bool resolve_armed_ = false;
  std::vector<Stream> streams_;
  Time pushed_at_ = 0;
  bool push_armed_ = false;
  std::int64_t lag_count_ = 0;
  bool lag_alerted_ = false;
  Tso last_fake_ts_ = 0;
  Tso offline_after_ = 0;  // of the offline procedure: the fake that must be sorted
  Tso offline_until_ = 0;  // what every Drainer must have consumed; 0: not known yet
  std::vector<const RegistryRecord*> list_;
  NodeLog log_;
  Time told_at_ = 0;  // when the log last said how far it is
};

}  // namespace tidegate::sim
