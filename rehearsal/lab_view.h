// The world of a lab that is kept for people, for their eyes: which process is up, what the
// registry says, how far each Drainer is, which faults stand. Built from the trace's events as they
// happen, as a verdict is; it draws no conclusions.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/tso.h"
#include "rehearsal/steps.h"
#include "trace/header.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

class LabView final : public trace::Listener {
 public:
  /// `say`, when there is one, gets a line of text for each thing of note as it happens. REQUIRES:
  /// all outlive the view.
  LabView(const trace::Header& header, const trace::TextTable& texts,
          std::function<void(const std::string&)> say);

  void OnEvent(const trace::Event& event, std::uint64_t index) override;
  /// A table of the nodes, the faults that stand, and the last things that were done: lines.
  std::string Text() const;
  /// Counts what has changed: equal, and the text is the same.
  std::uint64_t changes() const { return changes_; }
  /// When something last happened.
  Time now() const { return now_; }

 private:
  struct Seen {
    bool runs = false;  // ever started, or at least installed
    bool up = false;
    std::string down;      // how it went down, last
    std::string version;   // of the process
    std::string registry;  // its own word
    Tso upper = 0;         // of the window, where there is one
    Tso lower = 0;
    Tso checkpoint = 0;  // last saved
  };

  void Note(const trace::Event& event);
  void SayNew();
  std::string RowOf(std::size_t node) const;
  std::string Progress(const Seen& seen) const;

  const trace::Header& header_;
  const trace::TextTable& texts_;
  std::function<void(const std::string&)> say_;
  StepCollector steps_;
  std::size_t said_ = 0;  // of the steps' lines
  std::vector<Seen> nodes_;
  std::vector<std::pair<std::uint32_t, std::string>> faults_;  // that stand, by their number
  Tso last_commit_ = 0;
  Time now_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace tidegate::rehearsal
