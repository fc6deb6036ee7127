#include "sim/scenario.h"

#include <fmt/format.h>

#include "base/draw.h"
#include "base/files.h"
#include "base/json.h"
#include "sim/scenario_reader.h"

namespace tidegate::sim {
namespace {

constexpr std::size_t kScenarioBytesMax = 16U << 20U;

enum class End { kLow, kHigh, kDrawn };

// One member of "draw": its path, and where in the text its choice stands.
struct Choice {
  const JsonMember* member;
  const JsonDocument* document;
};

Error BadRange(const Choice& choice) {
  return choice.document->ErrorAt(
      choice.member->value.offset,
      fmt::format("the draw of '{}' must be [low, high], both integers or both durations, or "
                  "{{\"one_of\": […]}}",
                  choice.member->name));
}

std::string TextOf(const Choice& choice, const JsonValue& value) {
  const std::string& text = choice.document->text();
  return text.substr(value.offset, JsonValueEnd(text, value.offset) - value.offset);
}

std::int64_t Pick(End end, std::int64_t low, std::int64_t high, Draws* draws) {
  if (end == End::kLow) return low;
  return end == End::kHigh ? high : draws->Between(low, high);
}

// The chosen value as JSON text.
Result<std::string> Choose(const Choice& choice, End end, Draws* draws) {
  const JsonValue& value = choice.member->value;
  if (value.kind == JsonKind::kObject) {
    const auto& options = value.Find("one_of")->elements;
    const auto last = static_cast<std::int64_t>(options.size()) - 1;
    return TextOf(choice, options[static_cast<std::size_t>(Pick(end, 0, last, draws))]);
  }
  const JsonValue& low = value.elements[0];
  const JsonValue& high = value.elements[1];
  if (low.kind == JsonKind::kInt && high.kind == JsonKind::kInt) {
    if (low.integer > high.integer) return BadRange(choice);
    return std::to_string(Pick(end, low.integer, high.integer, draws));
  }
  if (low.kind != JsonKind::kString || high.kind != JsonKind::kString) return BadRange(choice);
  const Result<Duration> from = ParseDuration(low.text);
  const Result<Duration> to = ParseDuration(high.text);
  if (!from || !to || *from > *to) return BadRange(choice);
  // Whole milliseconds where both ends are: what a person would have written.
  const Duration unit =
      *from % kMillisecond == 0 && *to % kMillisecond == 0 ? kMillisecond : kNanosecond;
  return JsonQuote(FormatDuration(Pick(end, *from / unit, *to / unit, draws) * unit));
}

Result<Scenario> DrawAt(const Scenario& scenario, std::uint64_t seed, End end) {
  if (!scenario.has_draws) return scenario;
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(scenario.text, scenario.file));
  std::string text = scenario.text;
  std::uint32_t n = 0;
  for (const JsonMember& member : document.root().Find("draw")->members) {
    Draws draws(seed, Purpose::kScenario, n++);
    const Choice choice{&member, &document};
    TRY_ASSIGN(const std::string value, Choose(choice, end, &draws));
    if (Status done = ApplyOverride(&text, member.name, value); !done) {
      return document.ErrorAt(member.offset, done.error().message);
    }
  }
  Result<Scenario> drawn = ReadScenario(std::move(text), scenario.file);
  if (!drawn) {
    Error error = drawn.error();
    error.message += " (with what was drawn)";
    return error;
  }
  drawn->has_draws = false;
  drawn->text = scenario.text;
  return drawn;
}

}  // namespace

std::string Scenario::Digest() const {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return fmt::format("{:016x}", hash);
}

Result<Scenario> ParseScenario(std::string text, const std::string& file) {
  return ReadScenario(std::move(text), file);
}

Result<Scenario> LoadScenario(const std::string& path, const std::vector<Override>& overrides) {
  TRY_ASSIGN(std::string text, ReadFile(path, kScenarioBytesMax));
  for (const Override& change : overrides) {
    // A file that is no JSON is reported with its own place, not as a bad override.
    TRY(JsonDocument::Parse(text, path));
    TRY(ApplyOverride(&text, change.path, change.value));
  }
  return ReadScenario(std::move(text), path);
}

Result<Scenario> Draw(const Scenario& scenario, std::uint64_t seed) {
  return DrawAt(scenario, seed, End::kDrawn);
}

Status CheckDraws(const Scenario& scenario) {
  TRY(DrawAt(scenario, 0, End::kLow));
  TRY(DrawAt(scenario, 0, End::kHigh));
  return {};
}

}  // namespace tidegate::sim
