// What an engine asked of the world or did to it, by value: the text that a trace keeps of it, and
// back. A recording is made of these. Each field of the action or query is written in the order of
// engine/port/port.h as `LENGTH:BYTES,` (numbers in decimal, a boolean as 0 or 1, a list as its
// count and then its elements), so that bytes of any kind stay what they are. Passwords are written
// as "***", as in a run plan: nothing in a run depends on them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/port/port.h"

namespace tidegate::sim {

std::string EncodeInput(const engine::port::Action& action);
std::string EncodeInput(const engine::port::Query& query);

/// `index`: of the variant, as the event's code has it. Errors: kBadInput with "byte N" of the text
/// as its place.
Result<engine::port::Action> DecodeAction(std::size_t index, std::string_view text);
Result<engine::port::Query> DecodeQuery(std::size_t index, std::string_view text);

}  // namespace tidegate::sim
