// What every run has around its world: the header, whoever sees each event as it happens, and the
// verdict at the end. The engine is the caller's.
#pragma once

#include <memory>
#include <vector>

#include "rehearsal/event_counter.h"
#include "rehearsal/run.h"
#include "trace/digest.h"
#include "trace/recorder.h"
#include "verifier/verifier.h"

namespace tidegate::rehearsal {

class Judged final : public trace::Listener {
 public:
  /// REQUIRES: `options` outlives this; `header` is complete.
  Judged(trace::Header header, const RunOptions& options);
  ~Judged() override;

  trace::Recorder* recorder() { return &recorder_; }
  RunResult& result() { return result_; }
  /// One more who sees each event; null: nobody.
  void Also(trace::Listener* listener) {
    if (listener != nullptr) also_.push_back(listener);
  }
  /// The run is over.
  RunResult Finish();

  void OnEvent(const trace::Event& event, std::uint64_t index) override {
    judge_.Judge(event, index);
    steps_.OnEvent(event);
    counter_.OnEvent(event);
    if (digest_ != nullptr) digest_->Add(event, result_.trace.texts);
    for (trace::Listener* listener : also_) listener->OnEvent(event, index);
  }

 private:
  const RunOptions& options_;
  RunResult result_;
  verifier::Verifier judge_;
  std::unique_ptr<trace::Digest> digest_;
  StepCollector steps_;
  EventCounter counter_;
  trace::Recorder recorder_;
  std::vector<trace::Listener*> also_;
};

/// The header of a run of `plan` by the engine that `options` name.
trace::Header HeaderOf(const sim::RunPlan& plan, const sim::EngineSettings& settings,
                       const RunOptions& options, Duration write_outage_max);

}  // namespace tidegate::rehearsal
