// Events as plain English sentences, for witnesses and `explain`.
#pragma once

#include <string>

#include "trace/event.h"
#include "trace/header.h"
#include "trace/recorder.h"

namespace tidegate::trace {

/// One sentence without its time and without a full stop: "tidb-1 committed a transaction
/// (start_ts 1, commit_ts 2, 2 rows)". Always one line: long texts are cut, control characters
/// escaped. REQUIRES: EventRules hold for the event.
std::string Sentence(const Event& event, const Header& header, const TextTable& texts);

}  // namespace tidegate::trace
