// Adds up a run's figures as its events go by.
#pragma once

#include <cstdint>
#include <vector>

#include "trace/event.h"
#include "verifier/figures.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {

class FiguresCollector {
 public:
  explicit FiguresCollector(const Model& model);

  /// The model has already taken `event` in.
  void OnEvent(const trace::Event& event) {
    ++event_count_;
    last_time_ = event.time;
    switch (event.kind) {
      case trace::EventKind::kRowApplied:
      case trace::EventKind::kDdlApplied: {
        const ApplyFact& apply = model_.apply();
        if (apply.match == ApplyFact::Match::kWhole && apply.lag > sinks_[apply.sink].lag_max) {
          sinks_[apply.sink].lag_max = apply.lag;
        }
        break;
      }
      case trace::EventKind::kTxnCommitted: ++committed_count_; break;
      case trace::EventKind::kRowCommitted:
      case trace::EventKind::kTxnHanded:
      case trace::EventKind::kBinlogAcked: break;
      default: OnRareEvent(event); break;
    }
  }

  Figures Finish() const;

 private:
  void OnRareEvent(const trace::Event& event);
  void OnReach(const trace::Event& event);
  void OnStatus(NodeId drainer, Time time);

  const Model& model_;
  std::uint64_t event_count_ = 0;
  std::uint64_t committed_count_ = 0;
  std::uint64_t failed_write_count_ = 0;
  Time last_time_ = 0;
  std::vector<SinkFigures> sinks_;
  std::vector<ManualGate> gates_;  // by node id; answer_count 0: none
  bool ever_attached_ = false;
  Time down_since_ = -1;
  Duration writers_down_ = 0;
  Time drain_from_ = -1;  // writes go to the new side only, clients are back
};

}  // namespace tidegate::verifier
