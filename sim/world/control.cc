#include "sim/world/control.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/faults.h"
#include "sim/recorded_input.h"
#include "sim/world/binlogctl.h"
#include "sim/world/downstream.h"
#include "sim/world/etcd.h"
#include "sim/world/hosts.h"
#include "sim/world/node_log.h"
#include "sim/world/service.h"
#include "sim/world/tidb.h"

namespace tidegate::sim {
namespace {

namespace port = engine::port;
using port::Answer;
using port::AnswerCode;
using trace::EventKind;

constexpr Duration kActDelay = 50 * kMillisecond;  // ssh and systemctl take their time
constexpr Duration kStopPoll = 200 * kMillisecond;
constexpr Duration kStopMax = 4 * kMinute;
constexpr Duration kSqlMax = 2 * kMinute;  // the client gives a statement up

Answer Failed(std::string message) { return {AnswerCode::kFailed, 1, std::move(message)}; }

}  // namespace

Control::Control(World& world, NodeId id)
    : Node(world, id), playbooks_(world, id, kPlaybook), imports_(world, id, kImport) {}

bool Control::Pending() const {
  return !acting_.empty() || (world_.engine() != nullptr && !world_.engine()->finished());
}

void Control::Claim(trace::Event event, std::string_view text) {
  // A crash at a numbered output is carried out by the engine's host, which counts them.
  if (event.kind == trace::EventKind::kEngineCrashed) {
    const std::vector<FaultPlan>& faults = world_.plan().faults;
    for (std::size_t i = 0; i < faults.size(); ++i) {
      if (faults[i].kind == FaultKind::kEngineCrash && faults[i].amount > 0 &&
          faults[i].amount == event.a) {
        world_.faults().MarkFired(i);
      }
    }
  }
  event.b = Place();
  event.text = world_.Intern(text);
  world_.Record(event);
}

std::int64_t Control::Place() const { return static_cast<std::int64_t>(world_.kernel().steps()); }

void Control::NoteEnd() {
  if (world_.engine() != nullptr && world_.engine()->finished()) world_.service().EngineEnded();
}

void Control::JumpClock(Duration by) { clock_ahead_ += by; }

void Control::WakeAt(Time at) {
  world_.kernel().AfterAside(id_, std::max<Duration>(0, at - world_.now()), kWake);
}

void Control::Post(port::Input input) {
  posted_.push_back(std::move(input));
  world_.kernel().AfterAside(id_, 0, kDeliver);
}

void Control::DeliverPosted() {
  if (posted_.empty()) return;
  port::Input input = std::move(posted_.front());
  posted_.pop_front();
  if (world_.engine() == nullptr) return;
  input.now = world_.now();
  world_.engine()->OnInput(input);
  NoteEnd();
}

void Control::OnTimer(What what, std::uint64_t a, std::uint32_t b) {
  if (what >= Hosts::kBooted) {
    world_.hosts().OnTimer(what, static_cast<NodeId>(a), b);
    return;
  }
  switch (static_cast<Timer>(what)) {
    case kBegin:
      world_.engine()->Start(&world_);
      NoteEnd();
      break;
    case kAct: Act(a); break;
    case kPollStop: PollStop(a); break;
    case kGiveUp:
      if (Find(a) != nullptr) ActDone(a, {AnswerCode::kTimedOut, 1, ""});
      break;
    case kAskArrives: Arrive(a); break;
    case kAnswer: {
      Asking& asking = asks_[a];
      asking.open = false;
      port::ObservationCame came{asking.id, asking.incarnation, std::move(asking.answer)};
      free_.push_back(static_cast<std::uint32_t>(a));
      Post({world_.now(), std::move(came)});
      break;
    }
    case kWake: Post({world_.now(), port::ClockReached{}}); break;
    case kDeliver: DeliverPosted(); break;
    case kImport: {
      const std::optional<Answer> end = imports_.End(a);
      if (end && Find(a) != nullptr) ActDone(a, *end);
      break;
    }
    case kPlaybook: {
      Answer end;
      if (playbooks_.OnTimer(a, b, &end)) ActDone(a, end);
      break;
    }
  }
}

// ------------------------------------------------------------------ actions

NodeId Control::EndpointNode(const std::string& endpoint) const {
  for (std::size_t i = 0; i < world_.plan().nodes.size(); ++i) {
    const trace::NodeInfo& info = world_.plan().nodes[i].info;
    const std::string& sink_name = world_.plan().nodes[i].etcd_id;
    if (info.role == Role::kDownstream && (info.name == endpoint || sink_name == endpoint)) {
      return static_cast<NodeId>(i);
    }
    if (info.role == Role::kTidb && endpoint == fmt::format("tidb {}:{}", info.host, info.port)) {
      return static_cast<NodeId>(i);
    }
  }
  return kNoNode;
}

NodeId Control::TargetOf(const port::Action& action) const {
  struct Finder {
    const Control& self;
    NodeId operator()(const port::StopProcess& a) const {
      return self.world_.hosts().FindUnit(a.host, a.unit);
    }
    NodeId operator()(const port::StartProcess& a) const {
      return self.world_.hosts().FindUnit(a.host, a.unit);
    }
    NodeId operator()(const port::SetUnitEnabled& a) const {
      return self.world_.hosts().FindUnit(a.host, a.unit);
    }
    NodeId operator()(const port::InstallBinary& a) const {
      return self.FindByFile(a.host, a.path);
    }
    NodeId operator()(const port::WriteFile& a) const { return self.FindByFile(a.host, a.path); }
    NodeId operator()(const port::CopyBinary& a) const { return self.FindByFile(a.host, a.to); }
    NodeId operator()(const port::RunSql& a) const { return self.EndpointNode(a.endpoint); }
    NodeId operator()(const port::RunHook& a) const {
      if (IsEtcd(a)) return EtcdTarget(self.world_, a.argv);
      const NodeId written = IsBinlogctl(a.argv) ? BinlogctlTarget(self.world_, a.argv) : kNoNode;
      return written == kNoNode ? self.world_.service().id() : written;
    }
    NodeId operator()(const port::KeepBackup&) const { return kNoNode; }
    NodeId operator()(const port::RunPlaybook&) const { return kNoNode; }
  };
  return std::visit(Finder{*this}, action);
}

// Nobody who copies a file looks at what is inside: a folder with the new version's name can hold
// an older binary.
std::string Control::Delivered(const std::string& part, const std::string& version) const {
  for (const NodePlan& node : world_.plan().nodes) {
    const bool of_part = part.starts_with(RoleName(node.info.role));
    if (of_part && node.info.target_version == version && !node.delivered.empty()) {
      return node.delivered;
    }
  }
  return version;
}

NodeId Control::FindByFile(const std::string& host, const std::string& path) const {
  for (std::size_t i = 0; i < world_.plan().nodes.size(); ++i) {
    const NodePlan& node = world_.plan().nodes[i];
    if (node.info.host == host && (node.binary_path == path || node.config_path == path ||
                                   (path.ends_with(".log") && LogPath(node) == path))) {
      return static_cast<NodeId>(i);
    }
  }
  return kNoNode;
}

void Control::Perform(std::uint64_t id, const port::Action& action) {
  acting_.push_back({id, action, TargetOf(action), world_.now()});
  world_.Record({.kind = EventKind::kActionStarted,
                 .node = acting_.back().target,
                 .code = static_cast<std::uint16_t>(action.index()),
                 .a = static_cast<std::int64_t>(id),
                 .b = Place(),
                 .text = world_.Intern(port::Describe(action)),
                 .n = world_.wants_inputs() ? world_.Intern(EncodeInput(action)) : 0});
  // What rows have become by now takes no more time.
  const auto* sql = std::get_if<port::RunSql>(&action);
  const bool happened = sql != nullptr && sql->statement.starts_with(kByHand);
  world_.kernel().After(id_, happened ? 0 : kActDelay, kAct, id);
}

Control::Acting* Control::Find(std::uint64_t id) {
  for (Acting& acting : acting_) {
    if (acting.id == id) return &acting;
  }
  return nullptr;
}

void Control::ActDone(std::uint64_t id, const Answer& answer) {
  const Acting* acting = Find(id);
  CHECK(acting != nullptr);
  world_.Record({.kind = EventKind::kActionDone,
                 .node = acting->target,
                 .code = static_cast<std::uint16_t>(answer.code),
                 .a = static_cast<std::int64_t>(id),
                 .text = world_.InternRedacted(answer.body),
                 .n = static_cast<std::uint32_t>(answer.status)});
  std::erase_if(acting_, [&](const Acting& one) { return one.id == id; });
  Post({world_.now(), port::ActionDone{id, answer}});
}

// Carries out one action at its target. Begin is true when its end comes later.
struct Control::Doer {
  Control& self;
  const Acting& acting;
  bool* later;

