// The Kafka-era Pump: a local file and an asynchronous push to Kafka (write-mode mixed), or Kafka
// alone (write-mode kafka). Source: tidb-binlog branch kafka, pump/{server,proxy_binlogger,
// kafka_binlogger,node,meta,status}.go.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "sim/dialect.h"
#include "sim/world.h"
#include "sim/world/node_log.h"

namespace tidegate::sim {

class KafkaPump final : public Node {
 public:
  KafkaPump(World& world, NodeId id);

  void OnStart() override;
  void OnStopSignal() override;
  void OnKilled() override;
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  void OnMessage(const Envelope& envelope) override;
  void OnSendFailed(const Envelope& envelope, SendFailure failure) override;
  HttpResponse OnHttp(const HttpRequest& request) override;
  bool OnFault(const FaultPlan& fault, bool heal) override;
  bool Pending() const override;
  const NodeLog* Log() const override { return &log_; }

 private:
  enum Timer : What { kHeartbeat = 1, kFake, kWalk, kOpenKafka, kFlushPoll, kCheckpoint, kGc };
  enum class Phase : std::uint8_t { kDown, kNotifying, kOpening, kServing, kFlushing };

  void ReadConfig();
  bool Register(bool offline);
  void NotifyDrainers();
  void NotifyFailed(const std::string& drainer = {});
  void OpenKafka();
  void Serve();
  void FailStart(std::string_view reason);

  void Write(const Envelope& envelope);
  void Store(const Binlog& binlog);
  void AppendToFile(const Binlog& binlog);
  void CollectGarbage();
  void Tear(std::int64_t count);
  std::int64_t ForwardableEnd();
  void Push();
  void Produced(const Envelope& envelope);
  void ProduceFailed(const Envelope& envelope);
  void WriteFake();
  void Heartbeat();
  void FinishClose();
  PositionForm form() const { return dialect_->position_form; }
  std::int64_t FileEnd() const { return static_cast<std::int64_t>(file_.size()); }

  struct File {
    std::int64_t first = 0;  ///< its first record, as an index of file_
    Time written = 0;        ///< last
    Time begun = 0;
    std::int64_t number = 0;
  };

  NodeLog log_;
  // ---- on disk: survives a kill
  std::vector<Binlog> file_;           ///< the local binlog files; a position is an index
  std::vector<File> files_;            ///< those that are there
  std::vector<std::int64_t> torn_;     ///< records that a crash tore, ascending
  bool socket_left_ = false;           ///< the socket's file, of a process that did not remove it
  std::int64_t saved_checkpoint_ = 0;  ///< persisted at most every 3 s
  // ---- in memory
  Phase phase_ = Phase::kDown;
  const Dialect* dialect_ = nullptr;
  bool mixed_ = true;
  bool tolerant_ = true;
  std::int64_t direct_resends_max_ = 0;
  Duration fake_interval_ = 3 * kSecond;
  Duration gc_after_ = 0;
  std::int64_t records_per_file_ = 0;
  bool one_array_ = false;     ///< batches are arrays of records (kafka-version from 0.11 on)
  bool keeps_socket_ = false;  ///< its run script does not remove a socket's file (fault)
  bool wrote_since_fake_ = false;
  bool push_in_flight_ = false;
  std::int64_t acked_ = 0;      ///< file position up to which Kafka has everything
  std::int64_t kafka_end_ = 0;  ///< topic end offset as last acknowledged
  std::int64_t open_tries_ = 0;
  std::int64_t notifies_open_ = 0;
  std::uint32_t notify_round_ = 0;  // never reset: tells late answers from today's
  std::int64_t lose_next_ = 0;      ///< writes that the disk will fail (fault)
  std::int64_t lost_count_ = 0;     ///< binlog_pump_loss_binlog_count
  std::int64_t torn_count_ = 0;     ///< binlog_pump_corruption_binlog_count
  struct Direct {
    NodeId tidb;
    Binlog binlog;
  };
  std::deque<Direct> direct_;  ///< write-mode kafka: waiting for the broker, in order
};

}  // namespace tidegate::sim
