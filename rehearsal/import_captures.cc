#include "rehearsal/import_captures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "engine/captured.h"
#include "engine/status_body.h"
#include "rehearsal/import_listing.h"

namespace tidegate::rehearsal {
namespace {

constexpr std::size_t kBodyBytesMax = 16U << 20U;

struct Body {
  StatusArgument argument;
  std::string text;
  bool of_pump = false;
  bool of_cluster = false;
};

// Who answered: the fields tell (tidb-binlog kafka and master: drainer/status.go, pump/status.go).
Status FillKind(const JsonDocument& document, Body* body) {
  const JsonValue& root = document.root();
  const auto has = [&root](std::string_view name) { return root.Find(name) != nullptr; };
  body->of_cluster = has("LastTS") || (has("status") && has("CommitTS"));
  body->of_pump = has("LatestBinlog") || has("status");
  if (body->of_cluster || body->of_pump) return {};
  if (root.kind != JsonKind::kObject || has("DepositWindow")) return {};
  return document.ErrorAt(root.offset,
                          "this is no /status: a Drainer's has DepositWindow (Kafka era) or LastTS "
                          "(cluster era), a Pump's LatestBinlog or status");
}

Result<std::vector<Body>> ReadBodies(const ImportInput& input) {
  std::vector<Body> out;
  for (const StatusArgument& argument : input.statuses) {
    TRY_ASSIGN(std::string text, ReadFile(argument.file, kBodyBytesMax));
    TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(text, argument.file));
    Body body{argument, std::move(text), false, false};
    TRY(FillKind(document, &body));
    if (!out.empty() && out.front().of_cluster != body.of_cluster) {
      return document.ErrorAt(document.root().offset,
                              "this /status is of another era than the first; captures are of the "
                              "side that is upgraded or replaced");
    }
    out.push_back(std::move(body));
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

// Errors of the parsers are about an answer; here it is a file.
Error InFile(const Error& error, const std::string& file) {
  return {ErrorCode::kBadInput, error.message, file};
}

Status AddClusterBody(const Body& body, Captures* out) {
  const engine::port::Answer answer{engine::port::AnswerCode::kOk, 200, body.text};
  sim::Observation one;
  one.after = (body.argument.ms - out->first_ms) * kMillisecond;
  if (body.of_pump) {
    const Result<engine::ClusterPumpStatus> status = engine::ParseClusterPumpStatus(answer);
    if (!status) return InFile(status.error(), body.argument.file);
    for (const engine::ClusterNode& pump : status->pumps) one.registry[pump.id] = pump.state;
    if (one.registry.empty()) return {};
  } else {
    const Result<engine::ClusterDrainerStatus> status = engine::ParseClusterDrainerStatus(answer);
    if (!status) return InFile(status.error(), body.argument.file);
    one.drainer = body.argument.drainer;
    one.of_cluster = true;
    one.synced = status->synced;
    one.lower = status->last_ts;
    for (const auto& [id, commit_ts] : status->pump_pos) one.pump_pos[id] = commit_ts;
  }
  out->observed.push_back(std::move(one));
  return {};
}

Status AddListings(const ImportInput& input, Captures* out) {
  for (const StatusArgument& argument : input.listings) {
    TRY_ASSIGN(const std::string text, ReadFile(argument.file, kBodyBytesMax));
    sim::Observation one;
    one.after = (argument.ms - out->first_ms) * kMillisecond;
    TRY_ASSIGN(one.registry, ParseListing(text, argument.file));
    out->observed.push_back(std::move(one));
  }
  return {};
}

Status ReadCluster(const ImportInput& input, const std::vector<Body>& bodies, Captures* out) {
  for (const std::string* file : {&input.savepoint, &input.log_ends}) {
    if (file->empty()) continue;
    return Error{ErrorCode::kBadInput,
                 "a checkpoint or log ends go with statuses of the Kafka era; these are of the "
                 "cluster version",
                 *file};
  }
  for (const Body& body : bodies) TRY(AddClusterBody(body, out));
  TRY(AddListings(input, out));
  const auto count =
      std::erase_if(out->observed, [](const sim::Observation& one) { return one.after < 0; });
  if (count > 0) {
    out->notes.push_back(fmt::format(
        "{} listings lie before the first status of a Drainer and are left out", count));
  }
  std::stable_sort(
      out->observed.begin(), out->observed.end(),
      [](const sim::Observation& a, const sim::Observation& b) { return a.after < b.after; });
  // Behind the answer of the same moment, which gives them their time.
  std::stable_partition(
      out->observed.begin(), out->observed.end(),
      [](const sim::Observation& one) { return one.after == 0 && one.registry.empty(); });
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
    return Error{ErrorCode::kBadInput, "no status is of a Drainer", bodies[0].argument.file};
  }
  out.first_ms = first->argument.ms;
  out.of_cluster = first->of_cluster;
  if (out.of_cluster) {
    TRY(ReadCluster(input, bodies, &out));
    return out;
  }
  if (!input.listings.empty()) {
    return Error{ErrorCode::kBadInput,
                 "binlogctl lists the cluster version; these statuses are of the Kafka era",
                 input.listings.front().file};
  }
  for (const Body& body : bodies) {
    if (!body.of_pump) TRY(AddObservation(body, &out));
  }
  TRY(ReadState(input, bodies, &out));
  TRY(FillGaps(input, &out));
  return out;
}

}  // namespace tidegate::rehearsal
