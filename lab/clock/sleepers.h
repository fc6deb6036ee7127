// The owner's side of the slots: which sleeper is next, and how each kind is woken.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <set>

#include "base/time.h"
#include "lab/clock/page.h"

namespace tidegate::lab {

class Sleepers {
 public:
  /// `outer` gives the id as seen here of a process or thread that knows itself by another; 0:
  /// unknown.
  Sleepers(Page* page, std::function<pid_t(pid_t)> outer) : page_(page), outer_(std::move(outer)) {}

  std::optional<Time> NextDeadline() const;
  /// Wakes the least by (deadline, lineage, number) that is due; false: none is.
  bool WakeOne(Time now);

  struct Living {
    std::set<pid_t> pids;  ///< all as the processes see them
    std::set<pid_t> tids;
  };
  /// Frees what the dead left, and timerfds whose number is another file by now. REQUIRES: nobody
  /// runs.
  void Collect(const Living& living);

 private:
  /// Whom a waking reaches.
  struct Target {
    SlotKind kind;
    pid_t pid;
    pid_t thread;
    int fd;
    int signal;
    std::uint64_t value;
  };
  static Target TargetOf(const Slot& slot);
  Slot* Next() const;
  bool Fire(Slot* slot);
  void Rearm(Slot* slot);
  bool WriteEvent(const Target& target) const;
  bool SendTimerSignal(const Target& target) const;
  bool StillThere(const Slot& slot) const;

  Page* page_;
  std::function<pid_t(pid_t)> outer_;
};

}  // namespace tidegate::lab
