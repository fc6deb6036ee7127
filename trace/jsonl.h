// Traces as JSON lines: for reading, for grep and jq, for exchange. First line the header, then one
// event a line, `{"t":1200000,"e":"txn-committed","node":"tidb-1",…}` with the keys of kEventSpecs
// in their order, last line `{"end":COUNT,"digest":"…"}`. See docs/trace.md.
#pragma once

#include <memory>

#include "trace/bytes.h"
#include "trace/reader.h"

namespace tidegate::trace {

/// Writes the whole trace. REQUIRES: each event holds EventRules; times do not fall.
Status WriteJsonl(const Trace& trace, const ByteSink& sink);

/// Appends the line of one event, with its newline. REQUIRES: it holds EventRules.
void AppendEventLine(const Event& event, const Header& header, const TextTable& texts,
                     std::string* out);

/// Reads the header line. Keys of a line may stand in any order; unknown ones are errors, and so is
/// whatever follows the last line. REQUIRES: `header` and `texts` are fresh and outlive the reader.
/// Errors: file:line:column, the offending value, the nearest known name.
Result<std::unique_ptr<TraceReader>> OpenJsonl(std::unique_ptr<ByteSource> source, Header* header,
                                               TextTable* texts);

}  // namespace tidegate::trace
