// The hosts of a rehearsal as folders, with the layout that operators know, and what has changed
// in them since the world was last told. The lab's folder holds
//
//   hosts/HOST/…     the root of that host: home/tidb/deploy/bin/pump, etc/systemd/system/…
//   hosts/localhost  the same of the control machine: files that have a path of their own there
//   resources/       bin/PART: the new binaries; VERSION/bin/PART: old and new ones
//   bin/             ssh, systemctl and the others; goes in front of PATH
//   journald/HOST/   a file for each unit: what systemd's journal has of it
//   names            a line for each host: the plan's name, then its other names
//
// A file that a run-book changes reaches the world as the action that it amounts to (Changed); one
// that the world writes is put into the tree by Materialise.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/port/port.h"
#include "lab/hosts/root_dir.h"
#include "lab/hosts/tree_watch.h"
#include "sim/run_plan.h"

namespace tidegate::lab {

/// The control machine in the port's and the world's words.
inline constexpr std::string_view kControlHost = "localhost";
inline constexpr std::string_view kUnitDir = "/etc/systemd/system";

struct TreeOptions {
  std::string directory;  ///< of the lab, absolute; made when missing
  std::string program;    ///< tidegate-lab-shell, of which stubs are copies
  /// What else a host is called: inventory aliases, names of a hosts file.
  std::map<std::string, std::vector<std::string>> names;
  /// Machines where the cluster has no part: monitoring and the like.
  std::vector<std::string> others = {};
};

class Trees {
 public:
  /// Errors: kIo. REQUIRES: `plan` outlives the object.
  static Result<Trees> Make(const sim::RunPlan& plan, TreeOptions options);

  const std::string& directory() const { return options_.directory; }
  std::string ResourcesDir() const { return options_.directory + "/resources"; }
  /// What systemd says of each unit: HOST/UNIT.
  std::string JournalDir() const { return options_.directory + "/journald"; }
  std::string ProgramsDir() const { return options_.directory + "/bin"; }
  /// Sorted, without the control machine.
  std::vector<std::string> HostNames() const;
  /// The plan's name of a host that is called `name`; nothing when there is none.
  std::optional<std::string> HostNamed(std::string_view name) const;
  /// Null when there is no such host. The control machine is one.
  const RootDir* Root(std::string_view host) const;

  /// What the files of all hosts amount to, where they differ from what the world was last told:
  /// port::WriteFile and port::InstallBinary, sorted by host (the control machine first) and path.
  /// The world counts as told afterwards. A file that is gone is written empty, a binary that is
  /// gone or no stub of its part becomes one without a version.
  std::vector<engine::port::Action> Changed();

  /// The world has written a file: it is in the tree, and is no change. Errors: kIo.
  Status Materialise(const std::string& host, const std::string& path, std::string_view content);

  // ---- units

  /// Is there a unit file of that name?
  bool HasUnit(const std::string& host, const std::string& unit) const;
  /// The node behind a unit of `host`: the plan's own, or the one whose binary the unit's run
  /// script starts. kNoNode where there is no unit file, or none of a node.
  NodeId NodeOfUnit(const std::string& host, const std::string& unit) const;
  /// The command of a unit's ExecStart, and below it the text of the script that it runs, if it is
  /// one. Empty where there is no such unit.
  std::string StartTextOf(const std::string& host, const std::string& unit) const;
  /// Names of the unit files of `host`, sorted.
  std::vector<std::string> Units(const std::string& host) const;
  /// The link that `systemctl enable` makes and `disable` takes away. Errors: kIo.
  Status LinkUnit(const std::string& host, const std::string& unit, bool enabled);

 private:
  // What a file was when the world was last told of it.
  struct Known {
    bool binary = false;
    bool there = false;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    Time modified = 0;
    Time changed = 0;
    Time looked_at = 0;   ///< by the clock that the file system goes by
    std::string content;  ///< of a binary: its version
  };
  struct Host {
    RootDir root;
    std::map<std::string, Known, std::less<>> files;
  };

  Trees(const sim::RunPlan& plan, TreeOptions options)
      : plan_(&plan), options_(std::move(options)) {}

  Status MakeAll();
  Status MakeHost(const std::string& name);
  Status MakeNode(const sim::NodePlan& node, Host* host);
  Status MakeUnit(const sim::NodePlan& node, Host* host);
  Status MakeSupervise(const sim::NodePlan& node, Host* host);
  Status MakeProgram(const RootDir& root, const std::string& path);
  Status MakeResources();
  Status MakeSuperviseResources(const RootDir& root, const std::string& version);
  Status MakePrograms();
  Status MakeMemory();
  Status MakeProfile();
  Status MakeUsers();
  Status MakeStub(const RootDir& root, const std::string& path, std::string_view part,
                  std::string_view version);
  Host* Find(std::string_view host);
  void Watch(Host* host, const std::string& path, bool binary);
  void WatchScripts(Host* host);
  void WatchAll();
  std::vector<engine::port::Action> ChangedOn(const std::string& host);
  bool Look(const Host& host, const std::string& path, Known* known) const;
  std::string VersionAt(const std::string& host, const RootDir& root,
                        const std::string& path) const;

  const sim::RunPlan* plan_;
  TreeOptions options_;
  std::map<std::string, Host, std::less<>> hosts_;
  TreeWatch watch_;
  std::map<std::string, std::string> stubs_;  ///< bytes by part and version
  std::string program_;                       ///< bytes of options_.program
};

}  // namespace tidegate::lab
