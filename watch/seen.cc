#include "watch/seen.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/status_body.h"
#include "watch/judgeable.h"

namespace tidegate::watch {
namespace {

using engine::Cluster;
using trace::Event;
using trace::EventKind;
using trace::RegistryState;
namespace port = engine::port;
using port::AnswerCode;

// Somebody listens there: what it answered may be broken.
bool Listens(const port::Answer& answer) {
  return answer.code == AnswerCode::kOk || answer.code == AnswerCode::kHttpStatus ||
         answer.code == AnswerCode::kConnectionReset || answer.code == AnswerCode::kTruncated;
}

RegistryState StateNamed(std::string_view state) {
  const auto at =
      std::find(trace::kRegistryStateNames.begin(), trace::kRegistryStateNames.end(), state);
  if (at == trace::kRegistryStateNames.end()) return RegistryState::kAbsent;
  return static_cast<RegistryState>(at - trace::kRegistryStateNames.begin());
}

RegistryState StateOf(const engine::OldNode& node) {
  return node.offline ? RegistryState::kKafkaOffline : RegistryState::kAlive;
}

bool SameNode(const trace::NodeInfo& info, const std::string& id, const std::string& address) {
  const std::string known = fmt::format("{}:{}", info.host, info.port);
  return known == address || known == id || info.name == id;
}

std::string StoreOf(const engine::CheckpointPlace& place) {
  if (const auto* file = std::get_if<port::ReadRemoteFile>(&place.query)) {
    return "file:" + file->path;
  }
  return place.sentence;
}

}  // namespace

Seen::State& Seen::Of(NodeId node) {
  if (states_.size() <= node) states_.resize(node + 1U);
  return states_[node];
}

Event Seen::At(EventKind kind, NodeId node, Time now) const {
  Event event;
  event.time = now - began_;
  event.kind = kind;
  event.node = node;
  return event;
}

void Seen::Tell(NodeId node, std::string what) {
  changes_.push_back({nodes_->header().nodes[node].name, std::move(what)});
}

void Seen::Asked(const Question& question, std::uint64_t id, Time now) {
  Event event = At(EventKind::kAsked, question.node, now);
  event.code = static_cast<std::uint16_t>(question.query.index());
  event.a = static_cast<std::int64_t>(id);
  event.text = trace_.texts.Intern(port::Describe(question.query));
  trace_.events.push_back(event);
}

void Seen::Answered(const Question& question, std::uint64_t id, Time now) {
  Event event = At(EventKind::kAnswered, question.node, now);
  event.code = static_cast<std::uint16_t>(question.answer.code);
  event.a = static_cast<std::int64_t>(id);
  event.n = static_cast<std::uint32_t>(question.answer.status);
  event.text = trace_.texts.Intern(question.answer.body);
  trace_.events.push_back(event);
}

std::vector<Change> Seen::OnRound(const Round& round, Time now) {
  changes_.clear();
  const Result<engine::Registry> registry =
      engine::ParseRegistry(round.Of(port::ListRegistry{std::string(engine::kRegistryRoot)}));
  if (registry) Registered(*registry, now);
  Windows(round, now);
  Liveness(round, now);
  Checkpoints(round, now);
  return std::move(changes_);
}

void Seen::GoesDown(NodeId node, Time now) {
  State& state = Of(node);
  const bool was_up = state.known && state.up;
  if (!state.known) Tell(node, "not up");
  state.known = true;
  state.up = false;
  if (!was_up) return;
  Event event = At(EventKind::kNodeDown, node, now);
  event.code = static_cast<std::uint16_t>(trace::DownCause::kStopped);
  event.text = trace_.texts.Intern("its port refuses");
  trace_.events.push_back(event);
  Tell(node, "down");
}

void Seen::ComesUp(NodeId node, std::string version, Time now) {
  State& state = Of(node);
  if (state.known && state.up && (version.empty() || version == state.version)) return;
  // Another version without a look at the closed port: it was restarted between two looks.
  if (state.known && state.up && !state.version.empty()) GoesDown(node, now);
  const bool restart = !(state.known && state.up);
  state.known = true;
  state.up = true;
  state.version = std::move(version);
  if (!restart) return;
  ++state.lives;
  Event event = At(EventKind::kNodeUp, node, now);
  event.code = state.lives;
  event.text = trace_.texts.Intern(state.version);
  trace_.events.push_back(event);
  Tell(node, state.version.empty() ? "up" : fmt::format("up, {}", state.version));
}

void Seen::Move(NodeId node, const port::Answer& answer, Time now) {
  if (answer.code == AnswerCode::kConnectionRefused) GoesDown(node, now);
  if (Listens(answer)) ComesUp(node, "", now);
}

void Seen::Liveness(const Round& round, Time now) {
  const Cluster& cluster = nodes_->cluster();
  for (std::size_t i = 0; i < cluster.tidbs.size(); ++i) {
    const engine::Tidb& tidb = cluster.tidbs[i];
    const port::Answer& sql = round.Of(port::ConnectTcp{tidb.process.host, tidb.process.port});
    const port::Answer& http =
        round.Of(port::HttpGet{tidb.process.host, tidb.status_port, "/status"});
    const Result<engine::TidbStatus> status = engine::ParseTidbStatus(http);
    if (status) {
      ComesUp(nodes_->tidb(i), status->version, now);
    } else if (sql.code == AnswerCode::kConnectionRefused &&
               http.code == AnswerCode::kConnectionRefused) {
      GoesDown(nodes_->tidb(i), now);
    }
  }
  const auto pass = [&](bool only_down) {
    const auto move = [&](NodeId node, const port::Answer& answer) {
      if ((answer.code == AnswerCode::kConnectionRefused) == only_down) Move(node, answer, now);
    };
    for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
      move(nodes_->old_drainer(i), round.Of(StatusOf(cluster.old_drainers[i].process)));
    }
    for (std::size_t i = 0; i < cluster.old_pumps.size(); ++i) {
      move(nodes_->old_pump(i), round.Of(StatusOf(cluster.old_pumps[i].process)));
    }
    for (std::size_t i = 0; i < cluster.kafkas.size(); ++i) {
      const engine::Process& kafka = cluster.kafkas[i].process;
      move(nodes_->kafka(i), round.Of(port::ConnectTcp{kafka.host, kafka.port}));
    }
    for (std::size_t i = 0; i < cluster.zookeepers.size(); ++i) {
      const engine::Process& zookeeper = cluster.zookeepers[i].process;
      move(nodes_->zookeeper(i), round.Of(port::ConnectTcp{zookeeper.host, zookeeper.port}));
    }
    for (std::size_t i = 0; i < cluster.new_pumps.size(); ++i) {
      move(nodes_->new_pump(i), round.Of(StatusOf(cluster.new_pumps[i].process)));
    }
    for (std::size_t i = 0; i < cluster.new_drainers.size(); ++i) {
      move(nodes_->new_drainer(i), round.Of(StatusOf(cluster.new_drainers[i].process)));
    }
  };
  pass(true);
  pass(false);
}

