// The parts of a scenario file that can be read by themselves: a Drainer's settings, how an engine
// is run, what must come out.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "sim/scenario.h"

namespace tidegate::sim {

/// The longest duration that a scenario may name.
inline constexpr Duration kLongest = 365 * 24 * kHour;

/// What stands in `value` is put into `out`, the rest of which stays; nothing when it is null.
/// Errors, each at its place: values that contradict one another, unknown keys.
Status ReadDrainer(const JsonDocument& document, const JsonValue* value, DrainerSettings* out);
Status ReadEngine(const JsonDocument& document, const JsonValue* value, EngineSettings* out);
/// REQUIRES: `value` is not null.
Status ReadExpect(const JsonDocument& document, const JsonValue* value, Expectation* out);

}  // namespace tidegate::sim
