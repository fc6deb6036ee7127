#include "verifier/relations/relations.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/toml.h"
#include "trace/digest.h"
#include "trace/event_rules.h"
#include "trace/story.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::Trace;
using Difference = std::optional<std::string>;

constexpr std::string_view kOwnTimestamp = "initial-commit-ts";

// A configuration as sorted keys and values, without what is a timestamp of its run.
std::map<std::string, std::string> Settings(const TomlTable& table) {
  std::map<std::string, std::string> settings;
  for (const std::string& key : table.Keys()) {
    if (key.ends_with(kOwnTimestamp)) continue;
    std::string value;
    if (const std::string* text = table.String(key)) value = *text;
    if (const std::int64_t* number = table.Int(key)) value = std::to_string(*number);
    if (const bool* boolean = table.Bool(key)) value = *boolean ? "true" : "false";
    if (const std::vector<std::string>* list = table.Strings(key)) {
      for (const std::string& entry : *list) value += entry + ",";
    }
    settings[key] = value;
  }
  return settings;
}

Difference ConfigsDiffer(const std::string& a, const std::string& b) {
  if (a == b) return std::nullopt;
  const Result<TomlTable> tables[] = {TomlTable::Parse(a, "first"), TomlTable::Parse(b, "second")};
  if (!tables[0] || !tables[1]) return "their texts";
  const std::map<std::string, std::string> before = Settings(*tables[0]);
  const std::map<std::string, std::string> after = Settings(*tables[1]);
  for (const auto& [key, value] : before) {
    const auto other = after.find(key);
    if (other == after.end() || other->second != value) return key;
  }
  for (const auto& [key, value] : after) {
    if (before.find(key) == before.end()) return key;
  }
  return std::nullopt;
}

std::string_view UpWord(bool up) { return up ? "runs" : "is down"; }
std::string_view EnabledWord(bool enabled) { return enabled ? "enabled" : "disabled"; }

// What stands at `a`'s node in the run called `first`, and at `b`'s in `second`.
Difference NodesDiffer(const NodeEnd& a, std::string_view first, const NodeEnd& b,
                       std::string_view second) {
  if (a.up != b.up) {
    return fmt::format("{} {} {} and {} {}", a.name, UpWord(a.up), first, UpWord(b.up), second);
  }
  if (a.version != b.version) {
    return fmt::format("{} runs {} {} and {} {}", a.name, a.version, first, b.version, second);
  }
  if (const Difference key = ConfigsDiffer(a.config, b.config)) {
    return fmt::format("the configurations that {} runs with {} and {} differ in {}", a.name, first,
                       second, *key);
  }
  if (a.unit_enabled != b.unit_enabled) {
    return fmt::format("the unit of {} is {} {} and {} {}", a.name, EnabledWord(a.unit_enabled),
                       first, EnabledWord(b.unit_enabled), second);
  }
  if (a.registry != b.registry) {
    return fmt::format("{} is {} in the registry {} and {} {}", a.name, a.registry, first,
                       b.registry, second);
  }
  if (a.clients != b.clients) {
    return fmt::format("clients {} {} {} and {} {}", a.clients ? "reach" : "don't reach", a.name,
                       first, b.clients ? "do" : "don't", second);
  }
  return std::nullopt;
}

Difference Diverges(const EndState& state, std::string_view run) {
  for (const TableEnd& table : state.tables) {
    if (table.upstream == table.downstream) continue;
    return fmt::format("the rows of {} upstream and at {} differ {}", table.table, table.sink, run);
  }
  return std::nullopt;
}

// "the old side serves", "old side", "new side" in what the engine said at its end.
Difference SaysWhoServes(const EndState& after) {
  const bool says_old = after.engine_why.find("old side") != std::string::npos;
  const bool says_new = after.engine_why.find("new side") != std::string::npos;
  if (after.serving == Serving::kOldSide && says_old) return std::nullopt;
  if (after.serving == Serving::kNewSide && says_new) return std::nullopt;
  const bool says_nobody = after.engine_why.find("nobody serves") != std::string::npos ||
                           after.engine_why.find("no side serves") != std::string::npos;
  if (after.serving == Serving::kNobody && says_nobody) return std::nullopt;
  return fmt::format("{} serves, and the engine's last word was '{}'", ServingName(after.serving),
                     after.engine_why);
}

