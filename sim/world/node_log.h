// The log of a Pump, Drainer or TiDB: the lines that reveal progress, in the words and the layout
// of the release that wrote them. Kept as a few numbers each, and made into text when somebody
// reads the file; nothing in the world depends on it. Places in the source ("server.go:1") have no
// line number here, as those move with every release.
#pragma once

#include <string>
#include <vector>

#include "base/tso.h"
#include "sim/dialect.h"
#include "sim/world.h"

namespace tidegate::sim {

enum class LogLine : std::uint8_t {
  kBanner,      ///< text: the release
  kRegistered,  ///< a Pump
  kServes,
  kInfoTick,         ///< a Pump; a: binlogs written, b: its max commit ts, c: pullers
  kCloses,           ///< a Pump begins to close
  kWaitsForDrainer,  ///< a Pump that goes offline; node; a: of the Drainer, b: needed
  kSafeToOffline,
  kState,      ///< a: the registry state that it gave itself
  kCommitted,  ///< commit status done
  kFailed,     ///< text: the error that ends the process
  kExit,
  kCheckpoint,     ///< a Drainer has read it; a: commit ts, b: 1 from a table, 0 from a file
  kSavePoint,      ///< a: commit ts; text: the positions of the Kafka era
  kSourceAdded,    ///< node: the Pump
  kPulls,          ///< node
  kPullPaused,     ///< node
  kPullContinues,  ///< node
  kSourceRemoved,  ///< node
  kConnected,      ///< the old side: it knows its cluster
  kSignal,         ///< the old side: it was told to end
  kFatal,          ///< the old side; text: what ends the process at once
  kFake,           ///< an old Pump wrote a fake binlog
  kFileBegun,      ///< an old Pump; a: number of its local file
  kFileGone,       ///< the same, by garbage collection
  kDdlBegun,       ///< a Drainer; a: commit ts, b: position in the old Pump's log, c: DdlOf()
  kDdlDone,        ///< the same; its checkpoint is saved
  kSkips,          ///< a TiDB writes no binlogs from now on
};

/// What a line about a DDL needs to know of it.
inline std::int64_t DdlOf(std::uint16_t table, std::uint16_t shape) {
  return static_cast<std::int64_t>(table) << 16 | shape;
}

class NodeLog {
 public:
  /// The lines from here on are of a process that speaks `dialect`.
  void Begin(Time at, const Dialect& dialect, std::string release);

  struct Said {
    Tso a = 0;
    Tso b = 0;
    std::int64_t c = 0;
    NodeId node = kNoNode;
  };
  /// Nothing before the first Begin.
  void Add(Time at, LogLine line, Said said);
  void Add(Time at, LogLine line) { Add(at, line, Said()); }
  void Add(Time at, LogLine line, Tso a, std::string text);

  /// Lines so far; those of long ago are no longer kept.
  std::uint64_t count() const { return gone_ + entries_.size(); }
  /// From line `first` on, as the host of `self` has it; its clock is UTC.
  std::string Text(const World& world, NodeId self, std::uint64_t first = 0) const;

 private:
  struct Entry {
    Time at = 0;
    Said said;
    LogLine line = LogLine::kBanner;
    std::uint32_t text = 0;  ///< in texts_, one more; 0: none
    const Dialect* dialect = nullptr;
  };

  std::vector<Entry> entries_;
  std::vector<std::string> texts_;  ///< few lines have one
  const Dialect* dialect_ = nullptr;
  std::uint64_t gone_ = 0;  ///< lines before the first of entries_
};

/// The path of a node's log beside its configuration: DEPLOY_DIR/log/pump.log, …/drainer.log
/// (tidb-ansible: roles/pump, roles/drainer); "" for other nodes.
std::string LogPath(const NodePlan& node);

/// "2018/10/20 12:00:00", with '-' or '/' between the parts of the date.
std::string UtcText(std::int64_t ms, char separator);

}  // namespace tidegate::sim
