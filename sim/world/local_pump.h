// The Pump of the Local version: binlogs in local files, read by Drainers with PullBinlogs. Source:
// tidb-binlog tag rc2.3, pump/{server,registry,binlogger}.go. Nothing of it is in Kafka, so that
// what a Drainer has not pulled is here or nowhere.
#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "sim/dialect.h"
#include "sim/world.h"
#include "sim/world/node_log.h"

namespace tidegate::sim {

class LocalPump final : public Node {
 public:
  LocalPump(World& world, NodeId id);

  void OnStart() override;
  void OnStopSignal() override;
  void OnKilled() override;
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  void OnMessage(const Envelope& envelope) override;
  void OnSendFailed(const Envelope& envelope, SendFailure failure) override;
  HttpResponse OnHttp(const HttpRequest& request) override;
  const NodeLog* Log() const override { return &log_; }
  bool OnFault(const FaultPlan& fault, bool heal) override;

 private:
  enum Timer : What { kHeartbeat = 1, kFake, kPoll, kGc };
  struct File {
    std::int64_t suffix = 0;
    Time written = 0;  ///< last
    std::deque<Binlog> records;
  };
  struct Pull {
    NodeId drainer = kNoNode;
    std::int64_t position = 0;
  };

  bool Register(trace::RegistryState state);
  void NotifyDrainers();
  void Serve();
  void FailStart(std::string_view reason);
  void Heartbeat();
  void Write(const Envelope& envelope);
  void Store(const Binlog& binlog);
  void WriteFake();
  void Answer(const Pull& pull);
  void ServePulls();
  void CollectGarbage();
  std::int64_t End() const;

  NodeLog log_;
  // ---- on disk: survives a kill
  std::deque<File> files_;
  bool socket_left_ = false;  ///< the socket's file, of a process that did not remove it
  // ---- in memory
  const Dialect* dialect_ = nullptr;
  bool serving_ = false;
  bool keeps_socket_ = false;  ///< its run script does not remove a socket's file (fault)
  std::int64_t notifies_open_ = 0;
  std::uint32_t notify_round_ = 0;  // never reset: tells late answers from today's
  bool wrote_since_fake_ = false;
  bool poll_scheduled_ = false;
  Duration fake_interval_ = 3 * kSecond;
  Duration gc_after_ = 0;
  std::int64_t records_per_file_ = 0;
  std::int64_t lose_next_ = 0;  ///< writes that the disk will fail (fault)
  std::vector<Pull> pulls_;     ///< waiting for more
};

}  // namespace tidegate::sim
