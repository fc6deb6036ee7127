// What happened, one line at a time: the engine's claims and the faults, as a trace has them. The
// same lines come from a run and from its saved trace.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "trace/event.h"
#include "trace/header.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

struct StepLine {
  Time time = 0;
  std::string step;  ///< id, or "fault", "engine", "operator"
  std::string what;  ///< "started", "proven", "done", "gate shut", "gate open", …
  std::string text;
};

class StepCollector {
 public:
  StepCollector(const trace::Header& header, const trace::TextTable& texts)
      : header_(header), texts_(texts) {}

  void OnEvent(const trace::Event& event) {
    switch (event.kind) {
      case trace::EventKind::kTxnCommitted:
      case trace::EventKind::kRowCommitted:
      case trace::EventKind::kBinlogAcked:
      case trace::EventKind::kTxnHanded:
      case trace::EventKind::kRowApplied: break;
      default: OnRareEvent(event); break;
    }
  }
  const std::vector<StepLine>& lines() const { return lines_; }
  bool synthesised() const { return synthesised_; }

 private:
  void OnRareEvent(const trace::Event& event);
  void Add(const trace::Event& event, std::string step, std::string what, std::string text);

  const trace::Header& header_;
  const trace::TextTable& texts_;
  std::vector<StepLine> lines_;
  std::string step_;
  std::vector<std::string> names_;  ///< of steps that began, by place
  bool synthesised_ = false;
};

}  // namespace tidegate::rehearsal
