// Traces as blocks of 64-byte events (`.tgt`): for volume. Magic and version, the header's JSON,
// then blocks of texts and events, each with a checksum, and a block with count and digest at the
// end. See docs/trace.md for the layout and a worked example.
#pragma once

#include <memory>

#include "trace/bytes.h"
#include "trace/reader.h"

namespace tidegate::trace {

inline constexpr std::string_view kBinaryMagic = "tgtrace\n";

/// Writes the whole trace. REQUIRES: each event holds EventRules; times do not fall.
Status WriteBinary(const Trace& trace, const ByteSink& sink);

/// Reads up to the header. Every length, id, code and order is tested, and nothing is allocated on
/// the word of a length field alone: any bytes give events or an Error.
/// REQUIRES: `header` and `texts` are fresh and outlive the reader.
/// Errors: "file:byte N", N from 0, of the block or event that is wrong.
Result<std::unique_ptr<TraceReader>> OpenBinary(std::unique_ptr<ByteSource> source, Header* header,
                                                TextTable* texts);

}  // namespace tidegate::trace
