#include "rehearsal/judged.h"

#include <utility>

#include "rehearsal/lab_command.h"

namespace tidegate::rehearsal {
namespace {

RunResult WithHeader(trace::Header header) {
  RunResult result;
  result.trace.header = std::move(header);
  return result;
}

}  // namespace

Judged::Judged(trace::Header header, const RunOptions& options)
    : options_(options),
      result_(WithHeader(std::move(header))),
      judge_(result_.trace.header, result_.trace.texts, {options.fail_on_exposure}),
      digest_(options.digest ? std::make_unique<trace::Digest>(result_.trace.header) : nullptr),
      steps_(result_.trace.header, result_.trace.texts),
      counter_(options.count, result_.trace.header, result_.trace.texts),
      recorder_(&result_.trace, this, options.keep_trace, options.keep_trace || options.digest) {}

Judged::~Judged() = default;

RunResult Judged::Finish() {
  result_.steps = steps_.lines();
  result_.event_count = recorder_.count();
  result_.counts = counter_.counts();
  result_.verdict = judge_.Finish(options_.keep_trace ? &result_.trace : nullptr);
  if (digest_ != nullptr) result_.digest = digest_->Hex();
  return std::move(result_);
}

trace::Header HeaderOf(const sim::RunPlan& plan, const sim::EngineSettings& settings,
                       const RunOptions& options, Duration write_outage_max) {
  trace::Header header = MakeHeader(plan, options.keep_trace || options.digest);
  header.engine = options.engine.Name();
  // Whether a program has a gate, and which, is its own affair.
  const std::string& command = options.engine.command;
  if (command.empty() || command == kShippedEngine) header.gate = options.engine.gate;
  header.reproduce = options.reproduce;
  header.write_outage_max = write_outage_max;
  header.accepted = settings.accept;
  header.watched = options.look_every > 0 && options.look_at_pumps;
  return header;
}

}  // namespace tidegate::rehearsal
