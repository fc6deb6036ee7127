#include "sim/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/redact.h"
#include "sim/faults.h"
#include "sim/world/control.h"
#include "sim/world/downstream.h"
#include "sim/world/factories.h"
#include "sim/world/hosts.h"
#include "sim/world/kafka.h"
#include "sim/world/node_log.h"
#include "sim/world/pd.h"
#include "sim/world/preload.h"
#include "sim/world/service.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {
namespace {

constexpr Duration kQuietPoll = 1 * kSecond;

}  // namespace

const NodePlan& Node::plan() const { return world_.node_plan(id_); }

std::string Node::ReadLog() const {
  const NodeLog* log = Log();
  return log == nullptr ? "" : log->Text(world_, id_);
}

HttpResponse Node::OnHttp(const HttpRequest&) {
  return {404, "text/plain; charset=utf-8", "404 page not found\n", false};
}

engine::port::Answer Node::OnSql(std::string_view) {
  return {engine::port::AnswerCode::kFailed, 1, "ERROR 2013 (HY000): no MySQL server"};
}

bool Node::OnFault(const FaultPlan&, bool) { return false; }

World::World(const RunPlan& plan, trace::Recorder* recorder, AttachedEngine* engine)
    : plan_(plan),
      recorder_(recorder),
      engine_(engine),
      kernel_(plan.seed, plan.nodes.size(), plan.latency_min, plan.latency_max),
      saved_(plan.nodes.size(), 0) {
  hosts_ = std::make_unique<Hosts>(*this);
  BuildNodes();
  faults_ = std::make_unique<Faults>(*this);
}

World::~World() = default;

void World::BuildNodes() {
  for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
    const auto id = static_cast<NodeId>(i);
    nodes_.push_back(MakeNode(*this, id));
    Node* node = nodes_.back().get();
    kernel_.Attach(id, node);
    switch (plan_.nodes[i].info.role) {
      case Role::kPd: pd_ = static_cast<Pd*>(node); break;
      case Role::kTikv: tikv_ = static_cast<Tikv*>(node); break;
      case Role::kService: service_ = static_cast<Service*>(node); break;
      case Role::kEngine: control_ = static_cast<Control*>(node); break;
      default: break;
    }
  }
  CHECK(pd_ != nullptr && tikv_ != nullptr && service_ != nullptr && control_ != nullptr);
  CHECK(control_->id() + 1U == nodes_.size());
}

std::uint32_t World::AddBody(const TxnBody& body, const std::vector<RowChange>& rows) {
  TxnBody stored = body;
  stored.first_row = static_cast<std::uint32_t>(rows_.size());
  stored.row_count = static_cast<std::uint32_t>(rows.size());
  rows_.insert(rows_.end(), rows.begin(), rows.end());
  bodies_.push_back(stored);
  return static_cast<std::uint32_t>(bodies_.size() - 1);
}

void World::Record(trace::Event event) {
  event.time = now();
  if (event.kind == trace::EventKind::kCheckpointSaved) saved_[event.peer] = event.b;
  recorder_->Record(event);
  faults_->OnEvent(event);
}

std::string_view World::TextOf(trace::TextId id) const { return recorder_->trace().texts.Get(id); }

trace::TextId World::InternRedacted(std::string_view text) {
  // Redact copies, and few texts hold what it looks for.
  if (text.find("password") == std::string_view::npos) return Intern(text);
  return Intern(Redact(text));
}

void World::Alert(NodeId node, std::string_view text) {
  Record({.kind = trace::EventKind::kAlert, .node = node, .text = Intern(text)});
}

void World::Perform(std::uint64_t id, const engine::port::Action& action) {
  control_->Perform(id, action);
}
void World::Ask(std::uint64_t id, std::uint32_t incarnation, const engine::port::Query& query,
                Duration timeout) {
  control_->Ask(id, incarnation, query, timeout);
}
void World::WakeAt(Time at) { control_->WakeAt(at); }
Duration World::host_clock_ahead() const { return control_->clock_ahead(); }
void World::Post(const engine::port::Input& input) { control_->Post(input); }
void World::Claim(trace::Event event, std::string_view text) { control_->Claim(event, text); }

// Nothing is on its way, and every running new Drainer has saved a checkpoint past `barrier`.
bool World::Quiet(Tso barrier) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->Pending() || hosts_->Coming(static_cast<NodeId>(i))) return false;
    const trace::NodeInfo& info = plan_.nodes[i].info;
    const bool new_drainer = info.role == Role::kDrainer && info.era == Era::kCluster;
    if (new_drainer && kernel_.IsUp(static_cast<NodeId>(i)) && saved_[i] < barrier) return false;
  }
  return true;
}

void World::LookEach(Duration every, std::function<void(World&)> look) {
  look_every_ = every;
  look_at_ = 0;
  look_ = std::move(look);
}

// Asides are the engine's wake-ups, and another engine has others: whoever looks now and then does
// so behind a step that is the same for all.
void World::LookAfter(std::uint64_t steps_before) {
  if (look_every_ > 0 && kernel_.steps() == steps_before) return;
  look_at_ = now() + look_every_;
  look_(*this);
}

bool World::OverLimit() const {
  return recorder_->count() > static_cast<std::uint64_t>(plan_.events_max);
}

void World::StepUntil(Time limit) {
  CheckContext& context = ThreadCheckContext();
  for (std::uint64_t before = kernel_.steps(); kernel_.Step(limit); before = kernel_.steps()) {
    context.now_ns = now();
    context.event = recorder_->count();
    if (now() >= look_at_) LookAfter(before);
    if (service_->stopped() || OverLimit()) return;
  }
}

// The last phase: everything is mended, nobody writes, what is on its way arrives. False: halted.
bool World::Drain(Time halt, trace::RunEnd* end) {
  const Tso barrier = pd_->Peek();
  const Time deadline = std::min(now() + plan_.drain_max, kTimeMax / 2);
  while (service_->stopped() && now() < deadline) {
    if (OverLimit()) {
      *end = trace::RunEnd::kEventLimit;
      break;
    }
    if (Quiet(barrier)) {
      *end = trace::RunEnd::kQuiet;
      break;
    }
    const Time until = std::min(now() + kQuietPoll, halt);
    for (std::uint64_t before = kernel_.steps(); kernel_.Step(until); before = kernel_.steps()) {
      ThreadCheckContext().now_ns = now();
      if (now() >= look_at_) LookAfter(before);
    }
    if (until == halt) return false;
  }
  return true;
}

bool World::RunUntil(Time halt) {
  CheckContext& context = ThreadCheckContext();
  context = {plan_.seed, 0, 0, true};
  faults_->Begin();
  Preload(*this);
  hosts_->StartInitial();
  if (engine_ != nullptr) control_->BeginAfter(plan_.engine_start);
  StepUntil(std::min(plan_.run_max, halt));
  const bool on = !service_->stopped() && !OverLimit();
  trace::RunEnd end = OverLimit() ? trace::RunEnd::kEventLimit : trace::RunEnd::kTimeLimit;
  bool over = !(on && halt < plan_.run_max);
  if (over) {
    faults_->HealAll();
    over = Drain(halt, &end);
  }
  if (over) {
    faults_->ReportUnfired();
    Record({.kind = trace::EventKind::kRunEnded,
            .code = static_cast<std::uint16_t>(end),
            .a = pd_->Peek()});
  }
  context.active = false;
  return over;
}

}  // namespace tidegate::sim
