#include "engine/version_table.h"

#include <fmt/format.h>

#include <array>

namespace tidegate::engine {
namespace {

enum class Flavour : std::uint8_t { kLocal, kKafka, kCluster };

// One row: versions v with from <= v < below, of one branch. Texts are parsed by ParseVersion.
struct Row {
  Flavour flavour;
  bool binlog_branch;
  std::string_view from;   ///< "" = from the first release
  std::string_view below;  ///< "" = no end
};

// docs: upgrade-tidb-binlog, the table of TiDB Binlog and TiDB versions. "TiDB 1.0" means 1.0.x.
constexpr std::array<Row, 5> kTable = {{
    {Flavour::kLocal, false, "", "v1.1.0-alpha"},
    {Flavour::kKafka, false, "v1.0.0", "v2.1.0-rc.5"},
    {Flavour::kCluster, false, "v2.1.0-rc.5", ""},
    {Flavour::kCluster, true, "v2.0.8", "v2.1.0-alpha"},
    {Flavour::kCluster, true, "v2.1.0-rc.5", ""},
}};

bool Covers(const Row& row, const Version& version) {
  if (row.binlog_branch != version.binlog_branch) return false;
  const bool after = row.from.empty() || version >= *ParseVersion(row.from);
  return after && (row.below.empty() || version < *ParseVersion(row.below));
}

Error Refuse(std::string message) { return Error{ErrorCode::kRefused, std::move(message), ""}; }

}  // namespace

Flavours BinlogFlavours(const Version& version) {
  Flavours flavours;
  if (version.latest) {
    flavours.known = false;
    return flavours;
  }
  for (const Row& row : kTable) {
    if (!Covers(row, version)) continue;
    if (row.flavour == Flavour::kLocal) flavours.local = true;
    if (row.flavour == Flavour::kKafka) flavours.kafka = true;
    if (row.flavour == Flavour::kCluster) flavours.cluster = true;
  }
  return flavours;
}

std::string FlavourNames(const Flavours& flavours) {
  if (!flavours.known) return "unknown (latest)";
  std::string names;
  const auto add = [&names](bool has, std::string_view name) {
    if (!has) return;
    if (!names.empty()) names += ", ";
    names += name;
  };
  add(flavours.local, "Local");
  add(flavours.kafka, "Kafka");
  add(flavours.cluster, "cluster");
  return names.empty() ? "none" : names;
}

Status CheckPair(std::string_view era, std::string_view from, std::string_view to) {
  TRY_ASSIGN(const Version old_version, ParseVersion(from));
  TRY_ASSIGN(const Version new_version, ParseVersion(to));
  const Flavours old_flavours = BinlogFlavours(old_version);
  const Flavours new_flavours = BinlogFlavours(new_version);
  if (old_flavours.known) {
    const bool fits =
        (era == "local" && old_flavours.local) || (era == "kafka" && old_flavours.kafka);
    if (!fits && old_flavours.cluster) {
      return Refuse(fmt::format(
          "TiDB {} writes to cluster Pumps already; there is no {} version to upgrade from", from,
          era));
    }
    if (!fits) {
      return Refuse(
          fmt::format("TiDB {} does not go with the {} version of TiDB Binlog (the manual's "
                      "table says: {}); check tidb_version in the inventory",
                      from, era, FlavourNames(old_flavours)));
    }
  }
  if (!new_flavours.known) {
    return Refuse(
        "the target version 'latest' does not say which TiDB Binlog it needs; set tidb_version of "
        "the target inventory to a release, v2.0.8-binlog, v2.1.0-rc.5 or later");
  }
  if (!new_flavours.cluster) {
    return Refuse(
        fmt::format("TiDB {} can't write to cluster Pumps (the manual's table says: {}); "
                    "upgrade to v2.0.8-binlog, v2.1.0-rc.5 or later",
                    to, FlavourNames(new_flavours)));
  }
  if (!old_version.latest && new_version < old_version) {
    return Refuse(fmt::format("TiDB {} is older than the running {}; a TiDB cluster can't go back",
                              to, from));
  }
  return {};
}

}  // namespace tidegate::engine
