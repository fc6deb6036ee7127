// The Drainer of the old side, Kafka or Local: the collector's loop, its deposit window and its
// status (tidb-binlog branch kafka: drainer/{collector,window,server,status}.go; tag rc2.3: the
// same files). What differs in shape is its transport.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/dialect.h"
#include "sim/world.h"
#include "sim/world/kafka_source.h"
#include "sim/world/kafka_syncer.h"

namespace tidegate::sim {

struct RegistryRecord;

class KafkaDrainer final : public Node {
 public:
  KafkaDrainer(World& world, NodeId id);

  void OnStart() override;
  void OnStopSignal() override;
  void OnKilled() override;
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  void OnMessage(const Envelope& envelope) override;
  void OnSendFailed(const Envelope& envelope, SendFailure failure) override;
  HttpResponse OnHttp(const HttpRequest& request) override;
  const NodeLog* Log() const override { return &log_; }
  bool Pending() const override;

 private:
  enum Timer : What { kTick = 1, kHeartbeat = 2, kSeek = 3 };

  /// The status as it was built at the end of the last tick; /status shows it until the next.
  struct Snapshot {
    bool built = false;
    bool synced = false;
    Tso upper = 0;
    Tso lower = 0;
    std::vector<std::pair<std::string, std::int64_t>> pump_pos;
  };

  struct Notifier {
    NodeId pump = kNoNode;
    std::uint32_t round = 0;
  };

  void Tick();
  bool UpdatePumps();
  void UpdatePump(const RegistryRecord& record);
  void AddSource(const RegistryRecord& record);
  void ForgetGone(const std::vector<const RegistryRecord*>& pumps);
  void Collect();
  void Publish();
  void MoveLower();
  void FinishTick();
  void BuildSnapshot(Tso lower, Tso upper);
  bool PromisedSynced() const;
  KafkaSource* Find(NodeId pump);
  SourceView View() const { return {latest_ts_, window_lower_}; }
  void ForgetAll();
  void AnswerNotifiers(bool failed);
  void ResetIfGone();

  NodeLog log_;
  const Dialect* dialect_ = nullptr;
  std::unique_ptr<OldTransport> transport_;
  Duration detect_interval_ = 10 * kSecond;
  Duration synced_check_ = 5 * kMinute;
  std::unique_ptr<KafkaSyncer> syncer_;
  std::vector<std::unique_ptr<KafkaSource>> sources_;
  std::vector<NodeId> offlines_;
  Tso latest_ts_ = 0;
  Tso window_upper_ = 0;
  Tso window_lower_ = 0;
  Tso lower_candidate_ = 0;
  std::vector<ReadyTxn> publishing_;  ///< merged; handed to the syncer from publishing_at_ on
  std::size_t publishing_at_ = 0;
  bool in_tick_ = false;
  NodeId seeking_ = kNoNode;  ///< the Pump in whose empty topic a place is being looked for
  std::int64_t tick_count_ = 0;
  bool detect_failed_ = false;  ///< at the last tick: what there is to read is not known
  bool tick_again_ = false;
  std::vector<Notifier> notifiers_;  ///< Notifies that wait for the tick's end
  Snapshot snapshot_;
};

}  // namespace tidegate::sim
