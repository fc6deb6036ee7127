#include "watch/round.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/registry.h"
#include "engine/status_body.h"

namespace tidegate::watch {
namespace {

using engine::Drainer;
using engine::Process;
namespace port = engine::port;

bool IsSql(const port::Query& query) { return std::holds_alternative<port::QuerySql>(query); }

// Two questions are the same question. Describe shortens SQL, so that is compared whole.
bool Same(const port::Query& a, const port::Query& b) {
  if (a.index() != b.index()) return false;
  if (IsSql(a)) {
    const auto& x = std::get<port::QuerySql>(a);
    const auto& y = std::get<port::QuerySql>(b);
    return x.endpoint == y.endpoint && x.statement == y.statement;
  }
  return port::Describe(a) == port::Describe(b);
}

}  // namespace

port::Query StatusOf(const Process& process) {
  return port::HttpGet{process.host, process.port, "/status"};
}

std::vector<engine::Pump> PumpsWithTime(const engine::Cluster& cluster) {
  std::vector<engine::Pump> pumps = cluster.new_pumps;
  pumps.insert(pumps.end(), cluster.old_pumps.begin(), cluster.old_pumps.end());
  return pumps;
}

std::string WhyUnreadable(const Drainer& drainer, const std::string& era,
                          const LookOptions& options) {
  const std::string& name = drainer.process.name;
  if (drainer.sink.type.empty()) {
    return fmt::format(
        "where {} keeps its checkpoint is not known: name it in the site file, or "
        "give --checkpoint HOST:PORT",
        name);
  }
  const engine::CheckpointPlace place = engine::OldCheckpointPlace(drainer, era);
  if (IsSql(place.query) && !options.checkpoints) {
    return fmt::format("{} keeps its checkpoint in {}, which is not looked at (--checkpoint none)",
                       name, place.sentence);
  }
  if (!IsSql(place.query) && !options.hosts) {
    return fmt::format("{} keeps its checkpoint in a file, {}: give --templates ssh", name,
                       place.sentence);
  }
  return "";
}

Round::Round(const Nodes& nodes, const LookOptions& options) {
  const engine::Cluster& cluster = nodes.cluster();
  Ask(port::ListRegistry{std::string(engine::kRegistryRoot)}, nodes.pd());
  for (std::size_t i = 0; i < cluster.tidbs.size(); ++i) {
    const Process& tidb = cluster.tidbs[i].process;
    Ask(port::ConnectTcp{tidb.host, tidb.port}, nodes.tidb(i));
    Ask(port::HttpGet{tidb.host, cluster.tidbs[i].status_port, "/status"}, nodes.tidb(i));
    if (options.hosts) Ask(port::ShowUnit{tidb.host, tidb.unit}, nodes.tidb(i));
  }
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    const Drainer& drainer = cluster.old_drainers[i];
    const NodeId node = nodes.old_drainer(i);
    Ask(StatusOf(drainer.process), node);
    if (options.queue_sizes) {
      Ask(port::HttpGet{drainer.process.host, drainer.process.port, "/metrics"}, node);
    }
    if (WhyUnreadable(drainer, cluster.era, options).empty()) {
      Ask(engine::OldCheckpointPlace(drainer, cluster.era).query, nodes.SinkOf(node));
    }
  }
  for (std::size_t i = 0; i < cluster.old_pumps.size(); ++i) {
    Ask(StatusOf(cluster.old_pumps[i].process), nodes.old_pump(i));
  }
  for (std::size_t i = 0; i < cluster.new_pumps.size(); ++i) {
    Ask(StatusOf(cluster.new_pumps[i].process), nodes.new_pump(i));
  }
  for (std::size_t i = 0; i < cluster.new_drainers.size(); ++i) {
    Ask(StatusOf(cluster.new_drainers[i].process), nodes.new_drainer(i));
  }
  for (std::size_t i = 0; i < cluster.kafkas.size(); ++i) {
    const Process& kafka = cluster.kafkas[i].process;
    Ask(port::ConnectTcp{kafka.host, kafka.port}, nodes.kafka(i));
  }
  for (std::size_t i = 0; i < cluster.zookeepers.size(); ++i) {
    const Process& zookeeper = cluster.zookeepers[i].process;
    Ask(port::ConnectTcp{zookeeper.host, zookeeper.port}, nodes.zookeeper(i));
  }
}

void Round::Ask(port::Query query, NodeId node) {
  const bool asked =
      std::any_of(questions_.begin(), questions_.end(),
                  [&](const Question& question) { return Same(question.query, query); });
  if (!asked) questions_.push_back({std::move(query), node});
}

const port::Answer& Round::Of(const port::Query& query) const {
  static const port::Answer kNotAsked{port::AnswerCode::kNotFound, 0, "it was not asked"};
  for (const Question& question : questions_) {
    if (Same(question.query, query)) return question.answer;
  }
  return kNotAsked;
}

Tso Round::PdTime(const Nodes& nodes, std::size_t* pump) const {
  const std::vector<engine::Pump> pumps = PumpsWithTime(nodes.cluster());
  for (std::size_t i = 0; i < pumps.size(); ++i) {
    const Result<Tso> said = engine::ParsePdTimestamp(Of(StatusOf(pumps[i].process)));
    if (!said) continue;
    if (pump != nullptr) *pump = i;
    return *said;
  }
  return 0;
}

}  // namespace tidegate::watch
