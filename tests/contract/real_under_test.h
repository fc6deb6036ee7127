// The real host, on this machine: a journal file, stub programs as commands, a server on the
// loopback as everything that speaks HTTP.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/real/real_host.h"
#include "tests/contract/host_under_test.h"
#include "tests/contract/loopback_server.h"
#include "tests/contract/stub_world.h"

namespace tidegate::test {

class RealUnderTest final : public HostUnderTest {
 public:
  RealUnderTest();
  ~RealUnderTest() override;

  const Places& places() override { return places_; }
  void Run(Script script) override;
  void RunWithCrash(Script first, Cut cut, Script second) override;
  std::vector<std::string> Visible() override { return world_.Visible(); }
  std::vector<engine::port::JournalRecord> Journal() override;

  // -- for cases of the real host alone
  StubWorld& world() { return world_; }
  void SetPds(std::vector<engine::HostPort> pds) { pds_ = std::move(pds); }
  std::string journal_path() const { return world_ / "journal"; }
  /// Runs `script` in a process of its own whose files can't grow past `journal_bytes_max`; true
  /// when the host ended with an error.
  bool FailsOnFullDisk(Script script, std::size_t journal_bytes_max);

 private:
  class Person;

  void FindPlaces();
  Reply Answer(const std::string& target) const;
  engine::RealHostOptions Options() const;
  Status Carry(Script script, std::uint32_t incarnation);

  StubWorld world_;
  std::unique_ptr<LoopbackServer> server_;
  std::vector<engine::HostPort> pds_;
  Places places_;
};

}  // namespace tidegate::test