void Seen::Registry(NodeId node, RegistryState state, const std::string& key, Time now) {
  State& before = Of(node);
  if (before.registry == state) return;
  before.registry = state;
  Event event = At(EventKind::kRegistryMoved, node, now);
  event.code = static_cast<std::uint16_t>(state);
  event.text = trace_.texts.Intern(key);
  trace_.events.push_back(event);
  Tell(node,
       fmt::format("registered {}", trace::kRegistryStateNames[static_cast<std::size_t>(state)]));
}

void Seen::Registered(const engine::Registry& registry, Time now) {
  const Cluster& cluster = nodes_->cluster();
  const auto info = [&](NodeId node) -> const trace::NodeInfo& {
    return nodes_->header().nodes[node];
  };
  // What is in neither list has no key.
  const auto old_state = [&](NodeId id, const std::string& node_id, std::string_view folder,
                             const std::vector<engine::OldNode>& listed) {
    for (const engine::OldNode& node : listed) {
      if (!node.has_object || (node.id != node_id && !SameNode(info(id), node.id, node.host))) {
        continue;
      }
      return Registry(id, StateOf(node), fmt::format("/tidb-binlog/{}/{}/object", folder, node.id),
                      now);
    }
    Registry(id, RegistryState::kAbsent, "", now);
  };
  const auto new_state = [&](NodeId id, std::string_view folder,
                             const std::vector<engine::ClusterNode>& listed) {
    for (const engine::ClusterNode& node : listed) {
      if (!SameNode(info(id), node.id, node.host)) continue;
      return Registry(id, StateNamed(node.state),
                      fmt::format("/tidb-binlog/v1/{}/{}", folder, node.id), now);
    }
    Registry(id, RegistryState::kAbsent, "", now);
  };
  for (std::size_t i = 0; i < cluster.old_pumps.size(); ++i) {
    old_state(nodes_->old_pump(i), cluster.old_pumps[i].node_id, "pumps", registry.pumps);
  }
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    old_state(nodes_->old_drainer(i), "", "cisterns", registry.cisterns);
  }
  for (std::size_t i = 0; i < cluster.new_pumps.size(); ++i) {
    new_state(nodes_->new_pump(i), "pumps", registry.cluster_pumps);
  }
  for (std::size_t i = 0; i < cluster.new_drainers.size(); ++i) {
    new_state(nodes_->new_drainer(i), "drainers", registry.cluster_drainers);
  }
}

