#include "rehearsal/import_captures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "engine/captured.h"

namespace tidegate::rehearsal {
namespace {

constexpr std::size_t kBodyBytesMax = 16U << 20U;

struct Body {
  StatusArgument argument;
  std::string text;
  bool of_pump = false;
};

Result<std::vector<Body>> ReadBodies(const ImportInput& input) {
  std::vector<Body> out;
  for (const StatusArgument& argument : input.statuses) {
    TRY_ASSIGN(std::string text, ReadFile(argument.file, kBodyBytesMax));
    TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(text, argument.file));
    const JsonValue& root = document.root();
    const bool of_pump = root.Find("LatestBinlog") != nullptr;
    if (!of_pump && root.kind == JsonKind::kObject && root.Find("DepositWindow") == nullptr) {
      return document.ErrorAt(root.offset,
                              "this is no /status of the Kafka era: a Drainer's has DepositWindow, "
                              "a Pump's LatestBinlog");
    }
    out.push_back({argument, std::move(text), of_pump});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Body& a, const Body& b) { return a.argument.ms < b.argument.ms; });
  return out;
}

Status AddObservation(const Body& body, Captures* out) {
  TRY_ASSIGN(const engine::CapturedStatus status,
             engine::ParseCapturedStatus(body.text, body.argument.file));
  sim::Observation one;
  one.after = (body.argument.ms - out->first_ms) * kMillisecond;
  one.drainer = body.argument.drainer;
  one.synced = status.synced;
  one.upper = status.upper;
  one.lower = status.lower;
  for (const auto& [id, position] : status.positions) {
    one.pump_pos[id] = std::max<std::int64_t>(0, position.offset);
  }
  out->observed.push_back(std::move(one));
  return {};
}

Status ReadState(const ImportInput& input, const std::vector<Body>& bodies, Captures* out) {
  bool drainer_seen = false;
  std::vector<std::string> pumps_seen;
  for (const Body& body : bodies) {
    // The state is that of the first Drainer's first answer; of Pumps any one tells every end.
    if (!body.of_pump && drainer_seen) continue;
    if (body.of_pump && !out->state.log_ends.empty()) continue;
    drainer_seen = drainer_seen || !body.of_pump;
    TRY(sim::ReadStatusBody(body.text, body.argument.file, &out->state));
  }
  if (!input.log_ends.empty()) {
    TRY_ASSIGN(std::string text, ReadFile(input.log_ends, kBodyBytesMax));
    TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), input.log_ends));
    TRY(sim::ReadLogEnds(document, document.root(), &out->state));
  }
  if (!input.savepoint.empty()) {
    TRY_ASSIGN(std::string text, ReadFile(input.savepoint, kBodyBytesMax));
    TRY(sim::ReadSavepoint(std::move(text), input.savepoint, &out->state));
  }
  return {};
}

// What the scenario needs and no capture said.
Status FillGaps(const ImportInput& input, Captures* out) {
  sim::CapturedState& state = out->state;
  if (state.positions.empty()) {
    return Error{ErrorCode::kBadInput,
                 "no status and no savepoint says a position of any Pump: give --savepoint",
                 input.statuses.front().file};
  }
  if (state.saved_commit_ts == 0) {
    state.saved_commit_ts = state.lower;
    out->notes.push_back("no --savepoint: the saved commitTS is taken to be Lower");
  }
  if (state.upper == 0) {
    state.upper = std::max(state.lower, state.saved_commit_ts);
    out->notes.push_back("Upper is 0: the clock begins at the saved commitTS");
  }
  if (state.saved_commit_ts > state.upper) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("its commitTS {} is above Upper {} of the first status: it was saved "
                             "later",
                             state.saved_commit_ts, state.upper),
                 input.savepoint};
  }
  std::vector<std::string> unknown;
  for (const auto& [id, position] : state.positions) {
    std::int64_t& end = state.log_ends[id];
    if (end >= position && end > 0) continue;
    if (position > 0) unknown.push_back(id);
    end = position;
  }
  if (!unknown.empty()) {
    out->notes.push_back(
        fmt::format("no log end of {}: nothing is taken to wait in Kafka above its position "
                    "(--log-ends, or a Pump's status, would say)",
                    fmt::join(unknown, ", ")));
  }
  return {};
}

}  // namespace

Result<Captures> ReadCaptures(const ImportInput& input) {
  if (input.statuses.empty()) {
    return Error{ErrorCode::kBadInput, "at least one --status FILE@TIME is needed", ""};
  }
  TRY_ASSIGN(const std::vector<Body> bodies, ReadBodies(input));
  Captures out;
  const auto first =
      std::find_if(bodies.begin(), bodies.end(), [](const Body& body) { return !body.of_pump; });
  if (first == bodies.end()) {
    return Error{ErrorCode::kBadInput, "no status is of an old Drainer", bodies[0].argument.file};
  }
  out.first_ms = first->argument.ms;
  for (const Body& body : bodies) {
    if (!body.of_pump) TRY(AddObservation(body, &out));
  }
  TRY(ReadState(input, bodies, &out));
  TRY(FillGaps(input, &out));
  return out;
}

}  // namespace tidegate::rehearsal
