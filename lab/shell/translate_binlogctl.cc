// binlogctl: its two listings come from the registry; what changes a node's state is the world's
// to do. All it prints are log lines on standard error (tidb-binlog: binlogctl/nodes.go,
// cmd/binlogctl/main.go).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "lab/hosts/stamp.h"
#include "lab/shell/binlogctl_options.h"
#include "lab/shell/errand.h"
#include "sim/release.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::Answer;
using port::AnswerCode;

// binlogctl is of the release of the cluster's Pumps: of those that run, else of those to come.
sim::ReleaseNumber ReleaseOf(const sim::RunPlan& plan, std::string* text) {
  for (const sim::NodePlan& node : plan.nodes) {
    if (node.info.role != Role::kPump || node.info.era != Era::kCluster) continue;
    *text = node.version.empty() ? node.info.target_version : node.version;
    break;
  }
  return sim::ReadReleaseNumber(*text);
}

// tidb-binlog has it since 2.1.18 and 3.0.0, with ngaut's log in the 2.1 line; before, tidb-tools.
BinlogctlRelease FeaturesOf(const sim::ReleaseNumber& release) {
  if (release == sim::kNoRelease) return {};
  const bool of_binlog = sim::Since(release, {{2, 1, 18}, {3, 0, 0}});
  return {.show_offline = sim::Since(release, {{2, 1, 19}, {3, 0, 6}}),
          .refuses_unknown = of_binlog,
          .zap_layout = !of_binlog || release >= sim::ReleaseNumber{3, 0, 0, 0},
          .encrypts = sim::Since(release, {sim::kNeverReleased, {3, 0, 9}})};
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

/// A line of its log: what, and the same as zap's fields and as ngaut's text.
struct Line {
  std::string_view level;
  std::string_view place;
  std::string_view what;
  std::string fields;
  std::string text;
};

std::string LogLine(const Errand& errand, const BinlogctlRelease& release, const Line& line) {
  const std::int64_t ms = errand.plan.epoch_ms + errand.hands.now() / kMillisecond;
  const CivilTime at = CivilOf(ms / 1000);
  const std::string time =
      fmt::format("{:04}/{:02}/{:02} {}", at.year, at.month, at.day, Clock(at));
  if (release.zap_layout) {
    std::string level(line.level);
    for (char& c : level) c = static_cast<char>(c - 'a' + 'A');
    return fmt::format("[{}.{:03} +00:00] [{}] [{}] [\"{}\"]{}\n", time, ms % 1000, level,
                       line.place, line.what, line.fields);
  }
  return fmt::format("{} {}: [{}] {}{}\n", time, line.place, line.level, line.what, line.text);
}

void Fatal(const Errand::Self& errand, const BinlogctlRelease& release, const std::string& command,
           const std::string& error) {
  errand->reply.exit = 1;
  errand->reply.errors += LogLine(*errand, release,
                                  {"fatal", "main.go:67", "fail to execute command",
                                   fmt::format(" [command={}] [error=\"{}\"]", command, error),
                                   fmt::format(" {}, error: {}", command, error)});
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

void List(const Errand::Self& e, const Answer& answer, const BinlogctlRelease& release,
          const BinlogctlOptions& options) {
  const std::string& command = options.command;
  const bool offline = options.show_offline || !release.show_offline;
  const std::string kind = command == "pumps" ? "pump" : "drainer";
  const Result<JsonDocument> document = JsonDocument::Parse(answer.body, "(registry)");
  if (!answer.ok() || !document) {
    Fatal(e, release, command,
          answer.code == AnswerCode::kTimedOut ? "context deadline exceeded"
                                               : "connect: connection refused");
    e->Next();
    return;
  }
  if (const JsonValue* keys = document->root().Find("kvs"); keys != nullptr) {
    for (const JsonValue& key : keys->elements) {
      const std::string text = NodeText(FromBase64(TextIn(key, "value")), offline);
      if (text.empty()) continue;
      e->reply.errors += LogLine(
          *e, release,
          {"info", "nodes.go:53", "query node", fmt::format(" [type={}] [node=\"{}\"]", kind, text),
           fmt::format(", type: {}, node: {}", kind, text)});
    }
  }
  e->Next();
}

// Does `-pd-urls` name a PD of this cluster, as seen from where it is called?
bool PdIsOurs(const Errand& errand, const std::string& urls) {
  const std::string list = urls + ",";
  for (const sim::NodePlan& node : errand.plan.nodes) {
    if (node.info.role != Role::kPd) continue;
    const bool here = node.info.host == errand.request.host;
    for (const std::string_view host :
         {std::string_view(node.info.host), std::string_view(here ? "127.0.0.1" : "")}) {
      if (host.empty()) continue;
      const std::string address = fmt::format("{}:{},", host, node.info.port);
      const std::size_t at = list.find(address);
      if (at != std::string::npos && (at == 0 || list[at - 1] == '/' || list[at - 1] == ',')) {
        return true;
      }
    }
  }
  return false;
}

// generate_meta's answer is the timestamp; whoever called makes the file of it.
void Change(const Errand::Self& errand, const BinlogctlRelease& release,
            const BinlogctlOptions& options) {
  const std::string& command = options.command;
  port::RunHook hook{"binlogctl",
                     {"binlogctl", "-pd-urls", options.pd_urls, "-cmd", command, "-node-id",
                      options.node_id, "-state", options.state}};
  if (command.starts_with("update-")) {
    hook.name = fmt::format("binlogctl {} {}", command, options.node_id);
  }
  errand->Then([hook, release, options](const Errand::Self& e) {
    e->hands.Perform(hook, [e, release, options](const Answer& answer) {
      const std::string& name = options.command;
      if (!answer.ok()) {
        const std::size_t at = answer.body.find("error: ");
        Fatal(e, release, name, at == std::string::npos ? answer.body : answer.body.substr(at + 7));
      } else if (answer.body.starts_with("Apply action")) {
        const std::string action = name.starts_with("pause-") ? "pause" : "close";
        e->reply.errors +=
            LogLine(*e, release,
                    {"info", "nodes.go:122", "Apply action on node success",
                     fmt::format(" [action={}] [NodeID={}]", action, options.node_id),
                     fmt::format(", action: {}, NodeID: {}", action, options.node_id)});
      } else if (const std::size_t at = answer.body.rfind(": "); name == "generate_meta") {
        const std::string ts = answer.body.substr(at + 2);
        e->reply.output = ts;
        e->reply.errors += LogLine(
            *e, release,
            {"info", "meta.go:117", "save meta", fmt::format(" [meta=\"commitTS: {}\"]", ts),
             fmt::format(" commitTS: {}", ts)});
      }
      e->Next();
    });
  });
}

constexpr std::array<std::string_view, 9> kCommands = {
    "pumps",         "drainers",     "update-pump",     "update-drainer", "pause-pump",
    "pause-drainer", "offline-pump", "offline-drainer", "generate_meta"};

// Words that are refused, -h and -V: nothing is asked of anybody then.
bool IsAnswered(const Errand::Self& errand, const BinlogctlOptions& options,
                const BinlogctlRelease& release, const std::string& version) {
  Reply& reply = errand->reply;
  if (options.help) {
    reply.errors = BinlogctlUsage(release);
  } else if (!options.wrong.empty()) {
    reply.exit = 2;
    if (!options.said_first.empty()) reply.errors = options.said_first + BinlogctlUsage(release);
    reply.errors += LogLine(
        *errand, release,
        {"error", "main.go:41", "parse cmd flags", fmt::format(" [error=\"{}\"]", options.wrong),
         fmt::format(", error: {}", options.wrong)});
  } else if (options.version) {
    reply.output = VersionText({"binlogctl", version});
  } else {
    return false;
  }
  return true;
}

}  // namespace

void TranslateBinlogctl(const Errand::Self& errand) {
  std::string version;
  const BinlogctlRelease release = FeaturesOf(ReleaseOf(errand->plan, &version));
  const BinlogctlOptions options = ReadBinlogctlOptions(errand->request.argv, release);
  if (IsAnswered(errand, options, release, version)) return;
  const std::string& command = options.command;
  if (std::find(kCommands.begin(), kCommands.end(), command) == kCommands.end()) {
    // Encrypting takes a library that the lab does not have.
    const bool encrypt = command == "encrypt" && release.encrypts;
    if (encrypt || release.refuses_unknown) {
      Fatal(errand, release, command,
            encrypt ? "the lab's binlogctl does not encrypt"
                    : fmt::format("cmd {} not supported", command));
    }
    return;
  }
  if (!PdIsOurs(*errand, options.pd_urls)) {
    if (options.pd_urls != BinlogctlOptions().pd_urls) {
      errand->hands.Refused(
          errand->request.host,
          fmt::format("binlogctl to '{}', which is no PD of this cluster", options.pd_urls));
    }
    Fatal(errand, release, command, "context deadline exceeded");
    return;
  }
  if (command != "pumps" && command != "drainers") {
    Change(errand, release, options);
    return;
  }
  errand->Then([release, options](const Errand::Self& e) {
    e->hands.Ask(port::ListRegistry{"/tidb-binlog/v1/" + options.command}, kAskTimeout,
                 [e, release, options](const Answer& a) { List(e, a, release, options); });
  });
}

}  // namespace tidegate::lab
