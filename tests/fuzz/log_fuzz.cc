// Log lines of Pumps and Drainers, times as people write them, captured bodies as observations.
#include <cstddef>
#include <cstdint>
#include <string>

#include "rehearsal/import_log.h"
#include "rehearsal/import_scenario.h"
#include "rehearsal/import_time.h"
#include "rehearsal/incidents.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidegate::rehearsal;  // NOLINT(google-build-using-namespace)
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto log = ParseLog(text, "fuzz.log", 480);
  if (!log.has_value()) {
    // A reason, and the line that it is about.
    if (log.error().message.empty() || log.error().where.empty()) __builtin_trap();
  } else {
    if (log->facts.size() + log->unknown_count != log->line_count) __builtin_trap();
    if ((log->unknown_count == 0) != (log->first_unknown_line == 0)) __builtin_trap();
    for (const LogFact& fact : log->facts) {
      if (fact.line == 0 || fact.line > log->line_count || fact.tso < 0) __builtin_trap();
    }
  }
  const auto time = ParseWallTime(text, 0);
  if (time.has_value() && (time->byte_count > size || time->byte_count < 19)) __builtin_trap();
  (void)ParseZone(text);
  (void)ParseStatusArgument(text, 0);
  if (text.find('\n') == std::string::npos && Wrapped(text, 4, 40).size() < 1 && size > 0 &&
      text.find_first_not_of(' ') != std::string::npos) {
    __builtin_trap();
  }
  return 0;
}
