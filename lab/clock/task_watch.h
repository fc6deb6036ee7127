// Looking at every task of a process tree: who is there, who is asleep, and whether anything ran
// since the last look. Two equal looks with all asleep prove that there was a moment at which all
// were: a look at a task sees it off the processor and its queue, then notes how much it has run so
// far; if the next look's note is the same, it slept from this note until it was seen off the
// processor again. These spans of all tasks overlap, and in the overlap nobody in the tree can wake
// anybody.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lab/clock/proc_files.h"

namespace tidegate::lab {

class TaskWatch {
 public:
  struct Task {
    pid_t pid = 0;  ///< as seen here
    pid_t tid = 0;
    pid_t inner_pid = 0;  ///< as the processes of the namespace see it
    pid_t inner_tid = 0;
    bool dead = false;  ///< a zombie
  };
  struct Look {
    bool asleep = false;
    std::uint64_t digest = 0;  ///< equal: nobody ran, came or went
  };

  /// `root` is process 1 of the namespace, as seen here.
  explicit TaskWatch(pid_t root);

  /// Ends at the first task that is awake.
  Look Take();

  /// Of the last look that found all asleep.
  const std::vector<Task>& tasks() const { return tasks_; }
  /// As seen here, of a process or thread; 0: not of the last complete look.
  pid_t OuterOf(pid_t inner) const;
  /// The other way, of a process that lives or was seen; 0: it is of no namespace but ours.
  pid_t InnerPid(pid_t pid);
  /// "4242 bash", who ended the last look; empty: nobody.
  const std::string& awake() const { return awake_; }

 private:
  struct Identity {
    std::uint64_t started = 0;
    pid_t inner = 0;
  };

  bool NetworkAtWork();
  bool StillAwake();
  void Tidy();
  bool LookAtProcess(pid_t pid, Look* look, std::vector<pid_t>* children);
  bool LookAtTask(pid_t pid, pid_t tid, Look* look, std::vector<pid_t>* children,
                  std::size_t* threads);
  bool OffProcessor(pid_t pid, pid_t tid);
  pid_t InnerOf(pid_t pid, pid_t tid, std::uint64_t started);
  static pid_t ReadInner(pid_t pid, pid_t tid);

  pid_t root_;
  std::vector<pid_t> soft_interrupts_;  ///< ksoftirqd/N
  std::vector<Task> tasks_;
  std::vector<Task> found_;               ///< so far in this look
  std::map<pid_t, Identity> identities_;  ///< by tid as seen here
  ProcFiles files_;
  ProcFiles network_files_;  ///< of soft_interrupts_
  std::string awake_;
  Task last_awake_;
};

}  // namespace tidegate::lab
