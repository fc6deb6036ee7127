// What processes of the cluster leave on their hosts as they run: the log files that their flags or
// configurations name, standard error where their start scripts send it, and systemd's journal.
// Brought up to the world's time before anything outside may go on, so that what a program reads
// depends on when it reads alone.
//
// The journal of a unit is a file that the lab's journalctl reads, JOURNAL/HOST/UNIT, a line each:
//
//   MICROSECONDS IDENTIFIER MESSAGE
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lab/hosts/root_dir.h"
#include "lab/hosts/tree.h"
#include "lab/shell/translate.h"
#include "sim/run_plan.h"
#include "sim/world.h"
#include "sim/world/hosts.h"

namespace tidegate::lab {

class HostLogs {
 public:
  /// REQUIRES: all outlive the object.
  HostLogs(const sim::RunPlan& plan, const Trees& trees, const Translator& translator);

  /// A process of `node` begins, and has written nothing yet.
  void Began(NodeId node, sim::World& world);
  /// It has ended, and the journal does not say so yet.
  void Ended(NodeId node, trace::DownCause cause, std::string_view reason, sim::World& world);
  /// Writes what is new; true when anything was.
  bool Append(sim::World& world);

 private:
  struct Process {
    std::uint64_t lines = 0;     ///< of its node's log, that are written
    std::uint64_t at_start = 0;  ///< those before it
    std::string version;
    std::string log_path;     ///< "": standard error
    std::string errors_path;  ///< of standard error; "": the journal
    std::string identifier;   ///< of its lines in the journal
    Fd log;                   ///< stays open, as the process's own
    bool as_unit = true;
  };

  bool AppendLog(NodeId node, sim::World& world);
  bool AppendJournal(sim::World& world);
  void SayOnError(NodeId node, std::string_view text, Time at);
  void WriteTo(const std::string& host, const std::string& path, std::string_view text, Time at,
               Fd* keep);
  void Journal(NodeId node, Time at, std::string_view identifier, std::string_view message);
  std::vector<std::string> SystemdLines(const sim::UnitEntry& entry);

  const sim::RunPlan& plan_;
  const Trees& trees_;
  const Translator& translator_;
  std::vector<Process> processes_;  ///< by NodeId
  std::size_t journal_count_ = 0;   ///< entries that are written
};

}  // namespace tidegate::lab
