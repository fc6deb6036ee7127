// The documented upgrades that can be planned, by name. What differs between them is in the cluster
// builder (what the inventories mean), the preflight and the steps.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::engine {

enum class Procedure : std::uint8_t {
  kKafkaToCluster,  ///< the manual's seven steps
  kRollingManual,   ///< within the cluster version, replacing files by hand
  kRollingAnsible,  ///< within the cluster version, by tidb-ansible's playbooks
  kLocalToCluster,  ///< the seven steps from the Local version
  kFullImport,      ///< the manual's note: import everything, abandon the old version
};
inline constexpr std::array<std::string_view, 5> kProcedureNames = {
    "kafka-to-cluster", "rolling-manual", "rolling-ansible", "local-to-cluster", "full-import"};

/// Pumps and Drainers of the cluster version, upgraded in place.
constexpr bool IsRolling(Procedure procedure) {
  return procedure == Procedure::kRollingManual || procedure == Procedure::kRollingAnsible;
}

constexpr std::string_view ProcedureName(Procedure procedure) {
  return kProcedureNames[static_cast<std::size_t>(procedure)];
}
/// REQUIRES: one of kProcedureNames; command lines and scenario files let no other name through.
Procedure ProcedureNamed(std::string_view name);
/// For a command line's list of choices.
std::vector<std::string> ProcedureNames();

}  // namespace tidegate::engine
