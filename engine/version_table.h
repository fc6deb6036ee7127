// Which TiDB goes with which generation of TiDB Binlog: the table of the manual "Upgrade TiDB
// Binlog", as data, and what follows from it for one upgrade.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/version.h"

namespace tidegate::engine {

/// What a TiDB version can write to. `known` is false for "latest", which says nothing.
struct Flavours {
  bool known = true;
  bool local = false;
  bool kafka = false;
  bool cluster = false;
  friend bool operator==(const Flavours&, const Flavours&) = default;
};

/// The manual's table: Local up to TiDB 1.0; Kafka from 1.0 up to before 2.1 RC5; cluster from
/// v2.1.0-rc.5 and for every 2.0.x-binlog from v2.0.8-binlog.
Flavours BinlogFlavours(const Version& version);

/// "Local, Kafka", "cluster", "unknown (latest)".
std::string FlavourNames(const Flavours& flavours);

/// May a cluster of `era` ("local" or "kafka") on TiDB `from` be upgraded to TiDB `to`? Errors:
/// kRefused with the row of the table that speaks against it and what to do instead; kBadInput for
/// a text that is no version.
Status CheckPair(std::string_view era, std::string_view from, std::string_view to);

}  // namespace tidegate::engine
