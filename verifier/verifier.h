// The verifier: shown every event of a run, it derives the shared facts (Model), lets each check
// see the kinds that it asked for, and at the end says what held. It reads truth and boundary
// events; claims only where a check says so. The same object judges a run as it happens and a saved
// trace.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "trace/event.h"
#include "trace/header.h"
#include "trace/recorder.h"
#include "verifier/check.h"
#include "verifier/figures_collector.h"
#include "verifier/findings.h"
#include "verifier/model/model.h"
#include "verifier/verdict.h"

namespace tidegate::verifier {

struct VerifierOptions {
  bool fail_on_exposure = false;
};

class Verifier final : public trace::Listener {
 public:
  /// REQUIRES: `header` (complete) and `texts` outlive the verifier.
  Verifier(const trace::Header& header, const trace::TextTable& texts, VerifierOptions options);
  ~Verifier() override;
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  void OnEvent(const trace::Event& event, std::uint64_t index) override { Judge(event, index); }

  /// The same without a virtual call, for whoever holds the whole trace.
  void Judge(const trace::Event& event, std::uint64_t index) {
    model_.Apply(event, index);
    figures_.OnEvent(event);
    const auto kind = static_cast<std::size_t>(event.kind);
    for (std::uint32_t at = first_[kind]; at < first_[kind + 1]; ++at) {
      listeners_[at]->OnEvent(event, index);
    }
  }

  /// The judgement. `trace` is read for events of witnesses that nobody kept; null when the run was
  /// not recorded: witnesses then have the events that checks had in hand. Call once.
  Verdict Finish(const trace::Trace* trace);

 private:
  Outcome Decide(const std::vector<Finding>& findings, std::string* why) const;

  static constexpr std::size_t kKinds = static_cast<std::size_t>(trace::EventKind::kCount);

  const trace::Header& header_;
  const trace::TextTable& texts_;
  VerifierOptions options_;
  Model model_;
  Findings findings_;
  FiguresCollector figures_;
  std::vector<std::unique_ptr<Check>> checks_;
  std::vector<Check*> listeners_;  // of kind k: [first_[k], first_[k + 1])
  std::array<std::uint32_t, kKinds + 1> first_{};
};

/// Judges a whole trace.
Verdict JudgeTrace(const trace::Trace& trace, VerifierOptions options);

}  // namespace tidegate::verifier
