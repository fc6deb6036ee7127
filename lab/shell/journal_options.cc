#include "lab/shell/journal_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

#include "base/json.h"

namespace tidegate::lab {
namespace {

constexpr std::int64_t kMicrosecondsOfSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400;
constexpr std::size_t kLinesOtherwise = 10;  // of -n without a number, and of -f
constexpr std::size_t kLinesAtEnd = 1000;    // of -e

constexpr std::array<std::string_view, 7> kOutputs = {
    "short", "short-iso", "short-precise", "short-iso-precise", "short-unix", "cat", "json"};

// Options without a value that change nothing here: there is one boot, nothing is cut, and all is
// said in plain words.
bool IsIgnored(std::string_view word) {
  constexpr std::array<std::string_view, 14> kIgnored = {
      "--no-pager", "-a",    "--all",    "-l", "--full",  "--no-full", "-x",
      "--catalog",  "--utc", "--system", "-m", "--merge", "-b",        "--boot"};
  return std::find(kIgnored.begin(), kIgnored.end(), word) != kIgnored.end();
}

bool ReadNumber(std::string_view text, std::int64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

// The value of an option: behind "=", stuck to a short one, or the next word.
bool TakesValue(const std::vector<std::string>& argv, std::size_t* at, std::string_view letter,
                std::string_view name, std::string* value) {
  const std::string& word = argv[*at];
  if (word.starts_with(fmt::format("{}=", name))) {
    *value = word.substr(name.size() + 1);
    return true;
  }
  if (word == name || word == letter) {
    if (*at + 1 < argv.size()) *value = argv[++*at];
    return true;
  }
  if (word.starts_with("--") || !word.starts_with(letter)) return false;
  *value = word.substr(letter.size());
  return true;
}

// -n takes a number that may be missing.
bool ReadLines(const std::vector<std::string>& argv, std::size_t* at, JournalOptions* out) {
  const std::string& word = argv[*at];
  std::string value;
  if (word.starts_with("--lines=")) {
    value = word.substr(8);
  } else if (word == "-n" || word == "--lines") {
    std::int64_t number = 0;
    const bool there =
        *at + 1 < argv.size() && (argv[*at + 1] == "all" || ReadNumber(argv[*at + 1], &number));
    value = there ? argv[++*at] : fmt::to_string(kLinesOtherwise);
  } else if (word.starts_with("-n")) {
    value = word.substr(2);
  } else {
    return false;
  }
  std::int64_t number = 0;
  if (value == "all") {
    out->lines.reset();
  } else if (ReadNumber(value, &number) && number >= 0) {
    out->lines = static_cast<std::size_t>(number);
  } else {
    out->wrong = fmt::format("Failed to parse lines '{}'", value);
  }
  return true;
}

std::string FullName(const std::string& unit) {
  return unit.find('.') == std::string::npos ? fmt::format("{}.service", unit) : unit;
}

constexpr std::string_view kFlags = "feqralxmb";

// "-fu" is "-f -u": letters that take no value may stand before one that does.
std::vector<std::string> Apart(const std::vector<std::string>& argv) {
  std::vector<std::string> out;
  for (std::string word : argv) {
    while (word.size() > 2 && word[0] == '-' && kFlags.find(word[1]) != std::string_view::npos) {
      out.push_back(word.substr(0, 2));
      word.erase(1, 1);
    }
    out.push_back(word);
  }
  return out;
}

bool ReadFlag(std::string_view word, JournalOptions* out) {
  if (word == "-f" || word == "--follow") {
    out->follow = true;
  } else if (word == "-e" || word == "--pager-end") {
    if (!out->lines.has_value()) out->lines = kLinesAtEnd;
  } else if (word == "-q" || word == "--quiet") {
    out->quiet = true;
  } else if (word == "-r" || word == "--reverse") {
    out->newest_first = true;
  } else {
    return false;
  }
  return true;
}

std::int64_t SecondsOfUnit(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 21> kUnits = {
      {{"", 1},
       {"s", 1},
       {"sec", 1},
       {"second", 1},
       {"seconds", 1},
       {"m", 60},
       {"min", 60},
       {"minute", 60},
       {"minutes", 60},
       {"h", 3600},
       {"hr", 3600},
       {"hour", 3600},
       {"hours", 3600},
       {"d", kDay},
       {"day", kDay},
       {"days", kDay},
       {"w", 7 * kDay},
       {"week", 7 * kDay},
       {"weeks", 7 * kDay},
       {"M", 2'629'800},
       {"month", 2'629'800}}};
  const auto found = std::find_if(kUnits.begin(), kUnits.end(),
                                  [&](const auto& one) { return one.first == unit; });
  return found == kUnits.end() ? -1 : found->second;
}

// "2h 30min", "90": microseconds.
std::optional<std::int64_t> SpanOf(std::string_view text) {
  std::int64_t total = 0;
  bool any = false;
  while (!text.empty()) {
    if (text[0] == ' ') {
      text.remove_prefix(1);
      continue;
    }
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    std::int64_t number = 0;
    if (!ReadNumber(text.substr(0, digits), &number)) return std::nullopt;
    text.remove_prefix(digits);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::size_t letters = std::min(text.find_first_of(" 0123456789"), text.size());
    const std::int64_t unit = SecondsOfUnit(text.substr(0, letters));
    if (unit < 0) return std::nullopt;
    text.remove_prefix(letters);
    total += number * unit * kMicrosecondsOfSecond;
    any = true;
  }
  if (!any) return std::nullopt;
  return total;
}

// "HH:MM[:SS]": seconds of the day.
std::optional<std::int64_t> ClockOf(std::string_view text) {
  std::array<std::int64_t, 3> parts = {0, 0, 0};
  std::size_t count = 0;
  for (; count < parts.size() && !text.empty(); ++count) {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (!ReadNumber(text.substr(0, end), &parts[count])) return std::nullopt;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (count < 2 || !text.empty() || parts[0] > 23 || parts[1] > 59 || parts[2] > 59) {
    return std::nullopt;
  }
  return parts[0] * 3600 + parts[1] * 60 + parts[2];
}

// "YYYY-MM-DD": seconds of 1970.
std::optional<std::int64_t> DateOf(std::string_view text) {
  std::tm date{};
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' ||
      !ReadNumber(text.substr(0, 4), &year) || !ReadNumber(text.substr(5, 2), &month) ||
      !ReadNumber(text.substr(8), &day)) {
    return std::nullopt;
  }
  date.tm_year = static_cast<int>(year) - 1900;
  date.tm_mon = static_cast<int>(month) - 1;
  date.tm_mday = static_cast<int>(day);
  return timegm(&date);
}

}  // namespace

JournalOptions ReadJournalOptions(const std::vector<std::string>& words) {
  JournalOptions out;
  const std::vector<std::string> argv = Apart(words);
  std::string value;
  for (std::size_t i = 0; i < argv.size() && out.wrong.empty(); ++i) {
    const std::string& word = argv[i];
    if (IsIgnored(word) || word.starts_with("--boot=") || ReadFlag(word, &out)) continue;
    if (TakesValue(argv, &i, "-u", "--unit", &value)) {
      out.units.push_back(FullName(value));
    } else if (TakesValue(argv, &i, "-o", "--output", &value)) {
      out.output = value;
    } else if (TakesValue(argv, &i, "-S", "--since", &value)) {
      out.since = value;
    } else if (TakesValue(argv, &i, "-U", "--until", &value)) {
      out.until = value;
    } else if (!ReadLines(argv, &i, &out)) {
      out.wrong =
          fmt::format("journalctl: {} '{}'",
                      word.starts_with('-') ? "unrecognized option" : "no field match", word);
    }
  }
  if (std::find(kOutputs.begin(), kOutputs.end(), out.output) == kOutputs.end()) {
    out.wrong = fmt::format("Unknown output format '{}'.", out.output);
  }
  if (out.follow && !out.lines.has_value()) out.lines = kLinesOtherwise;
  return out;
}

std::optional<std::int64_t> MomentOf(std::string_view text, std::int64_t now_us) {
  if (text.ends_with(" UTC")) text.remove_suffix(4);
  const std::int64_t midnight = now_us / kMicrosecondsOfSecond / kDay * kDay;
  std::int64_t number = 0;
  if (text == "now") return now_us;
  if (text == "today") return midnight * kMicrosecondsOfSecond;
  if (text == "yesterday") return (midnight - kDay) * kMicrosecondsOfSecond;
  if (text == "tomorrow") return (midnight + kDay) * kMicrosecondsOfSecond;
  if (text.starts_with('@') && ReadNumber(text.substr(1), &number)) {
    return number * kMicrosecondsOfSecond;
  }
  const bool ago = text.ends_with(" ago");
  if (ago || text.starts_with('-') || text.starts_with('+')) {
    const std::string_view length = ago ? text.substr(0, text.size() - 4) : text.substr(1);
    const std::optional<std::int64_t> span = SpanOf(length);
    if (!span.has_value()) return std::nullopt;
    return text.starts_with('+') ? now_us + *span : now_us - *span;
  }
  if (const std::optional<std::int64_t> clock = ClockOf(text)) {
    return (midnight + *clock) * kMicrosecondsOfSecond;
  }
  const std::optional<std::int64_t> date = DateOf(text.substr(0, 10));
  if (!date.has_value()) return std::nullopt;
  if (text.size() == 10) return *date * kMicrosecondsOfSecond;
  const std::optional<std::int64_t> clock =
      ClockOf(text.substr(std::min<std::size_t>(11, text.size())));
  if (!clock.has_value()) return std::nullopt;
  return (*date + *clock) * kMicrosecondsOfSecond;
}

std::optional<JournalLine> ReadJournalLine(std::string_view line) {
  JournalLine out;
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos || !ReadNumber(line.substr(0, first), &out.at_us)) {
    return std::nullopt;
  }
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  out.identifier = line.substr(first + 1, second - first - 1);
  out.message = line.substr(second + 1);
  return out;
}

std::string JournalText(const JournalLine& line, std::string_view output, std::string_view host,
                        std::string_view unit) {
  if (output == "cat") return fmt::format("{}\n", line.message);
  const std::int64_t micro = line.at_us % kMicrosecondsOfSecond;
  const std::time_t seconds = line.at_us / kMicrosecondsOfSecond;
  if (output == "json") {
    const std::size_t bracket = line.identifier.find('[');
    return fmt::format(
        "{{\"__REALTIME_TIMESTAMP\":\"{}\",\"_HOSTNAME\":{},\"SYSLOG_IDENTIFIER\":{},\"UNIT\":{},"
        "\"MESSAGE\":{}}}\n",
        line.at_us, JsonQuote(host), JsonQuote(line.identifier.substr(0, bracket)), JsonQuote(unit),
        JsonQuote(line.message));
  }
  std::tm date{};
  gmtime_r(&seconds, &date);
  std::array<char, 40> text{};
  const bool iso = output.starts_with("short-iso");
  std::strftime(text.data(), text.size(), iso ? "%Y-%m-%dT%H:%M:%S" : "%b %d %H:%M:%S", &date);
  std::string at = text.data();
  if (output == "short-unix") at = fmt::format("{}", seconds);
  if (output.ends_with("precise") || output == "short-unix") at += fmt::format(".{:06}", micro);
  if (iso) at += "+0000";
  return fmt::format("{} {} {}: {}\n", at, host, line.identifier, line.message);
}

}  // namespace tidegate::lab
