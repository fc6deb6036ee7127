// The operator's hooks of a full import, as programs on the engine's host: a dump that reads
// upstream rows as of a timestamp (a transaction on a snapshot, as mydumper and dumpling do), a
// load that replaces a downstream's tables by it, a comparison of the two.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/port/port.h"
#include "sim/world.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {

class Imports {
 public:
  /// A program's end is a timer of `owner`, `timer` with the number of the action.
  Imports(World& world, NodeId owner, What timer) : world_(world), owner_(owner), timer_(timer) {}

  static std::string ProgramOf(const engine::port::RunHook& hook);
  static bool IsOne(const engine::port::RunHook& hook);
  /// Starts it; its end comes by timer.
  void Begin(std::uint64_t id, const engine::port::RunHook& hook);
  /// How the program of action `id` ended; nothing when there is none.
  std::optional<engine::port::Answer> End(std::uint64_t id);

 private:
  struct Running {
    std::uint64_t id = 0;
    std::string name;
    NodeId sink = kNoNode;
    Tso as_of = 0;
  };
  struct DumpFiles {
    Tso as_of = 0;
    std::vector<Tikv::RowVersion> rows;
    std::vector<std::uint16_t> shapes;
  };

  NodeId SinkIn(const std::vector<std::string>& argv) const;
  void Record(const Running& running, trace::ImportMove move);
  engine::port::Answer Finish(const Running& running);
  engine::port::Answer FinishDump(const Running& running);
  engine::port::Answer FinishLoad(const Running& running);
  engine::port::Answer FinishCompare(const Running& running);

  World& world_;
  NodeId owner_;
  What timer_;
  std::vector<Running> running_;
  std::optional<DumpFiles> dump_;  ///< on the disk of the engine's host
};

}  // namespace tidegate::sim
