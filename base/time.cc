#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <ctime>

namespace tidegate {
namespace {

// Wide enough for any 18 digits times any unit.
__extension__ typedef __int128 Wide;

// No rehearsal lasts so long: later times are those of a real clock.
constexpr Time kCalendarFrom = 365 * 24 * kHour;

struct Unit {
  std::string_view name;
  Duration length;
};

// Longest names first, so that "ms" is not read as "m".
constexpr std::array<Unit, 7> kUnits = {{{"ms", kMillisecond},
                                         {"us", kMicrosecond},
                                         {"ns", kNanosecond},
                                         {"d", 24 * kHour},
                                         {"h", kHour},
                                         {"m", kMinute},
                                         {"s", kSecond}}};

std::string WithFraction(std::uint64_t amount, std::uint64_t unit, std::string_view name) {
  std::string fraction = fmt::format("{}", unit + amount % unit).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return fmt::format("{}{}{}{}", amount / unit, fraction.empty() ? "" : ".", fraction, name);
}

Error BadDuration(std::string_view text) {
  return Error{ErrorCode::kBadInput,
               fmt::format("'{}' is no duration; write a number and a unit of ns, us, ms, s, m, h, "
                           "d, as in 250ms or 1h30m",
                           text),
               ""};
}

}  // namespace

std::string FormatDuration(Duration duration) {
  if (duration == 0) return "0s";
  const bool negative = duration < 0;
  std::uint64_t rest =
      negative ? 0 - static_cast<std::uint64_t>(duration) : static_cast<std::uint64_t>(duration);
  const std::string sign = negative ? "-" : "";
  if (rest < kMicrosecond) return sign + fmt::format("{}ns", rest);
  if (rest < kMillisecond) return sign + WithFraction(rest, kMicrosecond, "us");
  if (rest < kSecond) return sign + WithFraction(rest, kMillisecond, "ms");
  const std::uint64_t hours = rest / kHour;
  const std::uint64_t minutes = rest % kHour / kMinute;
  rest %= kMinute;
  std::string out = sign;
  if (hours > 0) out += fmt::format("{}h", hours);
  if (minutes > 0) out += fmt::format("{}m", minutes);
  if (rest > 0) out += WithFraction(rest, kSecond, "s");
  return out;
}

std::string FormatClock(Time time) {
  if (time >= kCalendarFrom) {
    const std::time_t seconds = static_cast<std::time_t>(time / kSecond);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  }
  const std::uint64_t ms = static_cast<std::uint64_t>(time < 0 ? -time : time) / kMillisecond;
  return fmt::format("{}{:02}:{:02}:{:02}.{:03}", time < 0 ? "-" : "", ms / 3'600'000,
                     ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

Result<Duration> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  Wide total = 0;
  if (rest.empty()) return BadDuration(text);
  while (!rest.empty()) {
    Wide number = 0;
    Wide scale = 1;
    std::size_t digit_count = 0;
    bool fraction = false;
    while (!rest.empty() && (std::isdigit(static_cast<unsigned char>(rest[0])) != 0 ||
                             (rest[0] == '.' && !fraction))) {
      if (rest[0] == '.') {
        fraction = true;
      } else {
        if (++digit_count > 18) return BadDuration(text);
        number = number * 10 + (rest[0] - '0');
        if (fraction) scale *= 10;
      }
      rest.remove_prefix(1);
    }
    if (digit_count == 0) return BadDuration(text);
    Duration unit_length = 0;
    for (const Unit& unit : kUnits) {
      if (rest.substr(0, unit.name.size()) == unit.name) {
        unit_length = unit.length;
        rest.remove_prefix(unit.name.size());
        break;
      }
    }
    if (unit_length == 0) return BadDuration(text);
    total += number * unit_length / scale;
    if (total > kTimeMax) return BadDuration(text);
  }
  return static_cast<Duration>(total);
}

}  // namespace tidegate
