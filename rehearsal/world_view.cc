#include "rehearsal/world_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/hosts.h"
#include "sim/world/pd.h"

namespace tidegate::rehearsal {
namespace {

using sim::RegistryRecord;
using trace::EventKind;

constexpr std::size_t kStatusTextMax = 160;

std::string StateOf(const RegistryRecord& record, Time now) {
  if (record.undecodable) return "undecodable";
  if (record.root == RegistryRecord::Root::kPumps ||
      record.root == RegistryRecord::Root::kDrainers) {
    return std::string(trace::kRegistryStateNames[static_cast<std::size_t>(record.state)]);
  }
  if (record.is_offline) return "offline";
  return record.alive_until > now ? "alive" : "not alive";
}

void LookAtRegistry(sim::World* world, WorldView* view) {
  std::vector<const RegistryRecord*> records;
  for (const auto root : {RegistryRecord::Root::kOldPumps, RegistryRecord::Root::kOldDrainers,
                          RegistryRecord::Root::kPumps, RegistryRecord::Root::kDrainers}) {
    view->registry_answers = world->pd().List(world->pd().id(), root, &records);
    for (const RegistryRecord* record : records) {
      view->registry.push_back(
          {std::string(sim::RootPath(root)) + record->id, StateOf(*record, world->now())});
    }
  }
}

std::string NodeText(const NodeView& node) {
  std::string ports;
  for (const PortView& port : node.ports) {
    ports += fmt::format("{}{} {}", ports.empty() ? "" : ", ", port.number, port.state);
  }
  const bool other = node.installed != node.version && !node.version.empty();
  std::string out =
      fmt::format("  {:<16} {:<11} {:<13} {:<26} {}\n", node.name, node.role, node.state,
                  (node.version.empty() ? node.installed : node.version) +
                      (other ? fmt::format(" ({} installed)", node.installed) : ""),
                  ports);
  std::string progress;
  const auto add = [&](const std::string& part) {
    progress += (progress.empty() ? "      " : "; ") + part;
  };
  if (node.upper != 0) add(fmt::format("window {} to {}", node.lower, node.upper));
  if (node.log_end != 0) add(fmt::format("topic ends at {}", node.log_end));
  if (node.handed != 0) add(fmt::format("handed on up to {}", node.handed));
  if (node.checkpoint != 0) {
    add(fmt::format("checkpoint {}, lag {}", node.checkpoint,
                    FormatDuration(node.lag_ms * kMillisecond)));
  }
  if (node.row_count != 0) add(fmt::format("{} rows applied", node.row_count));
  if (!progress.empty()) out += progress + "\n";
  if (!node.status.empty()) {
    std::string status = node.status.substr(0, kStatusTextMax);
    std::replace(status.begin(), status.end(), '\n', ' ');
    out += fmt::format("      status {}{}\n", status,
                       node.status.size() > kStatusTextMax ? "..." : "");
  }
  return out;
}

}  // namespace

void ViewCollector::OnEvent(const trace::Event& event, std::uint64_t) {
  ++event_count_;
  switch (event.kind) {
    case EventKind::kTxnCommitted: ++committed_count_; break;
    case EventKind::kWindowMoved:
      nodes_[event.node].upper = event.a;
      nodes_[event.node].lower = event.b;
      break;
    case EventKind::kTxnHanded: nodes_[event.node].handed = event.b; break;
    case EventKind::kRowApplied: ++nodes_[event.node].row_count; break;
    case EventKind::kCheckpointSaved:
      if (event.peer != kNoNode) nodes_[event.peer].checkpoint = event.b;
      break;
    case EventKind::kCheckpointLoaded: nodes_[event.node].checkpoint = event.b; break;
    case EventKind::kTopicAdvanced: nodes_[event.peer].log_end = event.b; break;
    // What runs in a process goes with it.
    case EventKind::kNodeDown:
      nodes_[event.node].upper = 0;
      nodes_[event.node].lower = 0;
      break;
    case EventKind::kFaultFired:
      faults_[event.n] = std::string(trace_.texts.Get(event.text));
      break;
    case EventKind::kFaultHealed: faults_.erase(event.n); break;
    default: OnEngine(event); break;
  }
}

void ViewCollector::OnEngine(const trace::Event& event) {
  const std::string_view text = trace_.texts.Get(event.text);
  switch (event.kind) {
    case EventKind::kEngineStarted: engine_ = "running"; break;
    case EventKind::kEngineCrashed: engine_ = "dead"; break;
    case EventKind::kStepStarted: engine_ = fmt::format("in step {}", text); break;
    case EventKind::kStepDone: engine_ = fmt::format("after step {}", text); break;
    case EventKind::kEngineFinished:
      engine_ = fmt::format("{}: {}", trace::kEngineEndNames[event.code], text);
      break;
    default: break;
  }
}

NodeView ViewCollector::LookAt(sim::World* world, NodeId node, Tso now) const {
  const sim::NodePlan& plan = world->node_plan(node);
  const sim::Hosts& hosts = world->hosts();
  const bool hung = world->kernel().IsHung(node);
  NodeView view;
  view.name = plan.info.name;
  view.role = RoleName(plan.info.role);
  view.version = hosts.running_version(node);
  view.installed = hosts.BinaryVersion(plan.info.host, plan.binary_path);
  view.state = hung ? "hung" : sim::ActiveState(hosts.state(node));
  if (view.version.empty() && view.installed.empty()) view.state = "not installed";
  for (const std::int64_t number : {plan.info.port, plan.status_port}) {
    if (number <= 0) continue;
    const bool open = hosts.FindListener(plan.info.host, number) == node;
    view.ports.push_back({number, !open ? "closed" : hung ? "hung" : "open"});
  }
  const Progress& progress = nodes_[node];
  view.upper = progress.upper;
  view.lower = progress.lower;
  view.handed = progress.handed;
  view.checkpoint = progress.checkpoint;
  if (progress.checkpoint != 0) view.lag_ms = TsoGapMs(now, progress.checkpoint);
  view.log_end = progress.log_end;
  view.row_count = progress.row_count;
  const bool tells = plan.info.role == Role::kPump || plan.info.role == Role::kDrainer;
  if (tells && !hung && hosts.Serving(node) && world->node(node).Listening()) {
    const sim::HttpResponse answer = world->node(node).OnHttp({"GET", "/status", ""});
    if (answer.status == 200 && !answer.closed) view.status = answer.body;
  }
  return view;
}

WorldView ViewCollector::Look(sim::World* world) const {
  WorldView view;
  view.time = world->now();
  view.pd_tso = world->pd().Peek();
  view.engine = engine_;
  view.event_count = event_count_;
  view.committed_count = committed_count_;
  for (std::size_t i = 0; i < world->node_count(); ++i) {
    const auto node = static_cast<NodeId>(i);
    if (world->node_plan(node).info.host.empty()) continue;  // clients and the engine
    view.nodes.push_back(LookAt(world, node, view.pd_tso));
  }
  LookAtRegistry(world, &view);
  for (const auto& [index, description] : faults_) view.faults.push_back(description);
  return view;
}

std::string WorldText(const WorldView& view) {
  std::string out =
      fmt::format("the world at {} ({}){}, PD's clock at {}\n", FormatClock(view.time),
                  FormatDuration(view.time), view.over ? ", the end of the run" : "", view.pd_tso);
  out += fmt::format("engine {}; {} events, {} transactions committed\n", view.engine,
                     view.event_count, view.committed_count);
  for (const NodeView& node : view.nodes) out += NodeText(node);
  out += view.registry_answers ? "registry\n" : "registry: etcd does not answer\n";
  for (const RegistryView& entry : view.registry) {
    out += fmt::format("  {:<48} {}\n", entry.key, entry.state);
  }
  if (!view.faults.empty()) out += "faults active\n";
  for (const std::string& fault : view.faults) out += fmt::format("  {}\n", fault);
  return out;
}

void WriteWorldJson(const WorldView& view, JsonWriter* w) {
  w->BeginObject().Key("time_ns").Int(view.time).Key("pd_tso").TsoString(view.pd_tso);
  w->Key("over").Bool(view.over).Key("engine").String(view.engine);
  w->Key("events").Uint(view.event_count);
  w->Key("transactions_committed").Uint(view.committed_count);
  w->Key("nodes").BeginArray();
  for (const NodeView& node : view.nodes) {
    w->BeginObject().Key("name").String(node.name).Key("role").String(node.role);
    w->Key("state").String(node.state).Key("version").String(node.version);
    w->Key("installed").String(node.installed).Key("ports").BeginArray();
    for (const PortView& port : node.ports) {
      w->BeginObject().Key("port").Int(port.number).Key("state").String(port.state).EndObject();
    }
    w->EndArray();
    w->Key("window_lower").TsoString(node.lower).Key("window_upper").TsoString(node.upper);
    w->Key("handed").TsoString(node.handed).Key("checkpoint").TsoString(node.checkpoint);
    w->Key("lag_ms").Int(node.lag_ms).Key("topic_end").Int(node.log_end);
    w->Key("rows_applied").Uint(node.row_count).Key("status").String(node.status).EndObject();
  }
  w->EndArray().Key("registry_answers").Bool(view.registry_answers).Key("registry").BeginArray();
  for (const RegistryView& entry : view.registry) {
    w->BeginObject().Key("key").String(entry.key).Key("state").String(entry.state).EndObject();
  }
  w->EndArray().Key("faults").BeginArray();
  for (const std::string& fault : view.faults) w->String(fault);
  w->EndArray().EndObject();
}

}  // namespace tidegate::rehearsal
