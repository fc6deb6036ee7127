// The header of a trace as one line of JSON: fixed key order, every key always there, nodes named
// by name. The same text in both file formats and in the digest.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "trace/header.h"

namespace tidegate::trace {

/// One line, without a newline. REQUIRES: node names are unique, node ids in range.
std::string HeaderToJson(const Header& header);

/// Reads what HeaderToJson wrote; keys may stand in any order and be left out (but for "format",
/// a node's "name" and "role", a table's "schema" and "name"). `file` is used in messages.
/// Errors: kBadInput with file:line:column, the offending value and the nearest known name;
/// another format version.
Result<Header> HeaderFromJson(std::string text, std::string file);

/// Why a trace of format `version` is refused, as a sentence.
std::string WrongFormat(std::int64_t version);

}  // namespace tidegate::trace
