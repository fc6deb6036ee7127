// Which events a trace may hold: what the rows of kEventSpecs allow, prepared so that a test of one
// event costs a few nanoseconds. Readers refuse what breaks them, writers and the digest CHECK
// them, so that a check of the verifier may index the header's tables without looking.
#pragma once

#include <string>

#include "trace/event.h"
#include "trace/header.h"

namespace tidegate::trace {

class EventRules {
 public:
  explicit EventRules(const Header& header)
      : node_count_(header.nodes.size()), table_count_(header.tables.size()) {}

  /// Does each slot that the row of event.kind lists hold a value that it allows, and each other
  /// slot its default? `text_count`: of the table that its text ids point into. The order of times
  /// is not looked at, only that they are not negative.
  bool Hold(const Event& event, std::size_t text_count) const;

  /// The first reason why not, as a sentence. REQUIRES: !Hold(event, text_count).
  std::string Broken(const Event& event, std::size_t text_count) const;

 private:
  std::size_t node_count_;
  std::size_t table_count_;
};

/// Is slot `n` of events of `kind` a text id? REQUIRES: kind < kCount.
bool HasSecondText(EventKind kind);

}  // namespace tidegate::trace
