// Inventory and site texts for a scenario that gives only counts, so that every run goes through
// the readers that operators' own files go through. Layout and words as tidb-ansible's
// inventory.ini of release-2.0 and release-2.1, and the drainer.toml of the Kafka-era tarball.
#pragma once

#include <string>

#include "sim/scenario.h"

namespace tidegate::rehearsal {

struct InventoryTexts {
  std::string inventory;
  std::string target;
  std::string site;
};

/// REQUIRES: scenario.topology.
InventoryTexts WriteInventories(const sim::Scenario& scenario);

/// The same where the procedure is a rolling one; a part of WriteInventories.
InventoryTexts WriteRollingInventories(const sim::Scenario& scenario);

/// Where a Drainer applies to, and the file that says so.
struct DrainerText {
  std::string toml;
  std::string sink_type;  ///< mysql, tidb, pb, kafka
  std::string sink_host;
  std::int64_t sink_port = 0;
  std::string sink_directory;
  std::string kafka_addrs;
};
/// `index` from 0; hidden Drainers are counted behind the listed ones. `sink_index` is another
/// Drainer's index where they share a sink.
DrainerText WriteDrainer(const sim::Scenario& scenario, const sim::DrainerSettings& settings,
                         std::size_t index, std::size_t sink_index);

/// "10.0.4.1": where old Drainer `index` runs.
std::string DrainerAddress(std::size_t index);
/// The address of TiDB `index` and the Pump beside it.
std::string TidbAddress(const sim::Scenario& scenario, std::size_t index);
/// The alias of its host in the inventory.
std::string TidbAlias(const sim::Scenario& scenario, std::size_t index);

}  // namespace tidegate::rehearsal
