#include "rehearsal/import_time.h"

#include <fmt/format.h>

#include <array>
#include <cctype>

namespace tidegate::rehearsal {
namespace {

Error NoTime(std::string_view text) {
  return {ErrorCode::kBadInput,
          fmt::format("'{}' is no time such as 2018-10-20T12:00:00Z or 2018/10/20 12:00:00",
                      text.substr(0, 40)),
          ""};
}

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// `count` digits from `at` on, or -1.
std::int64_t Digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  std::int64_t out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!IsDigit(text[i])) return -1;
    out = out * 10 + (text[i] - '0');
  }
  return out;
}

bool Leap(std::int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

std::int64_t DaysOf(std::int64_t year, std::int64_t month) {
  constexpr std::array<std::int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && Leap(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

// Days since 1970-01-01 of a day from 1970 to 9999.
std::int64_t DayNumber(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t before = year - 1;
  std::int64_t days = (before * 365 + before / 4 - before / 100 + before / 400) - 719162;
  for (std::int64_t m = 1; m < month; ++m) days += DaysOf(year, m);
  return days + day - 1;
}

bool At(std::string_view text, std::size_t at, std::string_view any_of) {
  return at < text.size() && any_of.find(text[at]) != std::string_view::npos;
}

// ".123" behind the seconds; its bytes are added to `at`.
std::int64_t Fraction(std::string_view text, std::size_t* at) {
  if (!At(text, *at, ".,") || *at + 1 >= text.size() || !IsDigit(text[*at + 1])) return 0;
  std::int64_t ms = 0;
  std::int64_t unit = 100;
  for (++*at; *at < text.size() && IsDigit(text[*at]); ++*at) {
    ms += (text[*at] - '0') * unit;
    unit /= 10;
  }
  return ms;
}

}  // namespace

Result<std::int64_t> ParseZone(std::string_view text) {
  if (text == "Z" || text == "z") return std::int64_t{0};
  const std::int64_t hours = Digits(text, 1, 2);
  const std::int64_t minutes = Digits(text, 4, 2);
  if (text.size() != 6 || !At(text, 0, "+-") || text[3] != ':' || hours < 0 || hours > 14 ||
      minutes < 0 || minutes > 59) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("'{}' is no time zone such as +08:00 or Z", text.substr(0, 40)), ""};
  }
  const std::int64_t east = hours * 60 + minutes;
  return text[0] == '-' ? -east : east;
}

Result<WallTime> ParseWallTime(std::string_view text, std::int64_t zone_minutes) {
  const std::int64_t year = Digits(text, 0, 4);
  const std::int64_t month = Digits(text, 5, 2);
  const std::int64_t day = Digits(text, 8, 2);
  const std::int64_t hour = Digits(text, 11, 2);
  const std::int64_t minute = Digits(text, 14, 2);
  const std::int64_t second = Digits(text, 17, 2);
  const bool marks = At(text, 4, "-/") && At(text, 7, "-/") && At(text, 10, "T ") &&
                     At(text, 13, ":") && At(text, 16, ":");
  if (!marks || year < 1970 || month < 1 || month > 12 || day < 1 || day > DaysOf(year, month) ||
      hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return NoTime(text);
  }
  WallTime out;
  out.byte_count = 19;
  const std::int64_t ms = Fraction(text, &out.byte_count);
  std::string_view zone;
  if (At(text, out.byte_count, "Zz")) {
    zone = text.substr(out.byte_count, 1);
  } else if (At(text, out.byte_count, "+-")) {
    zone = text.substr(out.byte_count, 6);
  } else if (At(text, out.byte_count, " ") && At(text, out.byte_count + 1, "+-")) {
    ++out.byte_count;
    zone = text.substr(out.byte_count, 6);
  }
  if (!zone.empty()) {
    TRY_ASSIGN(zone_minutes, ParseZone(zone));
    out.byte_count += zone.size();
  }
  const std::int64_t minutes = (DayNumber(year, month, day) * 24 + hour) * 60 + minute;
  out.ms = ((minutes - zone_minutes) * 60 + second) * 1000 + ms;
  return out;
}

}  // namespace tidegate::rehearsal
