#include "sim/release.h"

namespace tidegate::sim {
namespace {

constexpr std::int32_t kNumberMax = 9'999;
constexpr ReleaseNumber kFirst30 = {3, 0, 0, 0};

// Takes the digits at the front of `text`; -1 when there are none.
std::int32_t TakeNumber(std::string_view* text) {
  std::int32_t number = -1;
  while (!text->empty() && text->front() >= '0' && text->front() <= '9') {
    number = (number < 0 ? 0 : number) * 10 + (text->front() - '0');
    if (number > kNumberMax) return -1;
    text->remove_prefix(1);
  }
  return number;
}

bool Take(std::string_view* text, std::string_view prefix) {
  if (text->substr(0, prefix.size()) != prefix) return false;
  text->remove_prefix(prefix.size());
  return true;
}

std::int32_t StageOf(std::string_view rest) {
  const auto numbered = [&](std::int32_t base) {
    Take(&rest, ".");
    const std::int32_t number = TakeNumber(&rest);
    return base + (number < 0 ? 0 : number);
  };
  if (Take(&rest, "-alpha")) return 0;
  if (Take(&rest, "-beta")) return numbered(100);
  if (Take(&rest, "-rc")) return numbered(1000);
  return ReleaseNumber::kReleased;
}

}  // namespace

ReleaseNumber ReadReleaseNumber(std::string_view text) {
  Take(&text, "v");
  ReleaseNumber release;
  release.major = TakeNumber(&text);
  if (release.major < 0 || !Take(&text, ".")) return kNoRelease;
  release.minor = TakeNumber(&text);
  if (release.minor < 0) return kNoRelease;
  if (Take(&text, ".")) release.patch = TakeNumber(&text);
  if (release.patch < 0) return kNoRelease;
  release.stage = StageOf(text);
  return release;
}

bool Since(const ReleaseNumber& release, const Boundary& boundary) {
  return release >= (release < kFirst30 ? boundary.in_21 : boundary.in_30);
}

}  // namespace tidegate::sim
