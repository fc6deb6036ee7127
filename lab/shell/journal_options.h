// journalctl's words, and its moments of time (journalctl(1), systemd.time(7)).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::lab {

struct JournalOptions {
  std::vector<std::string> units;  ///< full names
  std::optional<std::size_t> lines;
  bool follow = false;
  bool newest_first = false;
  bool quiet = false;
  std::string output = "short";
  std::string since;
  std::string until;
  std::string wrong;  ///< what it says of words that it does not take
};

JournalOptions ReadJournalOptions(const std::vector<std::string>& words);

/// Microseconds of 1970, in UTC, of a moment as --since takes it; nothing: it is none.
std::optional<std::int64_t> MomentOf(std::string_view text, std::int64_t now_us);

/// A line of a unit's journal (lab/session/host_logs.h).
struct JournalLine {
  std::int64_t at_us = 0;
  std::string_view identifier;
  std::string_view message;
};
std::optional<JournalLine> ReadJournalLine(std::string_view line);

/// As `output` has it, with its end of line.
std::string JournalText(const JournalLine& line, std::string_view output, std::string_view host,
                        std::string_view unit);

}  // namespace tidegate::lab
