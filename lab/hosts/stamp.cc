#include "lab/hosts/stamp.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/files.h"

namespace tidegate::lab {
namespace {

constexpr std::string_view kMark = "\ntidegate-stub ";
constexpr std::size_t kStampBytesMax = 256;

}  // namespace

std::string StampText(const Stamp& stamp) {
  CHECK(stamp.part.find_first_of(" \n") == std::string::npos);
  CHECK(stamp.version.find_first_of(" \n") == std::string::npos);
  return fmt::format("{}{} {}\n", kMark, stamp.part, stamp.version);
}

std::optional<Stamp> ReadStamp(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::string tail(std::min<std::size_t>(static_cast<std::size_t>(status.st_size), kStampBytesMax),
                   '\0');
  const off_t from = status.st_size - static_cast<off_t>(tail.size());
  if (pread(fd, tail.data(), tail.size(), from) != static_cast<ssize_t>(tail.size())) {
    return std::nullopt;
  }
  const std::size_t mark = tail.rfind(kMark);
  if (mark == std::string::npos || tail.back() != '\n') return std::nullopt;
  const std::string words = tail.substr(mark + kMark.size());
  const std::size_t blank = words.find(' ');
  if (blank == std::string::npos) return std::nullopt;
  return Stamp{words.substr(0, blank), words.substr(blank + 1, words.size() - blank - 2)};
}

// tidb-binlog: pkg/version/version.go PrintVersionInfo; tidb: util/printer/printer.go. The lines
// about a build are those of no build.
std::string VersionText(const Stamp& stamp) {
  std::string text = fmt::format(
      "Release Version: {}\nGit Commit Hash: 0000000000000000000000000000000000000000\n",
      stamp.version);
  if (stamp.part == "tikv-server") {  // tikv release-2.1: cmd/tikv-server.rs
    return fmt::format("TiKV {}\n", stamp.version.substr(stamp.version.starts_with('v') ? 1 : 0));
  }
  if (stamp.part == "tidb-server") {
    return text +
           "Git Branch: none\nUTC Build Time: 1970-01-01 00:00:00\n"
           "GoVersion: none\nRace Enabled: false\n";
  }
  return text + "UTC Build Time:  1970-01-01 00:00:00\nGo Version: none\n";
}

Result<std::string> StubBytes(const std::string& program, const Stamp& stamp) {
  TRY_ASSIGN(std::string bytes, ReadFile(program));
  return bytes + StampText(stamp);
}

}  // namespace tidegate::lab