  Hosts& hosts() const { return self.world_.hosts(); }
  bool Missing() const { return acting.target == kNoNode; }

  Answer operator()(const port::StopProcess& a) const {
    if (Missing()) return {AnswerCode::kNotFound, 5, a.unit + " not loaded"};
    if (a.signal != 0) {
      return hosts().Signal(acting.target, a.signal, a.supervised) ? Answer{}
                                                                   : Failed("no such process");
    }
    hosts().Stop(acting.target);
    *later = true;
    self.world_.kernel().After(self.id_, 0, kPollStop, acting.id);
    return {};
  }
  Answer operator()(const port::StartProcess& a) const {
    if (Missing()) return {AnswerCode::kNotFound, 5, a.unit + " not found"};
    return hosts().Start(acting.target) ? Answer{}
                                        : Failed("unit entered failed state: no such binary");
  }
  Answer operator()(const port::SetUnitEnabled& a) const {
    if (Missing()) return {AnswerCode::kNotFound, 1, a.unit + " does not exist"};
    if (hosts().UnderSupervise(acting.target)) return Failed(a.unit + " is no systemd unit");
    hosts().SetEnabled(acting.target, a.enabled);
    return {};
  }
  Answer operator()(const port::InstallBinary& a) const {
    hosts().InstallBinary(a.host, a.path, self.Delivered(a.part, a.version));
    return {};
  }
  Answer operator()(const port::WriteFile& a) const {
    hosts().WriteFile(a.host, a.path, a.content);
    return {};
  }
  Answer operator()(const port::CopyBinary& a) const {
    const std::string version = hosts().BinaryVersion(a.host, a.from);
    if (version.empty())
      return Failed("cp: cannot stat '" + a.from + "': No such file or directory");
    hosts().InstallBinary(a.host, a.to, version);
    return {};
  }
  Answer operator()(const port::RunSql&) const { return self.RunSql(acting, later); }
  Answer operator()(const port::RunHook&) const { return self.RunHook(acting, later); }
  Answer operator()(const port::KeepBackup& a) const {
    self.backups_[a.name] = a.bytes;
    return {};
  }
  Answer operator()(const port::RunPlaybook& a) const {
    std::string why;
    if (!self.playbooks_.Begin(acting.id, a, &why)) return Failed(std::move(why));
    *later = true;
    return {};
  }
};

void Control::Act(std::uint64_t id) {
  const Acting acting = *Find(id);
  bool later = false;
  const Answer answer = std::visit(Doer{*this, acting, &later}, acting.action);
  if (!later) ActDone(id, answer);
}

// `systemctl stop` returns when the unit is inactive.
void Control::PollStop(std::uint64_t id) {
  const Acting* acting = Find(id);
  if (acting == nullptr) return;
  if (world_.hosts().state(acting->target) != UnitState::kDeactivating) {
    // systemd gave up on it, or it is gone.
    const bool left_over = world_.hosts().LeftOver(acting->target);
    ActDone(id, left_over ? Answer{AnswerCode::kTimedOut, 1, "the unit does not stop"} : Answer{});
  } else if (world_.now() - acting->started > kStopMax) {
    ActDone(id, {AnswerCode::kTimedOut, 1, "the unit does not stop"});
  } else {
    world_.kernel().After(id_, kStopPoll, kPollStop, id);
  }
}

Answer Control::RunSql(const Acting& acting, bool* later) {
  const port::RunSql& sql = std::get<port::RunSql>(acting.action);
  const NodeId target = acting.target;
  if (target == kNoNode) return {AnswerCode::kNotFound, 1, "no such endpoint: " + sql.endpoint};
  if (!world_.kernel().IsUp(target)) return {AnswerCode::kConnectionRefused, 1, ""};
  if (!world_.kernel().CanCall(id_, target)) return {AnswerCode::kTimedOut, 1, ""};
  if (world_.node_plan(target).info.role != Role::kTidb) {
    return world_.node(target).OnSql(sql.statement);
  }
  Tidb& tidb = static_cast<Tidb&>(world_.node(target));
  if (sql.statement.rfind("create table", 0) != 0) return tidb.OnSql(sql.statement);
  if (!tidb.listening()) return {AnswerCode::kConnectionRefused, 1, ""};
  const std::vector<TablePlan>& tables = world_.plan().tables;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!tables[i].marker || sql.statement.find(tables[i].schema) == std::string::npos) continue;
    const std::size_t begin = sql.statement.find("tidegate_marker_");
    if (begin == std::string::npos) break;
    const std::string name = sql.statement.substr(begin);
    *later = true;
    world_.kernel().After(id_, kSqlMax, kGiveUp, acting.id);
    tidb.RunMarker(static_cast<std::uint16_t>(i), name.substr(0, name.find_first_of(" `(")),
                   acting.id);
    return {};
  }
  return Failed("ERROR 1049 (42000): Unknown database");
}

void Control::SqlDone(std::uint64_t action, const Answer& answer) {
  if (Find(action) != nullptr) ActDone(action, answer);
}

Answer Control::RunHook(const Acting& acting, bool* later) {
  const port::RunHook& hook = std::get<port::RunHook>(acting.action);
  if (Imports::IsOne(hook)) {
    *later = true;
    imports_.Begin(acting.id, hook);
    return {};
  }
  if (IsEtcd(hook)) return RunEtcd(world_, id_, hook.argv);
  if (IsBinlogctl(hook.argv)) return RunBinlogctl(world_, id_, hook.argv);
  if (hook.name == "detach-service") {
    world_.service().Detach();
  } else if (hook.name == "attach-service") {
    world_.service().Attach();
  } else {
    return Failed("no such hook: " + hook.name);
  }
  return {};
}

}  // namespace tidegate::sim
