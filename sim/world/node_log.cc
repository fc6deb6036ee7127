#include "sim/world/node_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "sim/world/node_log_line.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

constexpr std::size_t kEntriesMax = 20'000;  // then the older half is in a file that was rotated

constexpr std::int64_t kMsOfDay = 86'400'000;

struct Date {
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
};

// The civil date of a day counted from 1970-01-01.
Date DateOf(std::int64_t days) {
  Date date{1970, 1, 1};
  const auto leap = [&] {
    return (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
  };
  for (; days >= (leap() ? 366 : 365); ++date.year) days -= leap() ? 366 : 365;
  constexpr std::int64_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const auto month_days = [&] {
    return kDays[date.month - 1] + (date.month == 2 && leap() ? 1 : 0);
  };
  for (; days >= month_days(); ++date.month) days -= month_days();
  date.day += days;
  return date;
}

std::string_view StateName(Tso state) {
  switch (static_cast<trace::RegistryState>(state)) {
    case trace::RegistryState::kOnline: return "online";
    case trace::RegistryState::kPaused: return "paused";
    case trace::RegistryState::kOffline: return "offline";
    default: return "unknown";
  }
}

class Writer {
 public:
  Writer(const World& world, NodeId self) : world_(world) {
    const NodePlan& plan = world.plan().nodes[self];
    plan_ = &plan;
    pump_ = plan.info.role == Role::kPump;
    tidb_ = plan.info.role == Role::kTidb;
    const bool registers = plan.info.era == Era::kCluster && !tidb_;
    id_ = registers ? world.pd().IdOf(self) : plan.etcd_id;
    address_ = fmt::format("{}:{}", plan.info.host, plan.info.port);
    data_dir_ = plan.info.data_dir;
  }

  std::vector<LogText> Lines(const Dialect& d, LogLine line, const NodeLog::Said& said,
                             const std::string& text) const {
    if (tidb_) return TidbLines(d, line, *plan_, text);
    return pump_ ? PumpLines(d, line, said, text) : DrainerLines(d, line, said, text);
  }

  void Write(Time at, const Dialect& dialect, const std::vector<LogText>& lines) {
    const std::int64_t ms = world_.plan().epoch_ms + at / kMillisecond;
    for (const LogText& line : lines) {
      switch (dialect.log_style) {
        case LogStyle::kPrefixed:
          // TiDB's own formatter has milliseconds (tidb release-2.1: util/logutil/log.go).
          out_ += fmt::format("{}{} {}:1: [{}] {}\n", UtcText(ms, '/'),
                              tidb_ ? fmt::format(".{:03}", ms % 1000) : "", line.place, line.level,
                              line.text);
          break;
        case LogStyle::kUnified:
          out_ += fmt::format("[{}.{:03} +00:00] [{}] [{}:1] [\"{}\"]{}\n", UtcText(ms, '/'),
                              ms % 1000, Upper(line.level), line.place, line.text, line.fields);
          break;
      }
    }
  }

  // tidb-binlog release-2.1 and master: pump/server.go, cmd/pump/main.go, pkg/version/version.go;
  // rc2.3, v1.0, kafka: pump/server.go, pump/binlogger.go, cmd/pump/main.go.
  std::vector<LogText> PumpLines(const Dialect& d, LogLine line, const NodeLog::Said& said,
                                 const std::string& text) const {
    const bool old = d.log_style == LogStyle::kPrefixed;
    switch (line) {
      case LogLine::kRegistered:
        if (!old) return {Server("register success", LogField("NodeID", id_))};
        return {Server(fmt::format("register success, this pump's node id is {}", id_))};
      case LogLine::kInfoTick:
        if (old) {
          return {Server(fmt::format("writeBinlogCount: {}, alivePullerCount: {},  maxCommitTS: {}",
                                     said.a, said.c, said.b))};
        }
        return {Server("server info tick", Number("writeBinlogCount", said.a) +
                                               Number("alivePullerCount", said.c) +
                                               Number("MaxCommitTS", said.b))};
      case LogLine::kCloses: return {Server("begin to close pump server")};
      case LogLine::kWaitsForDrainer: return {Waits(d, said)};
      case LogLine::kSafeToOffline: return {Server("safe to offline now")};
      case LogLine::kState:
        if (old) return {Server(fmt::format("{} has update status to {}", id_, StateName(said.a)))};
        return {Server("update state success",
                       LogField("NodeID", id_) + LogField("state", StateName(said.a)))};
      case LogLine::kFailed: return {Failed(old, "pump server error", text)};
      case LogLine::kExit: return {{"main.go", "info", "pump exit", ""}};
      case LogLine::kFake: return {Server("generate fake binlog successfully")};
      case LogLine::kFileBegun:
        return {{"binlogger.go", "info",
                 fmt::format("segmented binlog file {} is created", FileName(d, said)), ""}};
      case LogLine::kFileGone:
        return {{"binlogger.go", "info", "GC binlog file:" + FileName(d, said), ""}};
      default: return Common(d, line, text);
    }
  }

  // tidb-binlog release-2.1 and master: drainer/{server,syncer,collector,merge,pump}.go,
  // drainer/checkpoint, cmd/drainer/main.go; kafka: drainer/{syncer,collector}.go.
  std::vector<LogText> DrainerLines(const Dialect& d, LogLine line, const NodeLog::Said& said,
                                    const std::string& text) const {
    const bool old = d.log_style == LogStyle::kPrefixed;
    const std::string pump = said.node == kNoNode ? "" : IdOf(said.node);
    switch (line) {
      case LogLine::kCheckpoint:
        return {
            {said.b != 0 ? "mysql.go" : "pb.go", "info",
             said.b != 0 ? "read checkpoint from downstream table" : "read checkpoint from file",
             Number("commitTS", said.a)}};
      case LogLine::kSavePoint:
        if (!old) return {{"syncer.go", "info", "write save point", Number("ts", said.a)}};
        return {{"syncer.go", "info",
                 text.empty() ? fmt::format("[write save point]{}", said.a)
                              : fmt::format("[write save point]{}[positions]{}", said.a, text),
                 ""}};
      case LogLine::kSourceAdded:
        if (old) return {{"merge.go", "info", "merger add source " + pump, ""}};
        return {{"merge.go", "info", "merger add source", LogField("source id", pump)}};
      case LogLine::kPulls:
        if (old)
          return {
              {"pump.go", "info", fmt::format("[pump {}] create pull binlogs client", pump), ""}};
        return {{"pump.go", "info", "pump create pull binlogs client", LogField("id", pump)}};
      case LogLine::kPullPaused: return {Pull(old, "pause", pump)};
      case LogLine::kPullContinues: return {Pull(old, "continue", pump)};
      case LogLine::kSourceRemoved: return Removed(d, pump);
      case LogLine::kDdlBegun:
      case LogLine::kDdlDone: return Ddl(d, line, said);
      case LogLine::kFatal: return {{"syncer.go", "fatal", text, ""}};
      case LogLine::kFailed: return {Failed(old, "start drainer server failed", text)};
      case LogLine::kExit: return {{"main.go", "info", "drainer exit", ""}};
      default: return Common(d, line, text);
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  static std::string Upper(std::string_view level) {
    return level == "info"      ? "INFO"
           : level == "warning" ? "WARN"
           : level == "error"   ? "ERROR"
                                : "FATAL";
  }
  static std::string Number(std::string_view key, std::int64_t value) {
    return LogField(key, fmt::to_string(value));
  }
  static LogText Server(std::string text, std::string fields = "") {
    return {"server.go", "info", std::move(text), std::move(fields)};
  }

  const std::string& IdOf(NodeId node) const {
    const NodePlan& plan = world_.plan().nodes[node];
    return plan.info.era == Era::kCluster ? world_.pd().IdOf(node) : plan.etcd_id;
  }

  std::vector<LogText> Common(const Dialect& d, LogLine line, const std::string& text) const {
    const bool old = d.log_style == LogStyle::kPrefixed;
    if (line == LogLine::kBanner) return Banner(d, text);
    if (line == LogLine::kConnected) {
      return {Server(fmt::format("clusterID of {} server is {}", pump_ ? "pump" : "drainer",
                                 world_.plan().cluster_id))};
    }
    if (line == LogLine::kSignal) return {{"main.go", "info", "got signal [15] to exit.", ""}};
    if (line == LogLine::kCommitted) return {Server("commit status done")};
    if (line != LogLine::kServes) return {};
    if (old) return {Server("start to server request on http://" + address_)};
    return {Server("start to server request", LogField("addr", "http://" + address_))};
  }

  // Of a build that was told nothing but its release (pkg/version: None).
  std::vector<LogText> Banner(const Dialect& d, const std::string& release) const {
    if (d.log_style == LogStyle::kUnified) {
      return {{"version.go", "info", pump_ ? "Welcome to Pump" : "Welcome to Drainer",
               LogField("Release Version", release) + LogField("Git Commit Hash", "None") +
                   LogField("Build TS", "None") + LogField("Go Version", "None") +
                   LogField("Go OS/Arch", "linux/amd64")}};
    }
    std::vector<LogText> lines;
    // The Local version names itself in the first line (a log of 2017-11: "pump
    // Version: 2.0.0+git").
    const std::string_view what = d.era != Era::kLocal ? "Release" : pump_ ? "pump" : "drainer";
    for (const std::string& text :
         {fmt::format("{} Version: {}", what, release), std::string("Git Commit Hash: None"),
          std::string("Build TS: None"), std::string("Go Version: None"),
          std::string("Go OS/Arch: linux/amd64")}) {
      lines.push_back({"version.go", "info", text, ""});
    }
    return lines;
  }

  // <data-dir>/clusters/<cluster id>/binlog-<number>; the head of the Kafka branch puts the time of
  // its making behind (tidb-binlog: pump/binlogger.go, pkg/binlogfile/file.go).
  std::string FileName(const Dialect& d, const NodeLog::Said& said) const {
    std::string name =
        fmt::format("{}/clusters/{}/binlog-{:016}", data_dir_, world_.plan().cluster_id, said.a);
    if (d.name == DialectName::kKafkaHead || d.name == DialectName::kDocumented) {
      name += '-';
      for (const char c : UtcText(world_.plan().epoch_ms + said.b / kMillisecond, '-')) {
        if (c >= '0' && c <= '9') name += c;
      }
    }
    return name;
  }

  // Up to 2.1 the statement as it is executed, with its schema in front (drainer/translator).
  std::vector<LogText> Ddl(const Dialect& d, LogLine line, const NodeLog::Said& said) const {
    const TablePlan& table = world_.plan().tables[static_cast<std::size_t>(said.c >> 16)];
    const std::string sql = table.marker
                                ? fmt::format("create table if not exists `{}`.`{}` (`id` int)",
                                              table.schema, table.name)
                                : fmt::format("alter table `{}`.`{}` add column `c{}` int",
                                              table.schema, table.name, said.c & 0xFFFF);
    if (d.log_style == LogStyle::kUnified) {
      if (line == LogLine::kDdlDone) return {};
      return {
          {"syncer.go", "info",
           "add ddl item to syncer, you can add this commit ts to `ignore-txn-commit-ts` to skip "
           "this ddl if needed",
           LogField("sql", sql) + Number("commit ts", said.a)}};
    }
    std::string text =
        fmt::format("[ddl][{}]use `{}`; {};[commit ts]{}",
                    line == LogLine::kDdlBegun ? "start" : "end", table.schema, sql, said.a);
    if (d.era != Era::kCluster) text += fmt::format("[pos]{{0 {}}}", said.b);
    return {{"syncer.go", "info", std::move(text), ""}};
  }

  LogText Waits(const Dialect& d, const NodeLog::Said& said) const {
    const std::string drainer = said.node == kNoNode ? "" : IdOf(said.node);
    if (d.log_style == LogStyle::kPrefixed) {
      return Server(fmt::format("wait for drainer: {} maxCommitTS: {}, pump maxCommitTS: {}",
                                drainer, said.a, said.b));
    }
    // The rewritten wait is that of 4.0.
    if (d.offline_without_etcd == OfflineWithoutEtcd::kWaits) {
      return {"server.go", "warning", "Waiting for drainer to consume binlog",
              Number("Minimum Drainer MaxCommitTS", said.a) +
                  Number("Need to reach maxCommitTS", said.b)};
    }
    return Server("wait for drainer", LogField("NodeID", drainer) + Number("maxCommitTS", said.a) +
                                          Number("pump maxCommitTS", said.b));
  }

  static LogText Failed(bool old, std::string_view what, const std::string& error) {
    return {"main.go", "error", old ? fmt::format("{}, {}", what, error) : std::string(what),
            LogField("error", error)};
  }

  static LogText Pull(bool old, std::string_view verb, const std::string& pump) {
    if (old) return {"pump.go", "info", fmt::format("[pump {}] {} pull binlog", pump, verb), ""};
    return {"pump.go", "info", fmt::format("pump {} pull binlog", verb), LogField("id", pump)};
  }

  std::vector<LogText> Removed(const Dialect& d, const std::string& pump) const {
    const bool merges = d.era == Era::kCluster;
    const bool old = d.log_style == LogStyle::kPrefixed;
    std::vector<LogText> lines;
    if (merges) {
      lines.push_back({"merge.go", "info",
                       old ? "merger remove source " + pump : "merger remove source",
                       LogField("source id", pump)});
    }
    // Two blanks before "has" in the Kafka era.
    lines.push_back({"collector.go", "info",
                     fmt::format("node({}) of cluster({}) {}has been removed and release the "
                                 "connection to it",
                                 pump, world_.plan().cluster_id, merges ? "" : " "),
                     ""});
    return lines;
  }

  const World& world_;
  const NodePlan* plan_ = nullptr;
  bool pump_ = false;
  bool tidb_ = false;
  std::string id_;
  std::string address_;
  std::string data_dir_;
  std::string out_;
};

}  // namespace

// zap quotes a key or value with blanks in it (pingcap/log: zap_text_encoder.go).
std::string LogField(std::string_view key, std::string_view value) {
  const auto quoted = [](std::string_view text) {
    const bool plain = text.find_first_of(" \"=[]") == std::string_view::npos && !text.empty();
    return plain ? std::string(text) : fmt::format("\"{}\"", text);
  };
  return fmt::format(" [{}={}]", quoted(key), quoted(value));
}

void NodeLog::Begin(Time at, const Dialect& dialect, std::string release) {
  dialect_ = &dialect;
  Add(at, LogLine::kBanner, 0, std::move(release));
}

void NodeLog::Add(Time at, LogLine line, Said said) {
  if (dialect_ == nullptr) return;
  if (entries_.size() == kEntriesMax) {
    entries_.erase(entries_.begin(), entries_.begin() + kEntriesMax / 2);
    gone_ += kEntriesMax / 2;
  }
  entries_.push_back({at, said, line, 0, dialect_});
}

void NodeLog::Add(Time at, LogLine line, Tso a, std::string text) {
  if (dialect_ == nullptr) return;
  Add(at, line, {.a = a});
  texts_.push_back(std::move(text));
  entries_.back().text = static_cast<std::uint32_t>(texts_.size());
}

std::string NodeLog::Text(const World& world, NodeId self, std::uint64_t first) const {
  Writer writer(world, self);
  const std::string none;
  for (std::uint64_t i = std::max(first, gone_); i < count(); ++i) {
    const Entry& entry = entries_[static_cast<std::size_t>(i - gone_)];
    const Dialect& d = *entry.dialect;
    const std::string& text = entry.text == 0 ? none : texts_[entry.text - 1];
    writer.Write(entry.at, d, writer.Lines(d, entry.line, entry.said, text));
  }
  return writer.Take();
}

std::string LogPath(const NodePlan& node) {
  const bool writes = node.info.role == Role::kPump || node.info.role == Role::kDrainer;
  const std::size_t slash = node.config_path.rfind("/conf/");
  if (!writes || slash == std::string::npos) return "";
  return fmt::format("{}/log/{}.log", node.config_path.substr(0, slash),
                     node.info.role == Role::kPump ? "pump" : "drainer");
}

std::string UtcText(std::int64_t ms, char separator) {
  const Date date = DateOf(ms / kMsOfDay);
  const std::int64_t s = ms % kMsOfDay / 1000;
  return fmt::format("{:04}{}{:02}{}{:02} {:02}:{:02}:{:02}", date.year, separator, date.month,
                     separator, date.day, s / 3600, s / 60 % 60, s % 60);
}

}  // namespace tidegate::sim
