// Traces in files; the name says which format: `.jsonl` or `.tgt`.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "trace/reader.h"
#include "trace/recorder.h"

namespace tidegate::trace {

/// Writes the whole trace atomically. Errors: kBadInput when the name ends in neither `.jsonl` nor
/// `.tgt`, kIo. REQUIRES: each event holds EventRules; times do not fall.
Status WriteTrace(const Trace& trace, const std::string& path);

/// The whole trace, count and digest verified.
/// Errors: kNotFound, kIo, kBadInput with the place (file:line:column, or file:byte N), kLimit.
Result<Trace> ReadTrace(const std::string& path);

/// Opens a trace and reads its header, so that a verifier can be made from it before the first
/// event. REQUIRES: `header` and `texts` are fresh and outlive the reader. Errors: as ReadTrace.
Result<std::unique_ptr<TraceReader>> OpenTrace(const std::string& path, Header* header,
                                               TextTable* texts);

/// OpenTrace and ReadEvents in one: both `header` and the texts of an event are there before the
/// listener sees it. Memory: the texts and a block. Errors: as ReadTrace, perhaps after events were
/// given.
Status StreamTrace(const std::string& path, Header* header, TextTable* texts, Listener* listener);

}  // namespace tidegate::trace
