// What the parts of the cluster builder share: one host of one inventory with its variables, and
// the Drainer configuration files. Internal to cluster_builder*.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/cluster.h"
#include "engine/cluster_builder.h"
#include "engine/inventory.h"
#include "engine/site.h"

namespace tidegate::engine {

/// One host of an inventory: reads variables with a default.
class HostVars {
 public:
  HostVars(const Inventory& inventory, const InventoryHost& host)
      : inventory_(inventory), host_(host) {}

  const InventoryHost& host() const { return host_; }
  const std::string& alias() const { return host_.name; }
  /// ansible_host, ansible_ssh_host, or the alias.
  Result<std::string> Address() const;
  Result<std::string> Text(std::string_view name, std::string fallback) const;
  /// An absolute path of characters that mean nothing to a shell or to systemd.
  Result<std::string> Path(std::string_view name, std::string fallback) const;
  /// 1 to 65535.
  Result<std::int64_t> Port(std::string_view name, std::int64_t fallback) const;
  /// Was it set by anybody?
  Result<bool> Has(std::string_view name) const;
  Error ErrorAt(std::string_view name, std::string message) const;

 private:
  const Inventory& inventory_;
  const InventoryHost& host_;
};

inline constexpr std::string_view kDefaultDeployDir = "/home/tidb/deploy";

/// "h1:9092,h2:9092/chroot" -> its pairs; the chroot is cut off. `fallback_port` where none is
/// given.
Result<std::vector<HostPort>> ParseAddresses(std::string_view text, std::int64_t fallback_port);

/// What a Drainer's TOML file says. Keys as in tidb-binlog kafka: cmd/drainer/drainer.toml.
struct DrainerConfig {
  Sink sink;  ///< name is empty
  Filters filters;
  bool disable_dispatch = false;
  Duration detect_interval = 10 * kSecond;
  std::int64_t synced_check_minutes = 5;
  std::string data_dir;  ///< "" when the file does not say
};
Result<DrainerConfig> ReadDrainerConfig(const std::string& text, const std::string& file);

/// The configuration file of a new Drainer, with everything of the old one that the cluster
/// version knows: filters, batch sizes, sink with its password, checkpoint schema. `dropped` gets
/// the old keys that it does not know (unknown keys refuse the start from 2.1.16 and 3.0.2 on).
Result<std::string> RenderDrainerConfig(const std::string& old_text, const std::string& file,
                                        const Sink& sink, std::vector<std::string>* dropped);

/// `text` as a TOML basic string, quotes included.
std::string TomlQuote(std::string_view text);

/// process_supervision of both inventories; what a target does not say is as it is now. A rolling
/// upgrade changes no supervisor.
Status FillSupervision(const ClusterInput& input, Cluster* cluster);

/// The old side's Drainers, from inventory and site.
Status BuildOldDrainers(const ClusterInput& input, Cluster* cluster);
/// Configuration, sink and filters of a Drainer whose process is filled in as far as it is known,
/// from its entry of the site file (null: none), with defaults and the sentences about what was
/// assumed.
Status FinishDrainer(const Site* site, const SiteDrainer* from, const std::string& deploy_dir,
                     Drainer* drainer, Cluster* cluster);
/// Pumps, Drainers and versions of a rolling upgrade. REQUIRES: the TiDBs are there.
Status BuildRollingParts(const ClusterInput& input, Cluster* cluster);
/// The new side. REQUIRES: the old side is complete.
Status BuildNewSide(const ClusterInput& input, Cluster* cluster);

}  // namespace tidegate::engine
