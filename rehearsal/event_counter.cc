#include "rehearsal/event_counter.h"

#include <string_view>

namespace tidegate::rehearsal {

EventCounter::EventCounter(const std::vector<sim::ExpectedEvents>* expected,
                           const trace::Header& header, const trace::TextTable& texts)
    : expected_(expected), header_(header), texts_(texts) {
  if (expected == nullptr) return;
  counts_.resize(expected->size());
  for (const sim::ExpectedEvents& one : *expected) {
    wanted_[static_cast<std::size_t>(one.text.kind)] = true;
  }
}

void EventCounter::Count(const trace::Event& event) {
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const sim::EventText& wanted = (*expected_)[i].text;
    if (wanted.kind != event.kind) continue;
    if (wanted.match_code >= 0 && wanted.match_code != event.code) continue;
    if (!wanted.node.name.empty() && (event.node >= header_.nodes.size() ||
                                      header_.nodes[event.node].name != wanted.node.name)) {
      continue;
    }
    if (!wanted.match_text.empty() &&
        texts_.Get(event.text).find(wanted.match_text) == std::string_view::npos) {
      continue;
    }
    ++counts_[i];
  }
}

}  // namespace tidegate::rehearsal
