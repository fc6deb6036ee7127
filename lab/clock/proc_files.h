// Files of /proc about tasks, kept open: to find one by its path costs more than to read it, and a
// proof of rest reads four for each task twice.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace tidegate::lab {

class ProcFiles {
 public:
  enum Kind : std::uint8_t { kStat, kSyscall, kSchedstat, kChildren, kKinds };
  static constexpr std::size_t kFileMax = 4096;
  using Buffer = std::array<char, kFileMax>;

  ProcFiles() = default;
  ProcFiles(const ProcFiles&) = delete;
  ProcFiles& operator=(const ProcFiles&) = delete;
  ~ProcFiles();

  /// In `buffer`; cut at its size. Empty: there is no such task (any more), or nothing in the file.
  std::string_view Read(pid_t pid, pid_t tid, Kind kind, Buffer* buffer);
  /// Closes the files of all other tasks. REQUIRES: sorted.
  void KeepOnly(const std::vector<pid_t>& tids);

 private:
  // Few enough to leave descriptors to others where only 1024 are allowed.
  static constexpr std::size_t kTasksMax = 48;
  using Open = std::array<int, kKinds>;

  static void Close(const Open& open);

  std::map<pid_t, Open> open_;  ///< by tid
};

}  // namespace tidegate::lab
