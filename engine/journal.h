// The journal's file format: one record a line, as a JSON object that ends with a checksum of what
// stands before it:
//   {"sequence":1,"at":0,"kind":"begin","name":"…","value":"…","sum":"0123456789abcdef"}
// A torn last line is what a crash in the middle of a write leaves: it is dropped, and said. Any
// other damage is refused: an engine that forgot what it did must not go on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/port/port.h"

namespace tidegate::engine {

/// With its line end.
std::string EncodeRecord(const port::JournalRecord& record);

struct Journal {
  std::vector<port::JournalRecord> records;
  bool torn = false;           ///< the last line was cut off and dropped
  std::size_t good_bytes = 0;  ///< length of what is whole: where to go on writing
};

/// Errors: kBadInput with file:line for a line that can't be read, a wrong checksum, or a sequence
/// that does not rise by one from 1.
Result<Journal> DecodeJournal(std::string_view text, const std::string& file);

}  // namespace tidegate::engine
