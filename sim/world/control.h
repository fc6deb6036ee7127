// The engine's hands in the world: performs its actions on hosts, services and SQL endpoints, and
// answers its queries with the bytes that the parts would send. Everything that crosses is recorded
// as a boundary event. It is a node of its own, so that it has links that can be cut.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/port/port.h"
#include "sim/world.h"
#include "sim/world/imports.h"
#include "sim/world/playbooks.h"

namespace tidegate::sim {

class Control final : public Node {
 public:
  Control(World& world, NodeId id);

  /// Attaches the engine `delay` from now.
  void BeginAfter(Duration delay) { world_.kernel().After(id_, delay, kBegin); }

  void Perform(std::uint64_t id, const engine::port::Action& action);
  void Ask(std::uint64_t id, std::uint32_t incarnation, const engine::port::Query& query,
           Duration timeout);
  void WakeAt(Time at);
  void Post(engine::port::Input input);
  void Claim(trace::Event event, std::string_view text);

  /// The clock of the engine's host jumps; an engine sees it when it starts (the real host takes
  /// wall time once and steady time from then on).
  void JumpClock(Duration by);
  Duration clock_ahead() const { return clock_ahead_; }

  /// Tells the clients' side that the engine has ended, when it has.
  void NoteEnd();

  /// A statement that takes time (a DDL) has ended.
  void SqlDone(std::uint64_t action, const engine::port::Answer& answer);

  void OnStart() override {}
  void OnStopSignal() override {}
  void OnKilled() override {}
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  bool Pending() const override;

 private:
  enum Timer : What {
    kBegin = 1,
    kAct,
    kPollStop,
    kGiveUp,
    kAskArrives,
    kAnswer,
    kWake,
    kDeliver,
    kPlaybook,
    kImport
  };

  struct Doer;
  struct Acting {
    std::uint64_t id = 0;
    engine::port::Action action;
    NodeId target = kNoNode;
    Time started = 0;
  };
  struct Asking {
    std::uint64_t id = 0;
    std::uint32_t incarnation = 0;
    engine::port::Query query;
    NodeId target = kNoNode;
    Time deadline = 0;
    engine::port::Answer answer;
    bool open = false;
  };

  // What a question is called in the trace, and its bytes there (0: not wanted).
  struct AskTexts {
    trace::TextId description = 0;
    trace::TextId input = 0;
  };

  std::int64_t Place() const;
  void Act(std::uint64_t id);
  void ActDone(std::uint64_t id, const engine::port::Answer& answer);
  void PollStop(std::uint64_t id);
  engine::port::Answer RunSql(const Acting& acting, bool* later);
  Acting* Find(std::uint64_t id);
  engine::port::Answer RunHook(const Acting& acting, bool* later);
  void Arrive(std::uint64_t slot);
  void Reply(std::uint64_t slot, engine::port::Answer answer);
  engine::port::Answer Look(const Asking& asking);
  AskTexts TextsOf(const engine::port::Query& query);
  NodeId TargetOf(const engine::port::Query& query) const;
  NodeId TargetOf(const engine::port::Action& action) const;
  NodeId EndpointNode(const std::string& endpoint) const;
  std::string Delivered(const std::string& part, const std::string& version) const;
  NodeId FindByFile(const std::string& host, const std::string& path) const;
  void DeliverPosted();

  std::vector<Acting> acting_;  ///< one, and what a crashed engine left running
  std::deque<engine::port::Input> posted_;
  std::vector<Asking> asks_;
  std::optional<engine::port::HttpGet> last_get_;
  AskTexts last_get_texts_;
  std::vector<std::uint32_t> free_;
  std::map<std::string, std::string> backups_;
  Playbooks playbooks_;
  Imports imports_;
  Duration clock_ahead_ = 0;
};

}  // namespace tidegate::sim
