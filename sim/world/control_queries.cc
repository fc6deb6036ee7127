// What an engine asks of the world, and what it hears: the questions' half of Control.
#include <fmt/format.h>

#include <algorithm>

#include "sim/recorded_input.h"
#include "sim/world/control.h"
#include "sim/world/hosts.h"
#include "sim/world/node_log.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

namespace port = engine::port;
using port::Answer;
using port::AnswerCode;
using trace::EventKind;

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr Duration kSshDelay = 20 * kMillisecond;

bool Same(const port::HttpGet& a, const port::HttpGet& b) {
  return a.port == b.port && a.host == b.host && a.path == b.path && a.method == b.method &&
         a.body == b.body;
}

std::string_view SubState(UnitState state) {
  switch (state) {
    case UnitState::kInactive: return "dead";
    case UnitState::kActivating: return "start";
    case UnitState::kActive: return "running";
    case UnitState::kDeactivating: return "stop-sigterm";
    case UnitState::kFailed: return "failed";
  }
  return "";
}

}  // namespace

NodeId Control::TargetOf(const port::Query& query) const {
  const Hosts& hosts = world_.hosts();
  if (const auto* h = std::get_if<port::HttpGet>(&query))
    return hosts.FindListener(h->host, h->port);
  if (const auto* u = std::get_if<port::ShowUnit>(&query)) return hosts.FindUnit(u->host, u->unit);
  if (const auto* q = std::get_if<port::QuerySql>(&query)) return EndpointNode(q->endpoint);
  if (const auto* c = std::get_if<port::ConnectTcp>(&query)) {
    return hosts.FindListener(c->host, c->port);
  }
  if (std::holds_alternative<port::ListRegistry>(query)) return world_.pd().id();
  if (const auto* b = std::get_if<port::BinaryVersion>(&query)) return FindByFile(b->host, b->path);
  if (const auto* f = std::get_if<port::ReadRemoteFile>(&query))
    return FindByFile(f->host, f->path);
  return kNoNode;
}

// Who polls asks the same again and again.
Control::AskTexts Control::TextsOf(const port::Query& query) {
  const auto* get = std::get_if<port::HttpGet>(&query);
  if (get != nullptr && last_get_.has_value() && Same(*get, *last_get_)) return last_get_texts_;
  const AskTexts texts = {world_.Intern(port::Describe(query)),
                          world_.wants_inputs() ? world_.Intern(EncodeInput(query)) : 0};
  if (get != nullptr) {
    last_get_ = *get;
    last_get_texts_ = texts;
  }
  return texts;
}

void Control::Ask(std::uint64_t id, std::uint32_t incarnation, const port::Query& query,
                  Duration timeout) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(asks_.size());
    asks_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  asks_[slot] = {id, incarnation, query, TargetOf(query), world_.now() + timeout, {}, true};
  const AskTexts texts = TextsOf(query);
  world_.Record({.kind = EventKind::kAsked,
                 .node = asks_[slot].target,
                 .code = static_cast<std::uint16_t>(query.index()),
                 .a = static_cast<std::int64_t>(id),
                 .b = Place(),
                 .c = timeout,
                 .d = incarnation,
                 .text = texts.description,
                 .n = texts.input});
  const NodeId target = asks_[slot].target;
  const Duration latency = target == kNoNode ? kMillisecond : world_.kernel().Latency(id_, target);
  world_.kernel().After(id_, latency, kAskArrives, slot);
}

void Control::Reply(std::uint64_t slot, Answer answer) {
  Asking& asking = asks_[slot];
  const Duration latency =
      asking.target == kNoNode ? kMillisecond : world_.kernel().Latency(asking.target, id_);
  Duration delay = std::holds_alternative<port::HttpGet>(asking.query) ? latency : kSshDelay;
  if (answer.code == AnswerCode::kTimedOut) {
    delay = std::max<Duration>(0, asking.deadline - world_.now());
  }
  world_.Record({.kind = EventKind::kAnswered,
                 .node = asking.target,
                 .code = static_cast<std::uint16_t>(answer.code),
                 .a = static_cast<std::int64_t>(asking.id),
                 .text = world_.InternRedacted(answer.body),
                 .n = static_cast<std::uint32_t>(answer.status)});
  asking.answer = std::move(answer);
  world_.kernel().After(id_, delay, kAnswer, slot);
}

