#include "rehearsal/import_log.h"

#include <fmt/format.h>

#include <cctype>

#include "rehearsal/import_time.h"

namespace tidegate::rehearsal {
namespace {

constexpr std::size_t kLineBytesMax = 1U << 16U;  // what is behind that says nothing of progress

struct Keyword {
  std::string_view words;
  LogFactKind kind;
};

// tidb-binlog release-2.1, master: pump/server.go, drainer/{server,syncer,collector,pump}.go,
// drainer/checkpoint, pkg/version; kafka: drainer/pump.go, drainer/collector.go; rc2.3, v1.0,
// kafka: pump/{server,binlogger}.go, cmd/pump/main.go. The first that a line contains counts.
constexpr Keyword kKeywords[] = {
    {"Release Version", LogFactKind::kVersion},
    {"release-version=", LogFactKind::kVersion},
    {"pump Version: ", LogFactKind::kVersion},
    {"drainer Version: ", LogFactKind::kVersion},
    {"[ddl][start]", LogFactKind::kDdlBegun},
    {"[ddl][end]", LogFactKind::kDdlDone},
    {"add ddl item to syncer", LogFactKind::kDdlBegun},
    {"write save point", LogFactKind::kSavePoint},
    {"begin to close pump server", LogFactKind::kClosing},
    {"has update status to ", LogFactKind::kState},
    {"update state success", LogFactKind::kState},
    {"fail to notify all living drainer", LogFactKind::kNotifyFailed},
    {"wait for drainer", LogFactKind::kWaitsForDrainer},
    {"Waiting for drainer to consume binlog", LogFactKind::kWaitsForDrainer},
    {"maxCommitTS: ", LogFactKind::kProgress},
    {"[MaxCommitTS=", LogFactKind::kProgress},
    {"some data may lost", LogFactKind::kOutOfRange},
    {"has been removed and release the connection to it", LogFactKind::kSourceRemoved},
    {"merger remove source", LogFactKind::kSourceRemoved},
    {"merger add source", LogFactKind::kSourceAdded},
    {"create pull binlogs client", LogFactKind::kSourceAdded},
    {"start to server request", LogFactKind::kStarted},
    {"register success", LogFactKind::kStarted},
    {"read checkpoint from", LogFactKind::kStarted},
    {"clusterID of pump server is ", LogFactKind::kStarted},
    {"clusterID of drainer server is ", LogFactKind::kStarted},
    {"got signal ", LogFactKind::kClosing},
    {"generate fake binlog successfully", LogFactKind::kAlive},
    {"segmented binlog file ", LogFactKind::kFileBegun},
    {"GC binlog file:", LogFactKind::kFileGone},
    {"drainer exit", LogFactKind::kClosed},
    {"pump is closed", LogFactKind::kClosed},
    {"pump exit", LogFactKind::kClosed},
};

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// The first number of at least 15 digits: a timestamp of PD, and no line number or count.
std::string_view TsoDigits(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (end - at >= 15) return text.substr(at, end - at);
    at = end + 1;
  }
  return {};
}

// What stands behind the commit ts of a line about a DDL; nothing when it names none. The statement
// is in front.
std::string_view BehindCommitTs(std::string_view line) {
  for (const std::string_view field : {"[\"commit ts\"=", "[commit ts]"}) {
    const std::size_t at = line.rfind(field);
    if (at != std::string_view::npos) return line.substr(at + field.size());
  }
  return {};
}

// The word that begins behind blanks, quotes, colons and brackets.
std::string Word(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" :=\"'[");
  if (begin == std::string_view::npos) return "";
  std::size_t end = begin;
  while (end < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[end])) != 0 ||
          std::string_view(".-_+").find(text[end]) != std::string_view::npos)) {
    ++end;
  }
  return std::string(text.substr(begin, end - begin));
}

class LogReader {
 public:
  LogReader(const std::string& file, std::int64_t zone_minutes) : zone_(zone_minutes) {
    out_.file = file;
  }

  Result<LogFile> Read(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      ++out_.line_count;
      TRY(ReadLine(line.substr(0, kLineBytesMax)));
    }
    return std::move(out_);
  }

 private:
  Error ErrorHere(std::string message) const {
    return {ErrorCode::kBadInput, std::move(message),
            fmt::format("{}:{}", out_.file, out_.line_count)};
  }

  Status ReadLine(std::string_view line) {
    if (line.starts_with("[")) line.remove_prefix(1);
    const Result<WallTime> time = ParseWallTime(line, zone_);
    if (time.has_value()) {
      now_ms_ = time->ms;
      dated_ = true;
      line.remove_prefix(time->byte_count);
    }
    for (const Keyword& keyword : kKeywords) {
      const std::size_t at = line.find(keyword.words);
      if (at == std::string_view::npos) continue;
      return AddFact(keyword.kind, line.substr(at + keyword.words.size()));
    }
    ++out_.unknown_count;
    if (out_.first_unknown_line == 0) {
      out_.first_unknown_line = static_cast<std::uint32_t>(out_.line_count);
    }
    return {};
  }

  Status AddFact(LogFactKind kind, std::string_view rest) {
    if (!dated_) return ErrorHere("no line up to here has a time");
    LogFact fact;
    fact.ms = now_ms_;
    fact.line = static_cast<std::uint32_t>(out_.line_count);
    fact.kind = kind;
    const bool ddl = kind == LogFactKind::kDdlBegun || kind == LogFactKind::kDdlDone;
    if (kind == LogFactKind::kSavePoint || ddl) {
      const Result<Tso> tso = ParseTso(TsoDigits(ddl ? BehindCommitTs(rest) : rest));
      if (!tso.has_value()) {
        return ErrorHere(ddl ? "a DDL without a timestamp of PD"
                             : "a save point without a timestamp of PD");
      }
      fact.tso = *tso;
    } else if (kind == LogFactKind::kProgress) {
      // 0 until the first binlog.
      const Result<Tso> tso = ParseTso(Word(rest));
      if (!tso.has_value()) return ErrorHere("a max commit ts that is no number");
      fact.tso = *tso;
    } else if (kind == LogFactKind::kVersion || kind == LogFactKind::kState) {
      // From 3.0 on the state is a field of its own.
      const std::size_t field = rest.find("[state=");
      fact.text = Word(field == std::string_view::npos ? rest : rest.substr(field + 7));
      if (fact.text.empty()) return ErrorHere("the line ends where a word should stand");
    }
    out_.facts.push_back(std::move(fact));
    return {};
  }

  LogFile out_;
  std::int64_t zone_;
  std::int64_t now_ms_ = 0;
  bool dated_ = false;
};

}  // namespace

Result<LogFile> ParseLog(std::string_view text, const std::string& file,
                         std::int64_t zone_minutes) {
  return LogReader(file, zone_minutes).Read(text);
}

}  // namespace tidegate::rehearsal