std::optional<std::size_t> FirstDifference(const Trace& a, const Trace& b) {
  const std::size_t count = std::min(a.events.size(), b.events.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Event& x = a.events[i];
    const Event& y = b.events[i];
    const bool second_text = trace::HasSecondText(x.kind);
    const bool same = x.kind == y.kind && x.time == y.time && x.node == y.node &&
                      x.peer == y.peer && x.code == y.code && x.a == y.a && x.b == y.b &&
                      x.c == y.c && x.d == y.d && a.texts.Get(x.text) == b.texts.Get(y.text) &&
                      (second_text ? a.texts.Get(x.n) == b.texts.Get(y.n) : x.n == y.n);
    if (!same) return i;
  }
  if (a.events.size() == b.events.size()) return std::nullopt;
  return count;
}

std::string EventAt(const Trace& trace, std::size_t index) {
  if (index >= trace.events.size()) return "the end";
  const Event& event = trace.events[index];
  return fmt::format("'{}' at {}", trace::Sentence(event, trace.header, trace.texts),
                     FormatDuration(event.time));
}

}  // namespace

Difference SurvivesItsOwnCrash(const EndState& undisturbed, const EndState& crashed) {
  CHECK(undisturbed.nodes.size() == crashed.nodes.size());
  for (std::size_t i = 0; i < undisturbed.nodes.size(); ++i) {
    const Difference difference =
        NodesDiffer(undisturbed.nodes[i], "undisturbed", crashed.nodes[i], "after the crash");
    if (difference) return difference;
  }
  if (undisturbed.serving != crashed.serving) {
    return fmt::format("{} serves undisturbed and {} after the crash",
                       ServingName(undisturbed.serving), ServingName(crashed.serving));
  }
  const Difference difference = Diverges(undisturbed, "undisturbed");
  return difference ? difference : Diverges(crashed, "after the crash");
}

Difference AbortIsSafe(const EndState& before, const EndState& after) {
  CHECK(before.nodes.size() == after.nodes.size());
  if (const Difference lost = Diverges(after, "after the abort")) return lost;
  if (after.engine_end < 0) return "the engine did not finish after it was told to abort";
  if (after.has_old_side) {
    if (const Difference silent = SaysWhoServes(after)) return silent;
  }
  if (after.passed_door) return std::nullopt;
  for (std::size_t i = 0; i < before.nodes.size(); ++i) {
    const NodeEnd& then = before.nodes[i];
    const NodeEnd& now = after.nodes[i];
    if (then.new_side) {
      // Files and registry keys of the new side may stay; nothing of it may run.
      if (now.up) return fmt::format("{} still runs after the abort", now.name);
      continue;
    }
    if (const Difference difference = NodesDiffer(then, "before", now, "after the abort")) {
      return difference;
    }
  }
  return std::nullopt;
}

Difference NoMutationInDryRun(const Trace& dry, const EndState& untouched) {
  for (const Event& event : dry.events) {
    if (event.kind != trace::EventKind::kActionStarted) continue;
    return fmt::format("at {} the engine did '{}'", FormatDuration(event.time),
                       dry.texts.Get(event.text));
  }
  const EndState after = EndStateOf(dry);
  CHECK(untouched.nodes.size() == after.nodes.size());
  for (std::size_t i = 0; i < untouched.nodes.size(); ++i) {
    const Difference difference = NodesDiffer(untouched.nodes[i], "without an engine",
                                              after.nodes[i], "after it only looked");
    if (difference) return difference;
  }
  return std::nullopt;
}

Difference Repeats(const Trace& first, const Trace& second) {
  const std::optional<std::size_t> at = FirstDifference(first, second);
  if (at) {
    return fmt::format("event {} is {} in the first run and {} in the second", *at,
                       EventAt(first, *at), EventAt(second, *at));
  }
  if (trace::Digest(first.header).Hex() != trace::Digest(second.header).Hex()) {
    return "the headers differ";
  }
  return std::nullopt;
}

}  // namespace tidegate::verifier
