// What a client's text asks of a database: whether it has to be told to the world, and how. By the
// first words of each of its statements; who writes by ways that these do not show (a function that
// a SELECT calls) is found by what became of the rows.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidegate::lab {

enum class StatementKind : std::uint8_t {
  kOfSession,  ///< settings, transactions: nothing that anybody else sees
  kReads,
  kWrites,     ///< and whatever is not known
  kForbidden,  ///< it would end the server
};

/// Of several statements the last in the order above.
StatementKind KindOf(std::string_view text);

/// Does it ask for what the statement before it left behind (warnings, counts of rows)?
bool AsksForLast(std::string_view text);

}  // namespace tidegate::lab
