// What came from outside, put to the world: actions and queries of the engine's port, each with
// whoever waits for its answer.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/port/port.h"
#include "lab/shell/translate.h"
#include "sim/attach.h"
#include "trace/event.h"

namespace tidegate::lab {

class WorldHands final : public Hands {
 public:
  /// REQUIRES: before anything else is called; `link` outlives this.
  void Attach(sim::EngineLink* link) { link_ = link; }

  void Perform(const engine::port::Action& action, OnAnswer on_answer) override;
  void Ask(const engine::port::Query& query, Duration timeout, OnAnswer on_answer) override;
  void WhenDown(NodeId node, std::function<void(int status)> then) override;
  Time now() const override { return link_->now(); }
  void Refused(const std::string& host, const std::string& what) override;

  /// Gives an answer to whoever waits for it, when `input` is one, and tells of processes that have
  /// ended meanwhile.
  void Deliver(const engine::port::Input& input);
  /// A process has ended; whoever waits for that hears of it at the next Deliver.
  void WentDown(const trace::Event& event);
  std::size_t outstanding_count() const { return waiting_.size(); }
  /// What would have left the lab, a sentence each.
  const std::vector<std::string>& refused() const { return refused_; }

 private:
  sim::EngineLink* link_ = nullptr;
  std::uint64_t last_id_ = 0;
  boost::unordered_flat_map<std::uint64_t, OnAnswer> waiting_;
  std::multimap<NodeId, std::function<void(int)>> when_down_;
  std::vector<std::pair<NodeId, int>> went_down_;  // with their exit statuses
  std::vector<std::string> refused_;
};

}  // namespace tidegate::lab
