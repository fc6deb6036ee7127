// A whole small cluster of the Kafka era on the loopback net, for binlog-upgrade as it is shipped:
// an inventory, a target and a site file; a stub unit for each process; and behind each unit that
// is active a server that answers as that process would. PD's clock is a counter that goes on by
// half a second with each time that somebody asks.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/tso.h"
#include "engine/real/spawn.h"
#include "tests/contract/loopback_server.h"
#include "tests/contract/stub_world.h"

namespace tidegate::test {

class UpgradeWorld {
 public:
  UpgradeWorld();
  UpgradeWorld(const UpgradeWorld&) = delete;
  UpgradeWorld& operator=(const UpgradeWorld&) = delete;
  ~UpgradeWorld();

  StubWorld& stubs() { return stubs_; }
  /// `binlog-upgrade VERB` with the inputs of this cluster and `more`.
  engine::CommandResult Run(const std::string& verb, std::vector<std::string> more = {});

  /// `tidegate watch` with the inputs of this cluster and `more`.
  engine::CommandResult Watch(std::vector<std::string> more);
  /// "GET /status" of each request to a server that still listens. REQUIRES: no unit moves.
  std::vector<std::string> Requests() const;

  /// Every file below the world's folder with its content and mode, but for the server's own.
  std::map<std::string, std::string> Tree() const;

  // Units, by who is in them.
  std::string tidb_unit;
  std::string new_pump_unit;
  std::string new_drainer_unit;
  std::string old_pump_unit = "pump.service";
  std::string old_drainer_unit = "drainer.service";

 private:
  struct Listener {
    std::string unit;  ///< "" = always there
    std::string host;
    std::int64_t port = 0;
    LoopbackServer::Handler handler;
    std::unique_ptr<LoopbackServer> server = nullptr;
  };

  void Deploy();
  void WriteInputs();
  void Supervise();
  Tso Now() { return ComposeTso(1'540'000'000'000 + 500 * ++ticks_, 1); }
  bool Active(const std::string& unit) const { return stubs_.StateOf(unit) == "active"; }
  Reply Tidb(const std::string& target);
  Reply OldDrainer(const std::string& target);
  Reply NewPump();
  Reply NewDrainer();
  Reply Registry();

  StubWorld stubs_;
  std::int64_t tidb_port_ = 0;
  std::int64_t tidb_status_port_ = 0;
  std::int64_t old_pump_port_ = 0;
  std::int64_t old_drainer_port_ = 0;
  std::int64_t new_pump_port_ = 0;
  std::int64_t new_drainer_port_ = 0;
  std::int64_t pd_port_ = 0;
  std::int64_t kafka_port_ = 0;
  std::int64_t zookeeper_port_ = 0;
  std::atomic<std::int64_t> ticks_ = 0;
  std::vector<Listener> listeners_;
  std::atomic<bool> stop_ = false;
  std::jthread supervisor_;
};

}  // namespace tidegate::test
