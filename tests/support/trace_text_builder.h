// The events of one trace text while it is read: what trace_text.cc fills, line by line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "trace/recorder.h"

namespace tidegate::test {

using trace::Event;
using trace::EventKind;
using trace::Trace;
using Words = std::vector<std::string>;

struct Row {
  std::uint16_t table = 0;
  std::int64_t key = 0;
  std::int64_t value = 0;
};

class Builder {
 public:
  Trace trace;
  Status Line(std::string_view line);

 private:
  Status Node();
  Status Table();
  Status HeaderLine();
  Status Generic();
  Status Cluster();
  Status Verb();
  Status Global();
  Status Commit();
  Status Ddl();
  Status Ack();
  Status Drop();
  Status Purge();
  Status Apply();
  Status Checkpoint();
  Status Process();
  Status Path();
  Status Act();
  Status StatusLine();

  Error Bad(std::string message) const {
    return Error{ErrorCode::kBadInput, std::move(message), ""};
  }
  bool Has(std::string_view word) const {
    return std::find(words_.begin(), words_.end(), word) != words_.end();
  }
  std::string Value(std::string_view name, std::string_view fallback = "") const {
    const std::string prefix = std::string(name) + "=";
    for (const std::string& word : words_) {
      if (word.starts_with(prefix)) return word.substr(prefix.size());
    }
    return std::string(fallback);
  }
  std::string Word(std::size_t i) const { return i < words_.size() ? words_[i] : ""; }
  std::string Rest(std::size_t from) const {
    std::string rest;
    for (std::size_t i = from; i < words_.size(); ++i) {
      if (i > from) rest += ' ';
      rest += words_[i];
    }
    return rest;
  }
  Result<std::int64_t> Int(const std::string& text, std::int64_t fallback = 0) const;
  Result<NodeId> NodeNamed(const std::string& name) const;
  Result<std::uint16_t> TableNamed(const std::string& name) const;
  Result<std::vector<Row>> Rows(const std::string& text) const;
  Status Stamps(const std::string& text, Tso* start, Tso* commit) const;
  Result<std::size_t> Index(const std::string& word, std::span<const std::string_view> names) const;
  trace::TextId Intern(std::string_view text) { return trace.texts.Intern(text); }

  void Emit(Event event) {
    event.time = now_;
    trace.events.push_back(event);
  }
  void Emit(EventKind kind, NodeId node, NodeId peer, std::uint16_t code, Tso a, Tso b) {
    Event event;
    event.kind = kind;
    event.node = node;
    event.peer = peer;
    event.code = code;
    event.a = a;
    event.b = b;
    Emit(event);
  }

  Words words_;
  NodeId node_ = kNoNode;
  Time now_ = 0;
  std::int64_t ask_ = 0;
};

}  // namespace tidegate::test
