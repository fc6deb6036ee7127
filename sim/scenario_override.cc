// `--set path=value`: edits the text of a JSON document, so that errors later on still name the
// lines and columns of the file that the user wrote.
#include <fmt/format.h>

#include <charconv>

#include "base/json.h"
#include "sim/scenario.h"
#include "sim/scenario_reader.h"

namespace tidegate::sim {
namespace {

constexpr std::size_t kStepsMax = 32;

struct PathStep {
  std::string key;  ///< "" for an index
  std::size_t index = 0;
  std::string until;  ///< the path up to and with this step, for messages
};

Error BadPath(std::string_view path) {
  return Error{
      ErrorCode::kBadInput,
      fmt::format("'{}' is no path; write it as workload.transactions or faults[0].at", path),
      "--set"};
}

Result<std::vector<PathStep>> ParsePath(std::string_view path) {
  std::vector<PathStep> steps;
  std::size_t at = 0;
  while (at < path.size()) {
    PathStep step;
    if (path[at] == '[') {
      const std::size_t close = path.find(']', at);
      if (close == std::string_view::npos || steps.empty()) return BadPath(path);
      const char* begin = path.data() + at + 1;
      const char* end = path.data() + close;
      const auto [stop, errc] = std::from_chars(begin, end, step.index);
      if (errc != std::errc() || stop != end) return BadPath(path);
      at = close + 1;
    } else {
      if (!steps.empty()) {
        if (path[at] != '.') return BadPath(path);
        ++at;
      }
      const std::size_t stop = std::min(path.find_first_of(".[", at), path.size());
      step.key = path.substr(at, stop - at);
      if (step.key.empty()) return BadPath(path);
      at = stop;
    }
    step.until = path.substr(0, at);
    steps.push_back(std::move(step));
    if (steps.size() > kStepsMax) return BadPath(path);
  }
  if (steps.empty() || path.back() == '.') return BadPath(path);
  return steps;
}

// Adds the member that `steps[from]` names, with objects for the steps behind it.
Status Insert(std::string* text, const JsonValue& object, const std::vector<PathStep>& steps,
              std::size_t from, std::string value) {
  for (std::size_t i = steps.size(); i-- > from;) {
    if (steps[i].key.empty()) {
      return Error{ErrorCode::kBadInput, fmt::format("there is no '{}' to change", steps[i].until),
                   "--set"};
    }
    value = JsonQuote(steps[i].key) + ": " + value;
    if (i > from) value = "{" + value + "}";
  }
  if (!object.members.empty()) value += ", ";
  text->insert(object.offset + 1, value);
  return {};
}

}  // namespace

std::size_t JsonValueEnd(std::string_view text, std::size_t begin) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
        if (depth == 0) return i + 1;
      }
      continue;
    }
    if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return i;
      if (--depth == 0) return i + 1;
    } else if (depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
      return i;
    }
  }
  return text.size();
}

Result<Override> ParseOverride(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("'{}' is no path=value, such as workload.transactions=500", text),
                 "--set"};
  }
  Override out{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
  TRY(ParsePath(out.path));
  return out;
}

Status ApplyOverride(std::string* json_text, std::string_view path, std::string_view value) {
  TRY_ASSIGN(const std::vector<PathStep> steps, ParsePath(path));
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(*json_text, "--set"));
  const bool is_json = JsonDocument::Parse(std::string(value), "--set").has_value();
  const std::string replacement = is_json ? std::string(value) : JsonQuote(value);
  const JsonValue* place = &document.root();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const PathStep& step = steps[i];
    const bool indexes = step.key.empty();
    if (place->kind != (indexes ? JsonKind::kArray : JsonKind::kObject)) {
      return Error{ErrorCode::kBadInput,
                   fmt::format("'{}' leads through {}", step.until, JsonKindName(place->kind)),
                   "--set"};
    }
    if (!indexes) {
      const JsonValue* next = place->Find(step.key);
      if (next == nullptr) return Insert(json_text, *place, steps, i, replacement);
      place = next;
    } else if (step.index < place->elements.size()) {
      place = &place->elements[step.index];
    } else {
      return Error{
          ErrorCode::kBadInput,
          fmt::format("'{}' is beyond the end: there are {}", step.until, place->elements.size()),
          "--set"};
    }
  }
  const std::size_t end = JsonValueEnd(*json_text, place->offset);
  json_text->replace(place->offset, end - place->offset, replacement);
  return {};
}

}  // namespace tidegate::sim
