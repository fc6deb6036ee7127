// A scripted engine: what it puts out is written down in turns, and everything that its host hands
// in is kept. A turn is put out when all that the turn before asked for has come back. Sequences,
// ids and times are filled in, so that a script holds only what its case is about.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/port/port.h"

namespace tidegate::test {

using Turn = std::vector<engine::port::Output>;
using Script = std::vector<Turn>;

engine::port::Output Keep(std::string name, std::string value = "");
engine::port::Output Do(engine::port::Action action);
engine::port::Output Look(engine::port::Query query, Duration timeout = 5 * kSecond);
/// `delay` after the turn began.
engine::port::Output Wake(Duration delay);
engine::port::Output Say(std::string text);
engine::port::Output AskOperator(std::string question);
engine::port::Output End();

/// What one incarnation was given and when.
struct Incarnation {
  std::vector<engine::port::JournalRecord> resumed_with;
  std::vector<engine::port::JournalRecord> kept;
  std::vector<engine::port::Input> inputs;
  std::vector<Time> wakes;               ///< asked for, in order
  std::vector<std::uint64_t> performed;  ///< ids of actions
  std::vector<std::uint64_t> asked;      ///< ids of queries
  std::vector<Time> asked_at;
};

class ScriptedEngine final : public engine::Engine {
 public:
  /// Goes on behind `records`. REQUIRES: `seen` outlives the engine.
  ScriptedEngine(Script script, std::vector<engine::port::JournalRecord> records,
                 std::uint32_t incarnation, Incarnation* seen);

  void Handle(const engine::port::Input& input,
              std::vector<engine::port::Output>* outputs) override;
  bool finished() const override { return finished_; }

 private:
  bool TakeIn(const engine::port::Input& input);
  void PutOut(Time now, std::vector<engine::port::Output>* outputs);

  Script script_;
  Incarnation* seen_;
  std::uint32_t incarnation_;
  std::uint64_t sequence_ = 0;
  std::uint64_t next_id_ = 0;
  std::size_t turn_ = 0;
  std::size_t open_ = 0;  ///< answers, ends and wakes of the turn that are still to come
  std::vector<Time> wakes_;
  bool finished_ = false;
};

/// The answers that came for the actions, or for the queries, of an incarnation, in their order.
std::vector<engine::port::Answer> Outcomes(const Incarnation& seen);
std::vector<engine::port::Answer> Answers(const Incarnation& seen);

}  // namespace tidegate::test
