// Whose act it was. Procedure checks judge what the engine did, not what a scripted fault or the
// product did to a node, so each start and stop is laid to one of the three. Where the boundary
// shows no actions at all (an engine of which only the cluster was watched), a clean stop that no
// fault explains, and the start that follows it, are the engine's.
#pragma once

#include <cstdint>
#include <vector>

#include "base/role.h"
#include "trace/event.h"
#include "trace/header.h"
#include "verifier/findings.h"
#include "verifier/model/action_index.h"

namespace tidegate::verifier {

class Acts {
 public:
  explicit Acts(const trace::Header& header);

  /// REQUIRES: every event of the kinds that Model::ApplyRare is given, in order.
  void OnEvent(const trace::Event& event, std::uint64_t index);

  /// Has an event shown that an engine is attached, or acts?
  bool engine_began() const { return engine_began_; }
  /// Does the boundary show actions?
  bool any_action() const { return any_action_; }
  /// The last action that was started. REQUIRES: any_action().
  const Evidence& last_action() const { return last_action_; }
  /// The last start, stop or end of an action by the engine; index and time 0 when there is none.
  const Evidence& last_engine_act() const { return last_engine_act_; }
  /// Is an action of this number under way, or was it the last one, or are actions not shown?
  bool MayBe(std::uint16_t action) const;
  /// Is an action on `node` under way?
  bool ActionOpenOn(NodeId node) const { return open_ && last_action_.event.node == node; }

  /// Who took `node` down last, and the event. REQUIRES: it went down.
  Cause downed_by(NodeId node) const { return nodes_[node].downed_by; }
  const Evidence& down(NodeId node) const { return nodes_[node].down; }
  /// Who brought `node` up last (kScenario: it was so from the start), and the event.
  Cause upped_by(NodeId node) const { return nodes_[node].upped_by; }
  const Evidence& up(NodeId node) const { return nodes_[node].up; }
  /// Is a playbook of the engine under way?
  bool PlaybookOpen() const { return open_ && last_action_.event.code == kActRunPlaybook; }
  /// Did the engine start `node` with its last act on it?
  bool started_by_engine(NodeId node) const { return nodes_[node].started; }
  /// The engine's last order to stop `node` (the stop itself where actions are not shown), unless
  /// it ordered a start after it; null: none.
  const Evidence* retired(NodeId node) const {
    return nodes_[node].retired ? &nodes_[node].retirement : nullptr;
  }
  /// When the engine disabled the unit of `node`, which had been enabled; null: it never did, or
  /// enabled it again. Units are enabled and disabled by engines alone.
  const Evidence* left_disabled(NodeId node) const {
    return nodes_[node].disabled ? &nodes_[node].disablement : nullptr;
  }
  /// Did a fault name `node` after its last start?
  bool fault_since_up(NodeId node) const { return nodes_[node].fault_since_up; }

 private:
  struct NodeActs {
    Cause downed_by = Cause::kProduct;
    Cause upped_by = Cause::kScenario;
    Evidence down;
    Evidence up;
    Evidence retirement;
    Evidence disablement;
    bool new_side = false;
    bool ever_up = false;
    bool retired = false;
    bool disabled = false;
    bool is_up = false;
    bool started = false;        // a start was ordered, and no stop since
    bool start_ordered = false;  // and it has not come up yet
    bool stop_ordered = false;   // since it came up
    bool fault_since_up = false;
    bool clean_stop = false;
  };

  void ActionStarted(const trace::Event& event, const Evidence& evidence);
  void WentDown(const trace::Event& event, const Evidence& evidence);
  void CameUp(const trace::Event& event, const Evidence& evidence);

  std::vector<NodeActs> nodes_;
  bool engine_began_ = false;
  bool any_action_ = false;
  bool open_ = false;
  Evidence last_action_;
  Evidence last_engine_act_;
};

}  // namespace tidegate::verifier