void Control::Arrive(std::uint64_t slot) { Reply(slot, Look(asks_[slot])); }

// What the asked part answers at this moment.
Answer Control::Look(const Asking& asking) {
  Hosts& hosts = world_.hosts();
  const NodeId target = asking.target;
  const bool cut = target != kNoNode && world_.kernel().IsCut(id_, target);
  const bool hung = target != kNoNode && world_.kernel().IsHung(target);
  if (std::holds_alternative<port::ShowUnit>(asking.query)) {
    if (target == kNoNode)
      return {AnswerCode::kOk, 0, "LoadState=not-found\nActiveState=inactive\n"};
    if (hosts.UnderSupervise(target)) return {AnswerCode::kOk, 0, hosts.Svstat(target)};
    const UnitState state = hosts.state(target);
    return {AnswerCode::kOk, 0,
            fmt::format("LoadState=loaded\nActiveState={}\nSubState={}\nUnitFileState={}\n",
                        ActiveState(state), SubState(state),
                        hosts.enabled(target) ? "enabled" : "disabled")};
  }
  if (const auto* b = std::get_if<port::BinaryVersion>(&asking.query)) {
    const std::string version = hosts.BinaryVersion(b->host, b->path);
    if (version.empty())
      return {AnswerCode::kNotFound, 127, b->path + ": No such file or directory"};
    return {AnswerCode::kOk, 0, "Release Version: " + version + "\n"};
  }
  if (const auto* f = std::get_if<port::ReadRemoteFile>(&asking.query)) {
    const std::string* content = hosts.File(f->host, f->path);
    if (content == nullptr && target != kNoNode && LogPath(world_.node_plan(target)) == f->path) {
      std::string log = world_.node(target).ReadLog();
      if (!log.empty()) return {AnswerCode::kOk, 0, std::move(log)};
    }
    if (content == nullptr)
      return {AnswerCode::kNotFound, 1, f->path + ": No such file or directory"};
    return {AnswerCode::kOk, 0, *content};
  }
  if (cut || hung) return {AnswerCode::kTimedOut, 0, ""};
  if (target == kNoNode && std::holds_alternative<port::QuerySql>(asking.query)) {
    return {AnswerCode::kNotFound, 1, "no such endpoint"};
  }
  if (target == kNoNode || !world_.kernel().IsUp(target)) {
    return {AnswerCode::kConnectionRefused, 0, ""};
  }
  if (const auto* l = std::get_if<port::ListRegistry>(&asking.query)) {
    if (!world_.pd().serves_etcd()) return {AnswerCode::kTimedOut, 0, ""};
    return {AnswerCode::kOk, 200, world_.pd().RangeJson(l->root)};
  }
  if (const auto* q = std::get_if<port::QuerySql>(&asking.query)) {
    return world_.node(target).OnSql(q->statement);
  }
  if (std::holds_alternative<port::ConnectTcp>(asking.query)) return {};
  const port::HttpGet& get = std::get<port::HttpGet>(asking.query);
  HttpResponse response = world_.node(target).OnHttp({get.method, get.path, get.body});
  if (response.closed) return {AnswerCode::kConnectionReset, 0, ""};
  Answer answer{response.status == 200 ? AnswerCode::kOk : AnswerCode::kHttpStatus, response.status,
                std::move(response.body)};
  if (response.content_type != kPlainText) answer.content_type = std::move(response.content_type);
  return answer;
}

}  // namespace tidegate::sim
