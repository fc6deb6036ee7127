// A trace in memory, and the one who writes it. The recorder gives each event to its listener as it
// happens (the verifier), so that a judge of any size of run needs no stored trace.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "trace/event.h"
#include "trace/header.h"

namespace tidegate::trace {

struct TextHash {
  using is_avalanching = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

/// Strings of a trace, each stored once. Id 0 is the empty string. Ids rise in order of first use.
class TextTable {
 public:
  TextTable() {
    texts_.emplace_back();
    ids_.reserve(kTextsUsual);
  }
  TextTable(TextTable&&) = default;
  TextTable& operator=(TextTable&&) = default;
  TextTable(const TextTable&) = delete;
  TextTable& operator=(const TextTable&) = delete;

  TextId Intern(std::string_view text) {
    if (text.empty()) return 0;
    const auto found = ids_.find(text);
    if (found != ids_.end()) return found->second;
    const auto id = static_cast<TextId>(texts_.size());
    texts_.emplace_back(text);
    ids_.emplace(std::string_view(texts_.back()), id);
    return id;
  }

  /// REQUIRES: id < size().
  std::string_view Get(TextId id) const {
    CHECK(id < texts_.size());
    return texts_[id];
  }
  std::size_t size() const { return texts_.size(); }

 private:
  static constexpr std::size_t kTextsUsual = 400;  // of a small run

  std::deque<std::string> texts_;  // a deque: views of its strings stay valid as it grows
  boost::unordered_flat_map<std::string_view, TextId, TextHash> ids_;
};

/// Whoever wants to see each event as it happens.
class Listener {
 public:
  virtual ~Listener() = default;
  /// `index` is the event's number, from 0, without gaps.
  virtual void OnEvent(const Event& event, std::uint64_t index) = 0;
};

/// A whole run in memory.
struct Trace {
  Header header;
  TextTable texts;
  std::vector<Event> events;
};

class Recorder {
 public:
  /// Keeps events in `trace` when `keep`; gives each to `listener` when there is one. `inputs`:
  /// what an engine asks and does is wanted by value too, for a replay. REQUIRES: both outlive the
  /// recorder.
  Recorder(Trace* trace, Listener* listener, bool keep, bool inputs = false)
      : trace_(trace), listener_(listener), keep_(keep), inputs_(inputs) {}

  /// REQUIRES: event.time is not below the last one's.
  void Record(const Event& event) {
    CHECK(event.time >= last_time_);
    last_time_ = event.time;
    if (keep_) trace_->events.push_back(event);
    if (listener_ != nullptr) listener_->OnEvent(event, count_);
    ++count_;
  }

  TextId Intern(std::string_view text) { return trace_->texts.Intern(text); }
  std::uint64_t count() const { return count_; }
  bool wants_inputs() const { return inputs_; }
  Trace& trace() { return *trace_; }

 private:
  Trace* trace_;
  Listener* listener_;
  bool keep_;
  bool inputs_;
  Time last_time_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace tidegate::trace
