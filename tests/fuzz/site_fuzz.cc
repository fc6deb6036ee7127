// The site reader, and the cluster builder with what it accepts.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/cluster_builder.h"
#include "engine/inventory.h"
#include "engine/site.h"

namespace {

constexpr char kInventory[] =
    "[tidb_servers]\nt1\nt2\n[pd_servers]\np1\n[pump_servers:children]\ntidb_servers\n"
    "[drainer_servers]\nd1\n[all:vars]\ntidb_version=v2.0.7\nenable_binlog=True\n"
    "zookeeper_addrs=z:2181\nkafka_addrs=k:9092\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tidegate::engine::BuildCluster;
  using tidegate::engine::Inventory;
  static const auto inventory = Inventory::Parse(kInventory, "fuzz.ini");
  std::string text(reinterpret_cast<const char*>(data), size);
  // A copy beside the site file would read this machine's files.
  if (text.find("\"file\"") != std::string::npos) return 0;
  const auto site = tidegate::engine::ParseSite(std::move(text), "fuzz.json");
  if (!site.has_value()) {
    if (site.error().message.empty()) __builtin_trap();
    return 0;
  }
  (void)BuildCluster({.inventory = &*inventory, .site = &*site}).has_value();
  return 0;
}
