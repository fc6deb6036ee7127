#include "engine/status_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"

namespace tidegate::engine {
namespace {

// The root object of an answer's body, or why there is none.
Result<JsonDocument> ParseObject(const port::Answer& answer, const char* what) {
  if (!answer.ok()) return Error{ErrorCode::kUnavailable, AnswerText(answer), ""};
  Result<JsonDocument> document = JsonDocument::Parse(answer.body, what);
  if (!document) return std::move(document).error();
  if (document->root().kind != JsonKind::kObject && document->root().kind != JsonKind::kNull) {
    return Error{ErrorCode::kBadInput, fmt::format("the answer is no {}", what), ""};
  }
  return document;
}

Tso IntOf(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value != nullptr && value->kind == JsonKind::kInt ? value->integer : 0;
}

std::string TextOf(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value != nullptr && value->kind == JsonKind::kString ? value->text : std::string();
}

bool BoolOf(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value != nullptr && value->kind == JsonKind::kBool && value->boolean;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Calls `visit` with each line, without its end.
template <typename Visit>
void EachLine(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    visit(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

std::string AnswerText(const port::Answer& answer) {
  const std::string_view name = port::kAnswerCodeNames[static_cast<std::size_t>(answer.code)];
  if (answer.code == port::AnswerCode::kHttpStatus)
    return fmt::format("{} {}", name, answer.status);
  // A connection that was not to be trusted says why; it has nothing else to say.
  if (answer.code == port::AnswerCode::kFailed && answer.body.starts_with("TLS: ")) {
    return answer.body;
  }
  return std::string(name);
}

Result<OldDrainerStatus> ParseOldDrainerStatus(const port::Answer& answer) {
  TRY_ASSIGN(const JsonDocument document, ParseObject(answer, "status of an old Drainer"));
  const JsonValue& root = document.root();
  OldDrainerStatus status;
  if (root.kind == JsonKind::kNull) return status;
  if (root.Find("LastTS") != nullptr) {
    return Error{ErrorCode::kBadInput, "a Drainer of the cluster version answers there", ""};
  }
  const JsonValue* window = root.Find("DepositWindow");
  if (window == nullptr || window->kind != JsonKind::kObject) {
    return Error{ErrorCode::kBadInput, "the answer has no DepositWindow", ""};
  }
  status.synced = BoolOf(root, "Synced");
  status.upper = IntOf(*window, "Upper");
  status.lower = IntOf(*window, "Lower");
  const JsonValue* pumps = root.Find("PumpPos");
  status.ticked = pumps != nullptr && pumps->kind == JsonKind::kObject;
  if (status.ticked) {
    for (const JsonMember& pump : pumps->members) status.pumps.push_back(pump.name);
  }
  return status;
}

Result<OldPumpStatus> ParseOldPumpStatus(const port::Answer& answer) {
  TRY_ASSIGN(const JsonDocument document, ParseObject(answer, "status of an old Pump"));
  return OldPumpStatus{IntOf(document.root(), "CommitTS"), TextOf(document.root(), "ErrMsg")};
}

Result<ClusterPumpStatus> ParseClusterPumpStatus(const port::Answer& answer) {
  TRY_ASSIGN(const JsonDocument document, ParseObject(answer, "status of a cluster Pump"));
  const JsonValue& root = document.root();
  const std::string error = TextOf(root, "ErrMsg");
  if (!error.empty()) return Error{ErrorCode::kUnavailable, error, ""};
  ClusterPumpStatus status;
  status.commit_ts = IntOf(root, "CommitTS");
  const JsonValue* pumps = root.Find("status");
  if (pumps == nullptr || pumps->kind != JsonKind::kObject) {
    return Error{ErrorCode::kBadInput, "the answer lists no Pumps", ""};
  }
  for (const JsonMember& pump : pumps->members) {
    status.pumps.push_back({pump.name, TextOf(pump.value, "host"), TextOf(pump.value, "state"),
                            IntOf(pump.value, "maxCommitTS"), IntOf(pump.value, "updateTS")});
  }
  return status;
}

Result<Tso> ParsePdTimestamp(const port::Answer& answer) {
  TRY_ASSIGN(const OldPumpStatus pump, ParseOldPumpStatus(answer));
  if (!pump.error.empty()) return Error{ErrorCode::kUnavailable, pump.error, ""};
  if (pump.commit_ts <= 0) {
    return Error{ErrorCode::kBadInput, "the answer has no CommitTS: no Pump's status", ""};
  }
  return pump.commit_ts;
}

Result<ClusterDrainerStatus> ParseClusterDrainerStatus(const port::Answer& answer) {
  TRY_ASSIGN(const JsonDocument document, ParseObject(answer, "status of a cluster Drainer"));
  const JsonValue& root = document.root();
  if (root.Find("LastTS") == nullptr) {
    return Error{ErrorCode::kBadInput,
                 "the answer has no LastTS: no Drainer of the cluster version", ""};
  }
  ClusterDrainerStatus status;
  status.synced = BoolOf(root, "Synced");
  status.last_ts = IntOf(root, "LastTS");
  const JsonValue* pumps = root.Find("PumpPos");
  if (pumps != nullptr && pumps->kind == JsonKind::kObject) {
    for (const JsonMember& pump : pumps->members) {
      status.pump_pos.emplace_back(pump.name, pump.value.integer);
    }
  }
  return status;
}

Result<TidbStatus> ParseTidbStatus(const port::Answer& answer) {
  TRY_ASSIGN(const JsonDocument document, ParseObject(answer, "status of a TiDB"));
  return TidbStatus{IntOf(document.root(), "connections"), TextOf(document.root(), "version")};
}

Result<bool> ParseBinlogSkipped(const port::Answer& answer) {
  TRY_ASSIGN(const JsonDocument document, ParseObject(answer, "binlog status of a TiDB"));
  const JsonValue* skipped = document.root().Find("Skipped");
  if (skipped == nullptr || skipped->kind != JsonKind::kBool) {
    return Error{ErrorCode::kBadInput, "the answer does not say whether binlogs are skipped", ""};
  }
  return skipped->boolean;
}

namespace {

// daemontools: svstat.c: "up (pid N) S seconds", "down S seconds", then ", want down" or ", want
// up" where it is to change; "supervise not running" or an error where nobody looks after it.
std::string_view SvstatActiveState(std::string_view line) {
  const bool up = line.find(": up ") != std::string_view::npos;
  if (up) return line.find(", want down") == std::string_view::npos ? "active" : "deactivating";
  const bool down = line.find(": down ") != std::string_view::npos;
  return down && line.find(", want up") != std::string_view::npos ? "activating" : "inactive";
}

}  // namespace

std::string_view UnitProperty(std::string_view body, std::string_view name) {
  if (body.starts_with('/')) return name == "ActiveState" ? SvstatActiveState(body) : "";
  std::string_view value;
  EachLine(body, [&](std::string_view line) {
    if (line.size() > name.size() && line.substr(0, name.size()) == name &&
        line[name.size()] == '=') {
      value = line.substr(name.size() + 1);
    }
  });
  return value;
}

std::string_view ReleaseVersion(std::string_view body) {
  constexpr std::string_view kLabel = "Release Version:";
  const std::size_t at = body.find(kLabel);
  if (at == std::string_view::npos) return {};
  std::string_view rest = body.substr(at + kLabel.size());
  rest = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest.substr(0, std::min(rest.find_first_of(" \r\n"), rest.size()));
}

Result<std::int64_t> MetricSum(std::string_view page, std::string_view name) {
  bool found = false;
  std::int64_t sum = 0;
  EachLine(page, [&](std::string_view line) {
    if (line.size() <= name.size() || line.substr(0, name.size()) != name) return;
    const char next = line[name.size()];
    if (next != ' ' && next != '{') return;
    const std::size_t at = line.rfind(' ');
    std::int64_t value = 0;
    for (const char c : line.substr(at + 1)) {
      if (c < '0' || c > '9') break;
      if (value > INT64_MAX / 20) break;
      value = value * 10 + (c - '0');
    }
    found = true;
    if (__builtin_add_overflow(sum, value, &sum)) sum = INT64_MAX;
  });
  if (!found) return Error{ErrorCode::kNotFound, fmt::format("no metric {}", name), ""};
  return sum;
}

std::int64_t UnfinishedDdlJobs(std::string_view body) {
  constexpr std::array<std::string_view, 5> kInFlight = {"running", "queueing", "rollingback",
                                                         "cancelling", "none"};
  std::int64_t jobs = 0;
  std::ptrdiff_t state_column = -1;
  bool header = true;
  EachLine(body, [&](std::string_view line) {
    std::ptrdiff_t column = 0;
    bool unfinished = false;
    std::string_view rest = line;
    while (true) {
      const std::size_t end = std::min(rest.find('\t'), rest.size());
      const std::string cell = Lower(rest.substr(0, end));
      if (header && cell == "state") state_column = column;
      // Without the column (2.0 prints each job as one text), any cell that names a state counts.
      if (!header && (column == state_column || state_column < 0)) {
        for (const std::string_view state : kInFlight) {
          if (cell == state ||
              (state_column < 0 && state != "none" && cell.find(state) != std::string::npos)) {
            unfinished = true;
          }
        }
      }
      ++column;
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
    header = false;
    jobs += unfinished ? 1 : 0;
  });
  return jobs;
}

}  // namespace tidegate::engine
