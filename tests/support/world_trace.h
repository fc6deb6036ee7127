// What tests of the simulator ask of the trace that a run left.
#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/support/world_builder.h"

namespace tidegate::sim {

/// Commit timestamps of rows and DDLs that are committed and not downstream.
inline std::set<Tso> Missing(const WorldRun& run) {
  std::set<std::tuple<std::uint16_t, std::int64_t, Tso>> rows;
  std::set<Tso> torn_ddls;
  for (const trace::Event& row : run.Events(trace::EventKind::kRowCommitted)) {
    rows.insert({row.code, row.a, row.b});
  }
  for (const trace::Event& event : run.trace().events) {
    if (event.kind == trace::EventKind::kRowApplied) rows.erase({event.code, event.a, event.b});
    if (event.kind == trace::EventKind::kRowTorn) rows.insert({event.code, event.a, event.b});
    if (event.kind == trace::EventKind::kDdlTorn) torn_ddls.insert(event.b);
    if (event.kind == trace::EventKind::kDdlApplied) torn_ddls.erase(event.b);
  }
  std::set<Tso> out;
  for (const auto& [table, key, commit_ts] : rows) out.insert(commit_ts);
  for (const trace::Event& ddl : run.Events(trace::EventKind::kDdlCommitted)) {
    if (ddl.d == 0) out.insert(ddl.b);
  }
  for (const trace::Event& ddl : run.Events(trace::EventKind::kDdlApplied)) out.erase(ddl.b);
  out.merge(torn_ddls);
  return out;
}

inline bool CameToRest(const WorldRun& run) {
  const std::vector<trace::Event> ends = run.Events(trace::EventKind::kRunEnded);
  return ends.size() == 1 && ends[0].code == static_cast<std::uint16_t>(trace::RunEnd::kQuiet);
}

/// Every committed row and DDL is downstream, and the run came to rest.
inline void CheckAllApplied(const WorldRun& run) {
  BOOST_TEST(Missing(run).size() == 0U);
  BOOST_TEST(CameToRest(run));
}

/// The states of a node's entry in the order in which the registry had them.
inline std::vector<trace::RegistryState> StatesOf(const WorldRun& run, std::string_view name) {
  std::vector<trace::RegistryState> out;
  for (const trace::Event& moved : run.Events(trace::EventKind::kRegistryMoved)) {
    if (moved.node == run.Id(name)) out.push_back(static_cast<trace::RegistryState>(moved.code));
  }
  return out;
}

inline std::size_t AlertCount(const WorldRun& run, std::string_view part) {
  std::size_t count = 0;
  for (const trace::Event& alert : run.Events(trace::EventKind::kAlert)) {
    if (run.Text(alert).find(part) != std::string_view::npos) ++count;
  }
  return count;
}
inline bool Alerted(const WorldRun& run, std::string_view part) {
  return AlertCount(run, part) > 0;
}

inline std::vector<trace::Event> Drops(const WorldRun& run, trace::DropReason reason) {
  std::vector<trace::Event> out = run.Events(trace::EventKind::kBinlogDropped);
  std::erase_if(out, [&](const trace::Event& drop) {
    return drop.code != static_cast<std::uint16_t>(reason);
  });
  return out;
}

/// How often a process of `name` went down, and how often it came up.
inline std::size_t DownCount(const WorldRun& run, std::string_view name) {
  std::size_t count = 0;
  for (const trace::Event& down : run.Events(trace::EventKind::kNodeDown)) {
    if (down.node == run.Id(name)) ++count;
  }
  return count;
}
inline std::size_t UpCount(const WorldRun& run, std::string_view name) {
  std::size_t count = 0;
  for (const trace::Event& up : run.Events(trace::EventKind::kNodeUp)) {
    if (up.node == run.Id(name)) ++count;
  }
  return count;
}

inline bool Fired(const WorldRun& run) {
  return run.Count(trace::EventKind::kFaultFired) == run.plan().faults.size() &&
         run.Count(trace::EventKind::kFaultNeverFired) == 0;
}

/// A run of `plan` under one fault.
inline FaultPlan Amounting(FaultPlan fault, std::int64_t amount, std::int64_t detail = 0) {
  fault.amount = amount;
  fault.detail = detail;
  return fault;
}

}  // namespace tidegate::sim
