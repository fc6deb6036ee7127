#include "verifier/figures.h"

#include <fmt/format.h>

#include <algorithm>

#include "verifier/figures_collector.h"

namespace tidegate::verifier {

using trace::Event;
using trace::EventKind;

FiguresCollector::FiguresCollector(const Model& model) : model_(model) {
  for (const SinkFacts& sink : model.sinks()) sinks_.push_back({.sink = sink.node});
  gates_.resize(model.header().nodes.size());
}

void FiguresCollector::OnReach(const Event& event) {
  const bool any = model_.AnyTidbServes();
  if (any && down_since_ >= 0) {
    writers_down_ += event.time - down_since_;
    down_since_ = -1;
    if (model_.t0() != 0) drain_from_ = event.time;
  }
  if (!any && ever_attached_ && down_since_ < 0) down_since_ = event.time;
  ever_attached_ |= any;
}

void FiguresCollector::OnStatus(NodeId drainer, Time time) {
  if (!model_.info(drainer).old_side) return;
  ManualGate& gate = gates_[drainer];
  gate.drainer = drainer;
  if (gate.answer_count++ == 0) gate.first_at = time;
  gate.last_at = time;
  if (gate.synced_at >= 0 || !model_.last_status(drainer).synced) return;
  gate.synced_at = time;
  const SinkFacts& sink = model_.sinks()[model_.SinkOfDrainer(drainer)];
  gate.checkpoint_at_synced = model_.drainer(drainer).saved_ts;
  for (NodeId node = 0; model_.IsNode(node); ++node) {
    if (model_.IsOldPump(node)) gate.undrained_at_synced += sink.ledger.OutstandingAt(node);
  }
}

void FiguresCollector::OnRareEvent(const Event& event) {
  switch (event.kind) {
    case EventKind::kClientsAttached:
    case EventKind::kClientsDetached:
    case EventKind::kNodeUp:
    case EventKind::kNodeDown: OnReach(event); break;
    case EventKind::kWriterPathClosed:
      if (drain_from_ < 0 && model_.t0() != 0) drain_from_ = event.time;
      break;
    case EventKind::kWriteFailed: failed_write_count_ += std::max<std::uint32_t>(event.n, 1); break;
    case EventKind::kCheckpointLoaded: {
      const std::size_t sink = model_.SinkOfDrainer(event.node);
      if (sink == Model::kNoSink || !model_.info(event.node).new_side) break;
      SinkFigures& figures = sinks_[sink];
      const SinkFacts& facts = model_.sinks()[sink];
      if (figures.handed_over != 0 || !facts.saved || !model_.IsNode(facts.last_saved.saver)) break;
      if (model_.info(facts.last_saved.saver).old_side) {
        figures.handed_over = facts.last_saved.commit_ts;
      }
      break;
    }
    case EventKind::kAnswered: {
      const NodeId drainer = model_.status_now();
      if (drainer != kNoNode && model_.SinkOfDrainer(drainer) != Model::kNoSink) {
        OnStatus(drainer, event.time);
      }
      break;
    }
    default: break;
  }
  const std::size_t decided = model_.decided_now();
  if (decided != Model::kNoSink && drain_from_ >= 0) {
    sinks_[decided].drain = event.time - drain_from_;
  }
}

Figures FiguresCollector::Finish() const {
  Figures figures;
  figures.virtual_duration = last_time_;
  figures.event_count = event_count_;
  figures.committed_count = committed_count_;
  figures.failed_write_count = failed_write_count_;
  figures.writers_down = writers_down_;
  if (down_since_ >= 0) figures.writers_down += last_time_ - down_since_;
  figures.sinks = sinks_;
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    SinkFigures& sink = figures.sinks[i];
    const Ledger& ledger = model_.sinks()[i].ledger;
    sink.wanted_count = ledger.wanted_count();
    sink.applied_count = ledger.completed_count();
    for (std::size_t at = 0; at < ledger.size() && ledger.outstanding_count() > 0; ++at) {
      if (ledger.At(at).done()) continue;
      sink.outstanding_min = ledger.At(at).commit_ts;
      break;
    }
    figures.applied_count += sink.applied_count;
    figures.lag_max = std::max(figures.lag_max, sink.lag_max);
  }
  for (const ManualGate& gate : gates_) {
    if (gate.answer_count > 0) figures.manual_gate.push_back(gate);
  }
  return figures;
}

std::string Figures::Sentence(const ManualGate& gate) {
  if (gate.synced_at < 0) {
    return fmt::format("never in {} answers over {}", gate.answer_count,
                       FormatDuration(gate.last_at - gate.first_at));
  }
  return fmt::format("true at {} with {} transactions missing downstream",
                     FormatClock(gate.synced_at), gate.undrained_at_synced);
}

}  // namespace tidegate::verifier
