#include "lab/doctor/machine_reads.h"

#include <algorithm>
#include <array>

namespace tidegate::lab {
namespace {

struct Known {
  std::string_view what;
  std::string_view says;
  bool is_path;  ///< else a word of its own
};

constexpr std::array<Known, 20> kKnown = {{
    {"/proc/sys/kernel/random", "random numbers of the kernel's", true},
    {"/dev/hwrng", "random numbers of the machine's", true},
    {"/proc/uptime", "the machine's own clock", true},
    {"/proc/driver/rtc", "the machine's own clock", true},
    {"/sys/class/rtc", "the machine's own clock", true},
    {"/proc/loadavg", "how busy the machine is", true},
    {"/proc/stat", "counters and the clock of the machine", true},
    {"/proc/meminfo", "how full the machine is", true},
    {"/proc/interrupts", "counters of the machine", true},
    {"/proc/diskstats", "counters of the machine", true},
    {"/proc/net", "numbers of sockets, counters", true},
    {"uptime", "the machine's own clock", false},
    {"hwclock", "the machine's own clock", false},
    {"stat", "files have times of the machine's clock", false},
    {"find -newer", "files have times of the machine's clock", false},
    {"ls -l", "files have times of the machine's clock", false},
    {"ps", "start times of the machine's clock", false},
    {"free", "how full the machine is", false},
    {"df", "how full the machine is", false},
    {"date -r", "files have times of the machine's clock", false},
}};

bool IsPartOfName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == '/';
}

bool StandsIn(std::string_view line, const Known& known) {
  for (std::size_t at = line.find(known.what); at != std::string_view::npos;
       at = line.find(known.what, at + 1)) {
    const std::size_t end = at + known.what.size();
    const char before = at == 0 ? ' ' : line[at - 1];
    const char behind = end == line.size() ? ' ' : line[end];
    if (known.is_path && (behind == '/' || !IsPartOfName(behind))) return true;
    // "ls -la" is "ls -l" too.
    const bool ends = known.what.find(" -") != std::string_view::npos || !IsPartOfName(behind);
    if (!known.is_path && ends && !IsPartOfName(before)) return true;
  }
  return false;
}

}  // namespace

std::vector<MachineRead> MachineReadsIn(std::string_view text) {
  std::vector<MachineRead> reads;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos || line[first] == '#') continue;
    for (const Known& known : kKnown) {
      const bool named = std::any_of(reads.begin(), reads.end(),
                                     [&](const auto& read) { return read.what == known.what; });
      if (!named && StandsIn(line, known)) {
        reads.push_back({number, std::string(known.what), std::string(known.says)});
      }
    }
  }
  return reads;
}

}  // namespace tidegate::lab
