// A Drainer of the cluster era: pulls from every Pump that etcd lists, merges by commit_ts, applies
// to its sink and saves a checkpoint. It knows only what etcd, PD, TiKV, the Pumps and its sink
// tell it. (tidb-binlog: drainer/server.go, collector.go, merge.go, syncer.go)
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "sim/dialect.h"
#include "sim/world/cluster_config.h"
#include "sim/world/cluster_drainer_loader.h"
#include "sim/world/cluster_drainer_merge.h"
#include "sim/world/node_log.h"
#include "sim/world/pd.h"

namespace tidegate::sim {

class ClusterDrainer final : public Node {
 public:
  ClusterDrainer(World& world, NodeId id) : Node(world, id), loader_(world, id) {}

  void OnStart() override;
  void OnStopSignal() override;
  void OnKilled() override;
  HttpResponse OnHttp(const HttpRequest& request) override;
  const NodeLog* Log() const override { return &log_; }
  bool Pending() const override;
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  void OnMessage(const Envelope& envelope) override;
  void OnSendFailed(const Envelope& envelope, SendFailure failure) override;

 private:
  enum Timer : What {
    kHeartbeat = 1,
    kDetect,     ///< a: which one; an earlier one is void
    kReconnect,  ///< a: number of the broken stream
    kDdlRetry,
    kClose,  ///< a: 1 offline, 0 paused
    kDrainLimit,
  };

  // ---- life (cluster_drainer.cc)
  bool WriteRegistry();
  void Heartbeat();
  void BeginClose(trace::RegistryState state, bool by_signal);
  void FinishClose();
  void Fatal(std::string_view reason);
  void StopWithError(std::string_view reason, bool reported = true);
  bool JudgeKafka();
  void End(trace::DownCause cause, std::string_view reason, bool failure);
  void EndBeforeLogging(std::string_view reason);
  void ForgetMemory();

  // ---- Pumps (cluster_drainer_collect.cc)
  bool Collect();
  void CollectOne(const RegistryRecord& record);
  void Connect(ClusterSource* source);
  void Disconnected(ClusterSource* source);
  void OnPulled(const Envelope& envelope);
  void Acknowledge();
  void ProbeSilentStreams();

  // ---- publishing (cluster_drainer_sync.cc)
  void Advance();
  void Publish(const Binlog& binlog);
  void PublishTxn(const Binlog& binlog);
  void TryDdl();
  void DropUnordered(const Binlog& binlog, ClusterMerge::Next verdict);

  // ---- checkpoint (cluster_drainer_checkpoint.cc)
  bool LoadCheckpoint(std::string* error);
  void AdoptCheckpoint(Tso stored);
  void MaybeSave();
  void Save(bool consistent);
  void SendSave();
  void RepeatLostSave();
  void OnSaved(Tso commit_ts, bool failed);
  void TakeTsMap(Tso commit_ts);
  std::string TsMapJson() const;
  std::string CheckpointBody(Tso commit_ts, bool consistent) const;

  bool SyncedNow() const;
  std::string Metrics() const;

  const Dialect* dialect_ = nullptr;
  ClusterDrainerConfig config_;
  trace::RegistryState state_ = trace::RegistryState::kAbsent;
  trace::TextId key_text_ = 0;
  bool running_ = false;
  bool closing_ = false;
  bool close_by_signal_ = false;
  bool half_dead_ = false;  // its syncer has ended, its process has not
  Time kafka_lost_at_ = 0;  // its syncer gave up on Kafka then, and closes; 0: it did not
  Time started_ = 0;
  Tso start_ts_ = 0;
  std::int32_t heartbeat_failures_ = 0;
  std::vector<const RegistryRecord*> list_;

  ClusterMerge merge_;
  std::uint32_t streams_opened_ = 0;  // never reset: numbers are not used twice
  std::uint64_t detect_round_ = 0;
  bool ticked_ = false;
  bool synced_ = false;  // of the last tick's snapshot
  std::vector<std::pair<std::string, Tso>> pump_pos_;

  ClusterLoader loader_;
  std::vector<Job> jobs_;  // of the transaction in hand
  Binlog ddl_;             // waits for its history job when ddl_waits_
  bool ddl_waits_ = false;
  std::int32_t ddl_attempts_ = 0;
  std::deque<NodeLog::Said> ddls_;  // handed on, and not said to be done
  Tso last_real_ts_ = 0;            // of the last transaction that was handed on
  std::int64_t disorder_count_ = 0;
  std::int64_t schema_version_ = 0;

  Tso saved_ts_ = 0;
  Tso saving_ts_ = 0;
  bool saving_ = false;
  bool save_was_cut_ = false;
  bool final_save_ = false;
  Time saved_at_ = 0;
  std::string savepoint_path_;
  Tso map_primary_ts_ = 0;  // ts-map of the checkpoint, for a sink that is a TiDB
  Tso map_secondary_ts_ = 0;
  Time map_taken_at_ = 0;
  NodeLog log_;
};

}  // namespace tidegate::sim
