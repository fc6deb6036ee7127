#include "engine/version.h"

#include <fmt/format.h>

#include <array>
#include <tuple>
#include <utility>

namespace tidegate::engine {
namespace {

constexpr std::size_t kVersionBytesMax = 128;
constexpr std::int64_t kNumberMax = 1'000'000'000;

// A cursor over the lower-cased text.
struct Scanner {
  std::string_view rest;

  bool Eat(std::string_view word) {
    if (!rest.starts_with(word)) return false;
    rest.remove_prefix(word.size());
    return true;
  }
  bool Number(std::int64_t* out) {
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      value = value * 10 + (rest[digits] - '0');
      if (value > kNumberMax) return false;
      ++digits;
    }
    if (digits == 0) return false;
    rest.remove_prefix(digits);
    *out = value;
    return true;
  }
};

constexpr std::array<std::pair<std::string_view, Version::Stage>, 4> kStages = {{
    {"alpha", Version::Stage::kAlpha},
    {"beta", Version::Stage::kBeta},
    {"rc", Version::Stage::kRc},
    {"pre-ga", Version::Stage::kPreGa},
}};

// "rc.4", "rc4", "rc2.3", "beta". False when no stage is here or its number is broken.
bool ScanStage(Scanner* in, Version* out) {
  for (const auto& [word, stage] : kStages) {
    if (!in->Eat(word)) continue;
    out->stage = stage;
    const bool dot = in->Eat(".");
    if (!in->Number(&out->stage_number)) return !dot;
    if (in->Eat(".") && !in->Number(&out->stage_minor)) return false;
    return true;
  }
  return false;
}

// "-12-gabcdef0" and "-dirty", as `git describe` appends them.
bool ScanTail(Scanner* in, Version* out) {
  Scanner ahead = *in;
  if (ahead.Eat("-") && ahead.Number(&out->commits_after) && ahead.Eat("-g")) {
    const std::size_t end = ahead.rest.find_first_not_of("0123456789abcdef");
    if (end == 0) return false;
    ahead.rest.remove_prefix(end == std::string_view::npos ? ahead.rest.size() : end);
    *in = ahead;
  } else {
    out->commits_after = 0;
  }
  in->Eat("-dirty");
  return in->rest.empty();
}

bool Scan(std::string_view text, Version* out) {
  Scanner in{text};
  if (const std::size_t at = text.find("-tidb-"); at != std::string_view::npos) {
    in.rest = text.substr(at + 6);  // TiDB answers "5.7.10-TiDB-v2.1.0" to MySQL clients
  }
  if (in.rest == "latest") {
    out->latest = true;
    return true;
  }
  if (in.rest.starts_with("rc") || in.rest.starts_with("pre-ga")) {
    out->major = 1;
    return ScanStage(&in, out) && ScanTail(&in, out);
  }
  in.Eat("v");
  if (!in.Number(&out->major) || !in.Eat(".") || !in.Number(&out->minor)) return false;
  if (in.Eat(".") && !in.Number(&out->patch)) return false;
  Scanner stage = in;
  if (stage.Eat("-") && !stage.rest.empty() && stage.rest[0] >= 'a' && stage.rest[0] <= 'z' &&
      !stage.rest.starts_with("binlog") && !stage.rest.starts_with("dirty")) {
    if (!ScanStage(&stage, out)) return false;
    in = stage;
  }
  if (in.Eat("-binlog")) out->binlog_branch = true;
  return ScanTail(&in, out);
}

}  // namespace

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (latest || other.latest) return latest <=> other.latest;
  const auto key = [](const Version& v) {
    return std::tuple(v.major, v.minor, v.patch, v.stage, v.stage_number, v.stage_minor,
                      v.commits_after);
  };
  return key(*this) <=> key(other);
}

std::string Version::ToString() const {
  if (latest) return "latest";
  std::string text;
  if (major == 1 && minor == 0 && patch == 0 && stage == Stage::kRc) {
    text = fmt::format("rc{}", stage_number);
    if (stage_minor > 0) text += fmt::format(".{}", stage_minor);
  } else {
    text = fmt::format("v{}.{}.{}", major, minor, patch);
    for (const auto& [word, known] : kStages) {
      if (stage != known) continue;
      text += fmt::format("-{}", word);
      if (stage_number > 0) text += fmt::format(".{}", stage_number);
      if (stage_minor > 0) text += fmt::format(".{}", stage_minor);
    }
  }
  if (binlog_branch) text += "-binlog";
  if (commits_after > 0) text += fmt::format("+{}", commits_after);
  return text;
}

Result<Version> ParseVersion(std::string_view text) {
  std::string lower;
  for (const char c : text) lower += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  Version version;
  if (text.size() > kVersionBytesMax || !Scan(lower, &version)) {
    return Error{
        ErrorCode::kBadInput,
        fmt::format("'{}' is no TiDB version; understood are latest, rc2.3, v2.0.11-binlog, "
                    "v2.1.0-rc.4 and 2.1.0",
                    text.substr(0, kVersionBytesMax)),
        ""};
  }
  return version;
}

}  // namespace tidegate::engine
