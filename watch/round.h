// One round of looking: what is asked of everybody at once, and what came back. Everything that is
// asked only reads: a /status, a listing, a connection that is closed again, a SELECT, and, where
// hosts may be looked at, `systemctl show` and `cat`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/role.h"
#include "engine/port/port.h"
#include "watch/nodes.h"

namespace tidegate::watch {

struct LookOptions {
  bool hosts = false;        ///< units and files of the hosts may be looked at
  bool checkpoints = true;   ///< checkpoint tables may be read
  bool queue_sizes = false;  ///< /metrics of the old Drainers
};

struct Question {
  engine::port::Query query;
  NodeId node = kNoNode;  ///< who is asked
  engine::port::Answer answer = {};
  bool answered = false;
};

class Round {
 public:
  Round() = default;
  /// Everything that is worth asking of `nodes`.
  Round(const Nodes& nodes, const LookOptions& options);

  std::vector<Question>& questions() { return questions_; }
  const std::vector<Question>& questions() const { return questions_; }

  /// What came back for `query`; kNotFound when it was not asked.
  const engine::port::Answer& Of(const engine::port::Query& query) const;

  /// PD's time, as the first Pump that gave it said; 0: none did. `pump`, unless null: its place
  /// among the Pumps that PumpsWithTime lists.
  Tso PdTime(const Nodes& nodes, std::size_t* pump) const;

 private:
  void Ask(engine::port::Query query, NodeId node);

  std::vector<Question> questions_;
};

/// Pumps of both eras: each one's /status has a timestamp that it has just taken from PD.
std::vector<engine::Pump> PumpsWithTime(const engine::Cluster& cluster);

/// Can the place of the Drainer's checkpoint be read with `options`? A reason why not, or "".
std::string WhyUnreadable(const engine::Drainer& drainer, const std::string& era,
                          const LookOptions& options);

/// GET /status of a Pump or Drainer.
engine::port::Query StatusOf(const engine::Process& process);

}  // namespace tidegate::watch
