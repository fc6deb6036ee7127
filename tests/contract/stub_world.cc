#include "tests/contract/stub_world.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"

namespace tidegate::test {
namespace {

// Exit statuses and words as systemd 252 has them.
constexpr std::string_view kSystemctl = R"sh(#!/bin/sh
verb=$1
[ "$verb" = daemon-reload ] && exit 0
for unit; do :; done
file="$TIDEGATE_WORLD/units/$unit"
enabled="$TIDEGATE_WORLD/units/$unit.enabled"
if [ ! -e "$file" ] && [ -e "$TIDEGATE_WORLD/etc/systemd/system/$unit" ]; then
  echo inactive > "$file"
fi
if [ ! -e "$file" ]; then
  case "$verb" in
    show) printf 'LoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n'
          exit 0 ;;
    start|stop) echo "Failed to $verb $unit: Unit $unit not loaded." >&2; exit 5 ;;
    *) echo "Failed to $verb unit: Unit file $unit does not exist." >&2; exit 1 ;;
  esac
fi
state=$(cat "$file")
case "$verb $state" in
  "show "*)
    [ "$state" = active ] || [ "$state" = hung ] || state=inactive
    [ "$state" = hung ] && state=active
    on=disabled
    [ -e "$enabled" ] && on=enabled
    printf 'LoadState=loaded\nActiveState=%s\nSubState=x\nUnitFileState=%s\n' "$state" "$on" ;;
  "start broken")
    echo "Job for $unit failed because the control process exited with error code." >&2
    exit 1 ;;
  "stop hung") sleep 60 ;;
  "start "*) echo active > "$file" ;;
  "stop "*) echo inactive > "$file" ;;
  "enable "*) : > "$enabled" ;;
  "disable "*) rm -f "$enabled" ;;
esac
)sh";

constexpr std::string_view kMysql = R"sh(#!/bin/sh
for word; do
  case "$word" in --port=*) port=${word#--port=} ;; esac
done
statement=$(cat)
if [ "$port" = 1 ]; then
  echo "ERROR 2003 (HY000): Can't connect to MySQL server on '127.0.0.1:1' (111)" >&2
  exit 1
fi
case "$statement" in
  "replace "*\'*\'*)
    printf '%s' "$statement" | sed "s/^[^']*'//; s/'[^']*$//" > "$TIDEGATE_WORLD/checkpoint" ;;
  "select clusterID, "*)
    printf 'clusterID\tcheckPoint\n77\t%s\n' "$(cat "$TIDEGATE_WORLD/checkpoint")" ;;
  "select "*) printf 'checkPoint\n%s\n' "$(cat "$TIDEGATE_WORLD/checkpoint")" ;;
  "admin show ddl jobs"*) printf 'JOB_ID\tSTATE\n5\tsynced\n' ;;
  "create table "*)
    : > "$TIDEGATE_WORLD/marker"
    marker=$(printf '%s' "$statement" | sed 's/.*tidegate_marker_\([0-9]*\).*/\1/')
    printf '{"commitTS":%s,"positions":{},"ts-map":{}}' "$marker" > "$TIDEGATE_WORLD/checkpoint" ;;
  "show tables "*) [ ! -e "$TIDEGATE_WORLD/marker" ] || printf 'Tables\ntidegate_marker_1\n' ;;
  *) echo "ERROR 1064 (42000) at line 1: You have an error in your SQL syntax" >&2; exit 1 ;;
esac
)sh";

constexpr std::string_view kSudo = R"sh(#!/bin/sh
[ "$1" = -n ] && shift
n=$#
while [ "$n" -gt 0 ]; do
  word=$1
  shift
  case "$word" in /etc/*) word="$TIDEGATE_WORLD$word" ;; esac
  set -- "$@" "$word"
  n=$((n - 1))
done
exec "$@"
)sh";

// A journal's line ends once its record is whole.
constexpr std::string_view kHook = R"sh(#!/bin/sh
records=0
[ -e "$TIDEGATE_WORLD/journal" ] && records=$(wc -l < "$TIDEGATE_WORLD/journal")
echo "$records hook $1" >> "$TIDEGATE_WORLD/visible"
if [ -e "$TIDEGATE_WORLD/die" ]; then
  when=$(cat "$TIDEGATE_WORLD/die")
  rm "$TIDEGATE_WORLD/die"
  kill -9 "$PPID"
  [ "$when" = before ] && exit 0
fi
case "$1" in
  failing) exit 3 ;;
  detach-service) : > "$TIDEGATE_WORLD/detached" ;;
  attach-service) rm -f "$TIDEGATE_WORLD/detached" ;;
esac
)sh";

}  // namespace

StubWorld::StubWorld() {
  std::filesystem::create_directories(dir_ / "units");
  Write("bin/systemctl", kSystemctl, true);
  Write("bin/mysql", kMysql, true);
  Write("bin/sudo", kSudo, true);
  Write("bin/hook", kHook, true);
  const char* before = std::getenv("PATH");
  path_before_ = before == nullptr ? "/usr/bin:/bin" : before;
  setenv("PATH", (dir_ / "bin:" + path_before_).c_str(), 1);
  setenv("TIDEGATE_WORLD", dir_.path().c_str(), 1);
}

StubWorld::~StubWorld() {
  setenv("PATH", path_before_.c_str(), 1);
  unsetenv("TIDEGATE_WORLD");
}

std::string StubWorld::Full(const std::string& path) const {
  return path.starts_with("/") ? path : dir_ / path;
}

void StubWorld::AddUnit(const std::string& unit, const std::string& state) {
  Write("units/" + unit, state + "\n");
  if (state == "active") Write("units/" + unit + ".enabled", "");
}

std::string StubWorld::StateOf(const std::string& unit) const {
  std::string state = Read("units/" + unit);
  while (!state.empty() && state.back() == '\n') state.pop_back();
  return state;
}

void StubWorld::AddBinary(const std::string& path, const std::string& version) const {
  Write(path, fmt::format("#!/bin/sh\necho 'Release Version: {}'\n", version), true);
}

void StubWorld::Write(const std::string& path, std::string_view text, bool program) const {
  const std::string full = Full(path);
  std::filesystem::create_directories(std::filesystem::path(full).parent_path());
  const Status written = WriteFileAtomically(full, text);
  BOOST_REQUIRE_MESSAGE(written.has_value(), "can't write " << full);
  if (program) chmod(full.c_str(), 0755);
}

std::string StubWorld::Read(const std::string& path) const {
  Result<std::string> text = ReadFile(Full(path));
  return text.has_value() ? *std::move(text) : "";
}

bool StubWorld::Has(const std::string& path) const { return std::filesystem::exists(Full(path)); }

std::vector<std::string> StubWorld::Visible() const {
  std::vector<std::string> lines;
  std::string text = Read("visible");
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.erase(0, end == std::string::npos ? end : end + 1);
  }
  return lines;
}

}  // namespace tidegate::test
