// Keeps the tables of a real database what a simulated sink's are, and finds what others made of
// them. What Drainers change is marked as it happens and written before anybody can look; what is
// in the tables and not in the sink was written by somebody else.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/downstream/server_link.h"
#include "sim/run_plan.h"
#include "sim/world/downstream.h"
#include "trace/event.h"

namespace tidegate::lab {

class Mirror {
 public:
  /// REQUIRES: `plan` outlives the mirror.
  Mirror(const sim::RunPlan& plan, NodeId sink, std::string socket_path)
      : plan_(plan), sink_(sink), socket_path_(std::move(socket_path)) {}

  /// Something happened to the sink.
  void Saw(const trace::Event& event);

  /// Makes what the sink has and the database lacks. Rows that somebody has locked stay marked.
  /// Errors: kIo.
  Status Write(const sim::Downstream& sink);
  /// What others made of the tables since then: statements that tell it to the sink
  /// (sim/world/downstream_by_hand.cc). Errors: kIo.
  Result<std::vector<std::string>> Differences(const sim::Downstream& sink);
  /// Locks of clients that have just gone are waited for from now on.
  void WaitForLocks() { waits_for_locks_ = true; }

 private:
  using Keys = std::set<std::int64_t>;
  struct Table {
    bool made = false;
    std::uint16_t shape = 0;
    bool whole = false;  ///< all of its rows were replaced
    Keys marked;
  };

  Status Connect();
  /// Errors of the server's: kBadInput. Connects again where the connection was lost.
  Result<std::vector<ServerLink::Row>> Query(const std::string& statement);
  /// False: it is locked. Other refusals of the server's count as done.
  Result<bool> Try(const std::string& statement);
  Status MakeTables(const sim::Downstream& sink);
  Status MakeStore(const std::string& store);
  Result<bool> WriteTables(const sim::Downstream& sink);
  Result<bool> WriteRows(const sim::Downstream& sink, std::uint16_t table);
  Result<bool> WriteStores(const sim::Downstream& sink);
  Status AddRowDifferences(const sim::Downstream& sink, std::uint16_t table,
                           std::vector<std::string>* out);
  Status AddStoreDifferences(const sim::Downstream& sink, std::vector<std::string>* out);
  std::string NameOf(std::uint16_t table) const;

  const sim::RunPlan& plan_;
  NodeId sink_;
  std::string socket_path_;
  std::optional<ServerLink> link_;
  bool waits_for_locks_ = false;
  std::map<std::uint16_t, Table> tables_;
  std::map<std::string, std::string> stores_;  // as they are in the database
};

}  // namespace tidegate::lab
