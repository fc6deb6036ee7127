// What the world looks like at one moment of a run: each node with its process, ports and progress,
// the registry, the faults that are on. Processes, files, ports and registry are the world's own;
// windows, checkpoints and rows are what the events up to then say.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/tso.h"
#include "sim/world.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

struct PortView {
  std::int64_t number = 0;
  std::string state;  ///< open, hung (accepts and says nothing), closed
};

struct NodeView {
  std::string name;
  std::string role;
  std::string state;      ///< of its unit: active, inactive, …; hung; "not installed"
  std::string version;    ///< of the process; "" when there is none
  std::string installed;  ///< of the binary that its unit would start; "" when there is none
  std::vector<PortView> ports;
  // progress, 0: none
  Tso upper = 0;  ///< of a Kafka-era Drainer's window
  Tso lower = 0;
  Tso handed = 0;               ///< commit_ts of the last transaction handed to its sink
  Tso checkpoint = 0;           ///< that was saved last, or that it resumed from
  std::int64_t lag_ms = 0;      ///< of that checkpoint behind PD's clock
  std::int64_t log_end = 0;     ///< of a Pump's Kafka topic
  std::uint64_t row_count = 0;  ///< applied to a downstream
  std::string status;           ///< what /status answers, of a Pump or Drainer that answers
};

struct RegistryView {
  std::string key;
  std::string state;
};

struct WorldView {
  Time time = 0;
  Tso pd_tso = 0;
  bool over = false;   ///< the run had ended by then
  std::string engine;  ///< "in step wait-drained", "done: every step is done", …
  std::uint64_t event_count = 0;
  std::uint64_t committed_count = 0;  ///< transactions
  std::vector<NodeView> nodes;
  bool registry_answers = true;
  std::vector<RegistryView> registry;
  std::vector<std::string> faults;  ///< active ones, as the scenario describes them
};

/// Keeps what the events say.
class ViewCollector final : public trace::Listener {
 public:
  /// REQUIRES: `trace` has the run's header and texts, and outlives the collector.
  explicit ViewCollector(const trace::Trace& trace)
      : trace_(trace), nodes_(trace.header.nodes.size()) {}

  void OnEvent(const trace::Event& event, std::uint64_t index) override;

  /// Asks Pumps and Drainers for their status, which may change what they answer next: the run must
  /// not go on.
  WorldView Look(sim::World* world) const;

 private:
  struct Progress {
    Tso upper = 0;
    Tso lower = 0;
    Tso handed = 0;
    Tso checkpoint = 0;
    std::int64_t log_end = 0;
    std::uint64_t row_count = 0;
  };

  void OnEngine(const trace::Event& event);
  NodeView LookAt(sim::World* world, NodeId node, Tso now) const;

  const trace::Trace& trace_;
  std::vector<Progress> nodes_;
  std::map<std::uint32_t, std::string> faults_;  // by index in the run plan
  std::string engine_ = "not begun";
  std::uint64_t event_count_ = 0;
  std::uint64_t committed_count_ = 0;
};

std::string WorldText(const WorldView& view);
void WriteWorldJson(const WorldView& view, JsonWriter* writer);

}  // namespace tidegate::rehearsal
