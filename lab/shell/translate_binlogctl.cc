// binlogctl: its two listings come from the registry; what changes a node's state is the world's
// to do. All it prints are log lines on standard error (tidb-binlog: binlogctl/nodes.go).
#include <fmt/format.h>

#include <array>

#include "base/json.h"
#include "lab/shell/errand.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::Answer;
using port::AnswerCode;

std::string FlagOf(const std::vector<std::string>& argv, std::string_view flag) {
  for (std::size_t i = 0; i < argv.size(); ++i) {
    if (argv[i] == flag) return i + 1 < argv.size() ? argv[i + 1] : "";
    if (argv[i].starts_with(fmt::format("{}=", flag))) return argv[i].substr(flag.size() + 1);
  }
  return "";
}

// Go's flag package takes two dashes for one.
std::vector<std::string> OneDash(const std::vector<std::string>& argv) {
  std::vector<std::string> out;
  for (const std::string& word : argv) {
    out.push_back(word.starts_with("--") && word.size() > 2 ? word.substr(1) : word);
  }
  return out;
}

int ValueOf(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

std::string FromBase64(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = ValueOf(c);
    if (value < 0) break;
    bits = (bits << 6U) | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
  }
  return out;
}

struct CivilTime {
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
  std::int64_t second = 0;  ///< of the day
};

// Days since 1970 to a date of the Gregorian calendar.
CivilTime CivilOf(std::int64_t unix_seconds) {
  const std::int64_t days = unix_seconds / 86'400;
  const std::int64_t z = days + 719'468;
  const std::int64_t era = z / 146'097;
  const std::int64_t of_era = z - era * 146'097;
  const std::int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t part = (5 * of_year + 2) / 153;
  const std::int64_t month = part < 10 ? part + 3 : part - 9;
  return {year + era * 400 + (month <= 2 ? 1 : 0), month, of_year - (153 * part + 2) / 5 + 1,
          unix_seconds % 86'400};
}

std::string Clock(const CivilTime& at) {
  return fmt::format("{:02}:{:02}:{:02}", at.second / 3600, at.second / 60 % 60, at.second % 60);
}

// zap's line, as binlogctl of 3.0 and later writes it.
std::string LogLine(const Errand& errand, std::string_view level, std::string_view place,
                    std::string_view fields) {
  const std::int64_t ms = errand.plan.epoch_ms + errand.hands.now() / kMillisecond;
  const CivilTime at = CivilOf(ms / 1000);
  return fmt::format("[{:04}/{:02}/{:02} {}.{:03} +00:00] [{}] [{}] {}\n", at.year, at.month,
                     at.day, Clock(at), ms % 1000, level, place, fields);
}

void Fatal(const Errand::Self& errand, const std::string& command, const std::string& error) {
  errand->reply.exit = 1;
  errand->reply.errors += LogLine(
      *errand, "FATAL", "main.go:67",
      fmt::format("[\"fail to execute command\"] [command={}] [error=\"{}\"]", command, error));
}

std::string TextIn(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value != nullptr && value->kind == JsonKind::kString ? value->text : "";
}

std::int64_t NumberIn(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value != nullptr && value->kind == JsonKind::kInt ? value->integer : 0;
}

// "{NodeID: …, Addr: …, State: …, MaxCommitTS: …, UpdateTime: …}" (pkg/node/node.go Status.String);
// empty when the value is no node.
std::string NodeText(const std::string& json, bool shows_offline) {
  const Result<JsonDocument> document = JsonDocument::Parse(json, "(registry)");
  if (!document || document->root().Find("nodeId") == nullptr) return "";
  const JsonValue& root = document->root();
  const std::string state = TextIn(root, "state");
  if (state == "offline" && !shows_offline) return "";
  const CivilTime at = CivilOf((NumberIn(root, "updateTS") >> 18) / 1000);
  return fmt::format(
      "{{NodeID: {}, Addr: {}, State: {}, MaxCommitTS: {}, UpdateTime: {:04}-{:02}-{:02} {} +0000 "
      "UTC}}",
      TextIn(root, "nodeId"), TextIn(root, "host"), state, NumberIn(root, "maxCommitTS"), at.year,
      at.month, at.day, Clock(at));
}

void List(const Errand::Self& e, const Answer& answer, const std::string& command, bool offline) {
  const std::string kind = command == "pumps" ? "pump" : "drainer";
  const Result<JsonDocument> document = JsonDocument::Parse(answer.body, "(registry)");
  if (!answer.ok() || !document) {
    Fatal(e, command,
          answer.code == AnswerCode::kTimedOut ? "context deadline exceeded"
                                               : "connect: connection refused");
    e->Next();
    return;
  }
  if (const JsonValue* keys = document->root().Find("kvs"); keys != nullptr) {
    for (const JsonValue& key : keys->elements) {
      const std::string text = NodeText(FromBase64(TextIn(key, "value")), offline);
      if (text.empty()) continue;
      e->reply.errors +=
          LogLine(*e, "INFO", "nodes.go:53",
                  fmt::format("[\"query node\"] [type={}] [node=\"{}\"]", kind, text));
    }
  }
  e->Next();
}

// Does `-pd-urls` name a PD of this cluster?
bool PdIsOurs(const Errand& errand, const std::string& urls) {
  if (urls.empty()) return true;
  for (const sim::NodePlan& node : errand.plan.nodes) {
    if (node.info.role == Role::kPd && urls.find(node.info.host) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

void TranslateBinlogctl(const Errand::Self& errand) {
  const std::vector<std::string> argv = OneDash(errand->request.argv);
  const std::string command = FlagOf(argv, "-cmd");
  if (const std::string urls = FlagOf(argv, "-pd-urls"); !PdIsOurs(*errand, urls)) {
    errand->hands.Refused(errand->request.host,
                          fmt::format("binlogctl to '{}', which is no PD of this cluster", urls));
    Fatal(errand, command, "context deadline exceeded");
    return;
  }
  if (command == "pumps" || command == "drainers") {
    bool offline = false;
    for (const std::string& word : argv) {
      if (word == "-show-offline-nodes" || word == "-show-offline-nodes=true") offline = true;
    }
    errand->Then([command, offline](const Errand::Self& e) {
      e->hands.Ask(port::ListRegistry{"/tidb-binlog/v1/" + command}, kAskTimeout,
                   [e, command, offline](const Answer& a) { List(e, a, command, offline); });
    });
    return;
  }
  port::RunHook hook{"binlogctl", {"binlogctl"}};
  hook.argv.insert(hook.argv.end(), argv.begin(), argv.end());
  errand->Then([hook, command](const Errand::Self& e) {
    e->hands.Perform(hook, [e, command, hook](const Answer& answer) {
      const std::string action = command.starts_with("pause-") ? "pause" : "close";
      if (!answer.ok()) {
        const std::size_t at = answer.body.find("error: ");
        Fatal(e, command, at == std::string::npos ? answer.body : answer.body.substr(at + 7));
      } else if (answer.body.starts_with("Apply action")) {
        e->reply.errors +=
            LogLine(*e, "INFO", "nodes.go:122",
                    fmt::format("[\"Apply action on node success\"] [action={}] [NodeID={}]",
                                action, FlagOf(hook.argv, "-node-id")));
      }
      e->Next();
    });
  });
}

}  // namespace tidegate::lab
