#include "verifier/model/acts.h"

#include "verifier/model/action_index.h"

namespace tidegate::verifier {

using trace::Event;
using trace::EventKind;

Acts::Acts(const trace::Header& header) : nodes_(header.nodes.size()) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i].new_side = header.nodes[i].new_side;
}

void Acts::OnEvent(const Event& event, std::uint64_t index) {
  const bool known = event.node < nodes_.size();
  const Evidence evidence = {.index = index, .event = event};
  switch (event.kind) {
    case EventKind::kActionStarted: ActionStarted(event, evidence); break;
    case EventKind::kActionDone:
      open_ = false;
      last_engine_act_ = evidence;
      break;
    case EventKind::kAsked:
    case EventKind::kEngineStarted: engine_began_ = true; break;
    case EventKind::kFaultFired:
      if (known) nodes_[event.node].fault_since_up = true;
      break;
    case EventKind::kUnitEnabled:
      if (!known || !engine_began_) break;
      nodes_[event.node].disabled = event.code == 0;
      nodes_[event.node].disablement = evidence;
      break;
    case EventKind::kNodeDown:
      if (known) WentDown(event, evidence);
      break;
    case EventKind::kNodeUp:
      if (known) CameUp(event, evidence);
      break;
    default: break;
  }
}

bool Acts::MayBe(std::uint16_t action) const {
  return !any_action_ || last_action_.event.code == action;
}

void Acts::ActionStarted(const Event& event, const Evidence& evidence) {
  engine_began_ = true;
  any_action_ = true;
  open_ = true;
  last_action_ = evidence;
  last_engine_act_ = evidence;
  if (event.node >= nodes_.size()) return;
  NodeActs& node = nodes_[event.node];
  if (event.code == kActStopProcess) {
    node.retired = true;
    node.retirement = evidence;
    node.started = false;
    node.stop_ordered = true;
    node.fault_since_up = false;
  }
  if (event.code == kActStartProcess) {
    node.retired = false;
    node.started = true;
    node.start_ordered = !node.is_up;
  }
}

void Acts::WentDown(const Event& event, const Evidence& evidence) {
  NodeActs& node = nodes_[event.node];
  const bool clean = static_cast<trace::DownCause>(event.code) == trace::DownCause::kStopped;
  const bool by_playbook = PlaybookOpen();
  // A fault that hits between the order and the end of a stop changes nothing: it was to go down.
  if (node.stop_ordered && clean) {
    node.downed_by = Cause::kEngine;
  } else if (node.fault_since_up) {
    node.downed_by = Cause::kScenario;
  } else if (clean && (by_playbook || !any_action_)) {
    node.downed_by = Cause::kEngine;
  } else {
    node.downed_by = Cause::kProduct;
  }
  node.down = evidence;
  node.is_up = false;
  node.clean_stop = clean;
  if (node.downed_by != Cause::kEngine) return;
  if (!node.retired) node.retirement = evidence;
  node.retired = true;
  node.started = false;
  last_engine_act_ = evidence;
}

void Acts::CameUp(const Event& event, const Evidence& evidence) {
  NodeActs& node = nodes_[event.node];
  const bool by_playbook = PlaybookOpen();
  const bool first = !node.ever_up;
  // Without actions to go by: what was deployed, or stopped cleanly, was started by somebody.
  const bool deployed = first && node.new_side;
  const bool unseen =
      !any_action_ && (deployed || (node.clean_stop && !first && node.downed_by == Cause::kEngine));
  if (node.start_ordered || by_playbook || (unseen && !node.fault_since_up)) {
    node.upped_by = Cause::kEngine;
    node.retired = false;
    last_engine_act_ = evidence;
  } else if (node.fault_since_up || (first && !engine_began_) ||
             (!first && node.downed_by == Cause::kScenario)) {
    node.upped_by = Cause::kScenario;
  } else {
    node.upped_by = Cause::kProduct;
  }
  node.ever_up = true;
  node.is_up = true;
  node.start_ordered = false;
  node.up = evidence;
  node.stop_ordered = false;
  node.fault_since_up = false;
}

}  // namespace tidegate::verifier
