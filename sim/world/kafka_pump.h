// The Kafka-era Pump: a local file and an asynchronous push to Kafka (write-mode mixed), or Kafka
// alone (write-mode kafka). Source: tidb-binlog branch kafka, pump/{server,proxy_binlogger,
// kafka_binlogger,node,meta,status}.go.
#pragma once

#include <deque>
#include <vector>

#include "sim/dialect.h"
#include "sim/world.h"

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

 private:
  enum Timer : What {
    kHeartbeat = 1,
    kFake,
    kWalk,
    kOpenKafka,
    kFlushPoll,
    kCheckpoint,
    kNotifyDeadline
  };
  enum class Phase : std::uint8_t { kDown, kNotifying, kOpening, kServing, kFlushing };

  void ReadConfig();
  bool Register(bool offline);
  void NotifyDrainers();
  void OpenKafka();
  void Serve();
  void FailStart(std::string_view reason);

  void Write(const Envelope& envelope);
  void Store(const Binlog& binlog);
  void AckWrite(NodeId tidb, const Binlog& binlog, bool ok);
  void Push();
  void Produced(const Envelope& envelope);
  void ProduceFailed(const Envelope& envelope);
  void WriteFake();
  void Heartbeat();
  void FinishClose();
  PositionForm form() const { return dialect_->position_form; }
  std::int64_t FileEnd() const { return static_cast<std::int64_t>(file_.size()); }

  // ---- on disk: survives a kill
  std::vector<Binlog> file_;           ///< the local binlog file; a position is an index
  std::int64_t saved_checkpoint_ = 0;  ///< persisted at most every 3 s
  // ---- in memory
  Phase phase_ = Phase::kDown;
  const Dialect* dialect_ = nullptr;
  bool mixed_ = true;
  bool tolerant_ = true;
  std::int64_t direct_resends_max_ = 0;
  Duration fake_interval_ = 3 * kSecond;
  bool wrote_since_fake_ = false;
  bool push_in_flight_ = false;
  std::int64_t acked_ = 0;      ///< file position up to which Kafka has everything
  std::int64_t kafka_end_ = 0;  ///< topic end offset as last acknowledged
  std::int64_t open_tries_ = 0;
  std::int64_t notifies_open_ = 0;
  std::int64_t lose_next_ = 0;   ///< writes that the disk will fail (fault)
  std::int64_t lost_count_ = 0;  ///< binlog_pump_loss_binlog_count
  struct Direct {
    NodeId tidb;
    Binlog binlog;
  };
  std::deque<Direct> direct_;  ///< write-mode kafka: waiting for the broker, in order
};

}  // namespace tidegate::sim
