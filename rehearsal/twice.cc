#include "rehearsal/twice.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/files.h"
#include "lab/doctor/machine_reads.h"
#include "rehearsal/same_event.h"

namespace tidegate::rehearsal {
namespace {

constexpr std::string_view kNothing = "(nothing more)";
constexpr std::string_view kLabName = "tidegate-lab-";
constexpr std::size_t kLabDrawn = 6;  // letters of mkdtemp
constexpr std::size_t kScriptMax = 1 << 20;
constexpr std::size_t kLineMax = 200;

std::string Told(const trace::Trace& trace, std::size_t at, bool with_value) {
  if (at >= trace.events.size()) return std::string(kNothing);
  const EventOf event{trace.events[at], trace};
  return EventSentence(event) + (with_value ? EventValue(event) : "");
}

std::string WithoutLabNames(std::string text) {
  for (std::size_t at = text.find(kLabName); at != std::string::npos;
       at = text.find(kLabName, at + 1)) {
    const std::size_t drawn = at + kLabName.size();
    for (std::size_t i = drawn; i < std::min(drawn + kLabDrawn, text.size()); ++i) text[i] = 'X';
  }
  return text;
}

std::string LineAt(const std::string& text, std::size_t at) {
  if (at >= text.size()) return std::string(kNothing);
  return text.substr(at, std::min(std::min(text.find('\n', at), text.size()) - at, kLineMax));
}

void WriteDifference(std::string_view key, std::string_view number,
                     const std::optional<Difference>& difference, JsonWriter* writer) {
  writer->Key(key);
  if (!difference.has_value()) {
    writer->Null();
    return;
  }
  writer->BeginObject().Key(number).Uint(difference->at);
  writer->Key("first").String(difference->first).Key("second").String(difference->second);
  writer->EndObject();
}

}  // namespace

std::optional<Difference> FirstDifference(const trace::Trace& first, const trace::Trace& second) {
  std::size_t at = 0;
  const std::size_t common = std::min(first.events.size(), second.events.size());
  while (at < common && SameEvent({first.events[at], first}, {second.events[at], second})) ++at;
  if (at == first.events.size() && at == second.events.size()) return std::nullopt;
  // Sentences are cut where they get long.
  const bool with_value = Told(first, at, false) == Told(second, at, false);
  return Difference{at, Told(first, at, with_value), Told(second, at, with_value)};
}

std::optional<Difference> FirstDifference(const std::string& first, const std::string& second) {
  const std::string one = WithoutLabNames(first);
  const std::string other = WithoutLabNames(second);
  if (one == other) return std::nullopt;
  const auto [mine, its] = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  const auto line = static_cast<std::uint64_t>(std::count(one.begin(), mine, '\n')) + 1;
  const auto before = static_cast<std::size_t>(mine - one.begin());
  const std::size_t end = before == 0 ? std::string::npos : one.rfind('\n', before - 1);
  const std::size_t begin = end == std::string::npos ? 0 : end + 1;
  return Difference{line, LineAt(one, begin), LineAt(other, begin)};
}

std::vector<std::string> CausesIn(const std::string& command, const ClockFit& fit) {
  std::vector<std::string> causes;
  const auto read = [&](const std::string& where, std::string_view text) {
    for (const lab::MachineRead& one : lab::MachineReadsIn(text)) {
      causes.push_back(fmt::format(
          "{}: {}: {}", where.empty() ? "the command" : fmt::format("{}:{}", where, one.line),
          one.what, one.says));
    }
  };
  read("", command);
  for (const lab::StartedProgram& program : fit.programs) {
    if (program.reach != lab::Reach::kScript) continue;
    const Result<std::string> text = ReadFile(program.path, kScriptMax);
    if (text.has_value()) read(program.path, *text);
  }
  for (const lab::StartedProgram& program : fit.unreached) {
    causes.push_back(Unreached(program) + ": it lives in the machine's time");
  }
  return causes;
}

Result<Twice> RunTwice(const Prepared& prepared, const RunOptions& options, const ClockFit& fit) {
  const sim::EngineSettings& settings = prepared.scenario.engine;
  TRY_ASSIGN(const RunResult first, Run(prepared, prepared.plan, settings, options));
  TRY_ASSIGN(const RunResult second, Run(prepared, prepared.plan, settings, options));
  Twice twice;
  twice.event_count = first.trace.events.size();
  twice.digest = first.digest;
  twice.event = FirstDifference(first.trace, second.trace);
  twice.printed = FirstDifference(first.engine_output, second.engine_output);
  if (twice.event.has_value() || twice.printed.has_value()) {
    twice.causes = CausesIn(options.engine.command, fit);
  }
  return {std::move(twice)};
}

std::string TwiceText(const Twice& twice) {
  std::string text;
  if (!twice.event.has_value()) {
    text += fmt::format("  ok  both runs are the same: {} events, digest {}\n", twice.event_count,
                        twice.digest);
  } else {
    text += fmt::format(
        "  NO  the runs part at event {}\n"
        "        first:  {}\n        second: {}\n",
        twice.event->at, twice.event->first, twice.event->second);
  }
  if (twice.printed.has_value()) {
    text += fmt::format(
        "  {}  what it printed differs from line {} on\n"
        "        first:  {}\n        second: {}\n",
        twice.event.has_value() ? "NO" : "no", twice.printed->at, twice.printed->first,
        twice.printed->second);
  }
  if (!twice.event.has_value() && !twice.printed.has_value()) return text;
  for (const std::string& cause : twice.causes) text += "      may come of " + cause + "\n";
  if (twice.causes.empty()) {
    text += "      nothing in the command and its scripts is known to be of the machine\n";
  }
  return text;
}

void WriteTwiceJson(const Twice& twice, JsonWriter* writer) {
  writer->BeginObject().Key("same").Bool(!twice.event.has_value());
  writer->Key("events").Uint(twice.event_count).Key("digest").String(twice.digest);
  WriteDifference("difference", "event", twice.event, writer);
  WriteDifference("printed", "line", twice.printed, writer);
  writer->Key("causes").BeginArray();
  for (const std::string& cause : twice.causes) writer->String(cause);
  writer->EndArray().EndObject();
}

}  // namespace tidegate::rehearsal