void Seen::Windows(const Round& round, Time now) {
  const Cluster& cluster = nodes_->cluster();
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    const Result<engine::OldDrainerStatus> status =
        engine::ParseOldDrainerStatus(round.Of(StatusOf(cluster.old_drainers[i].process)));
    if (!status || !status->ticked || status->upper < 0 || status->lower < 0) continue;
    State& state = Of(nodes_->old_drainer(i));
    if (state.upper == status->upper && state.lower == status->lower) continue;
    state.upper = status->upper;
    state.lower = status->lower;
    Event event = At(EventKind::kWindowMoved, nodes_->old_drainer(i), now);
    event.a = state.upper;
    event.b = state.lower;
    trace_.events.push_back(event);
  }
}

// Whose save it is: an old Drainer writes positions, a new one never does (tidb-binlog kafka:
// drainer/checkpoint/util.go; tidb-binlog: drainer/checkpoint/mysql.go).
void Seen::Checkpoints(const Round& round, Time now) {
  const Cluster& cluster = nodes_->cluster();
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    const engine::Drainer& drainer = cluster.old_drainers[i];
    const NodeId sink = nodes_->SinkOf(nodes_->old_drainer(i));
    if (drainer.sink.type.empty() || sink == kNoNode) continue;
    const engine::CheckpointPlace place = engine::OldCheckpointPlace(drainer, cluster.era);
    const port::Answer& answer = round.Of(place.query);
    const Result<engine::Checkpoint> saved = engine::ParseCheckpoint(place, answer);
    if (!answer.ok() || !saved || !saved->present || saved->commit_ts <= 0) continue;
    NodeId by = kNoNode;
    if (saved->has_positions) by = nodes_->old_drainer(i);
    for (std::size_t j = 0; j < cluster.new_drainers.size() && by == kNoNode; ++j) {
      if (nodes_->SinkOf(nodes_->new_drainer(j)) == sink) by = nodes_->new_drainer(j);
    }
    if (by == kNoNode) continue;
    const std::string store = StoreOf(place);
    const auto before = std::find_if(saved_.begin(), saved_.end(), [&](const Saved& known) {
      return known.sink == sink && known.store == store;
    });
    if (before != saved_.end() && before->commit_ts == saved->commit_ts) continue;
    if (before == saved_.end()) {
      saved_.push_back({sink, store, saved->commit_ts});
    } else {
      before->commit_ts = saved->commit_ts;
    }
    Event event = At(EventKind::kCheckpointSaved, sink, now);
    event.peer = by;
    event.b = saved->commit_ts;
    event.n = trace_.texts.Intern(store);
    event.text = trace_.texts.Intern(answer.body);
    trace_.events.push_back(event);
  }
}

void Seen::BarrierStands(Tso barrier, Time now) {
  for (const EventKind kind : {EventKind::kWriterPathOpened, EventKind::kWriterPathClosed}) {
    for (std::size_t i = 0; i < nodes_->cluster().tidbs.size(); ++i) {
      Event event = At(kind, nodes_->tidb(i), now);
      event.code = static_cast<std::uint16_t>(trace::Flavour::kSocket);
      event.a = barrier;
      trace_.events.push_back(event);
    }
  }
}

void Seen::Fact(std::string_view name, Tso value, Time now) {
  Event event = At(EventKind::kFactJournaled, kNoNode, now);
  event.text = trace_.texts.Intern(name);
  event.a = value;
  trace_.events.push_back(event);
}

void Seen::Gate(bool open, std::string_view why, Time now) {
  Event event = At(EventKind::kGateJudged, kNoNode, now);
  event.code = open ? 1 : 0;
  event.text = trace_.texts.Intern(why);
  trace_.events.push_back(event);
}

trace::Trace Seen::Finish(Time now, Tso pd_now) {
  Event event = At(EventKind::kRunEnded, kNoNode, now);
  event.code = static_cast<std::uint16_t>(trace::RunEnd::kQuiet);
  event.a = pd_now;
  trace_.events.push_back(event);
  trace_.header = nodes_->header();
  trace_.header.engine = kWatched;
  return std::move(trace_);
}

}  // namespace tidegate::watch
