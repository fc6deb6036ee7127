// The inventory reader, and the cluster builder on whatever it accepts.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/cluster_builder.h"
#include "engine/inventory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tidegate::engine::BuildCluster;
  using tidegate::engine::Inventory;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto inventory = Inventory::Parse(text, "fuzz.ini");
  if (!inventory.has_value()) {
    if (inventory.error().message.empty() || inventory.error().where.empty()) __builtin_trap();
    return 0;
  }
  // Every host's every variable can be asked for.
  for (const auto& host : inventory->hosts()) {
    for (const auto& [name, value] : host.vars) (void)inventory->Value(host, name).has_value();
  }
  (void)BuildCluster({.inventory = &*inventory}).has_value();
  (void)BuildCluster({.inventory = &*inventory, .target = &*inventory}).has_value();
  return 0;
}
