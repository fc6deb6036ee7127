// What a node of a cluster is. Shared vocabulary of simulator, trace and verifier.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tidegate {

/// A node of a run; an index into the trace header's node table.
using NodeId = std::uint16_t;
inline constexpr NodeId kNoNode = 0xFFFF;

enum class Role : std::uint8_t {
  kPd,
  kTikv,
  kTidb,
  kPump,
  kDrainer,
  kKafka,
  kZookeeper,
  kDownstream,  ///< one per sink: its rows and its checkpoint store
  kService,     ///< the load balancer and the clients behind it
  kEngine,      ///< whatever performs the upgrade
};

/// Which generation of TiDB Binlog a Pump or Drainer belongs to.
enum class Era : std::uint8_t { kNone, kLocal, kKafka, kCluster };

inline constexpr std::array<std::string_view, 10> kRoleNames = {
    "pd",    "tikv",      "tidb",       "pump",    "drainer",
    "kafka", "zookeeper", "downstream", "service", "engine"};
inline constexpr std::array<std::string_view, 4> kEraNames = {"none", "local", "kafka", "cluster"};

constexpr std::string_view RoleName(Role role) {
  return kRoleNames[static_cast<std::size_t>(role)];
}
constexpr std::string_view EraName(Era era) { return kEraNames[static_cast<std::size_t>(era)]; }

}  // namespace tidegate
