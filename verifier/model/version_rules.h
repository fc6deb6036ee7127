// What the manual's table says of TiDB releases and binlog flavours, and which parts are known not
// to work together. The judge's own reading, apart from the engine's. Source: manual "Upgrade TiDB
// Binlog" (docs: tidb-binlog/upgrade-tidb-binlog.md).
#pragma once

#include <string_view>

#include "base/role.h"

namespace tidegate::verifier {

struct Release {
  bool known = false;  ///< false: "latest" and other names that give no number
  int major = 0;
  int minor = 0;
  int patch = 0;
  int stage = 0;               ///< alpha < beta < rc.1 < rc.2 < … < released
  bool binlog_branch = false;  ///< "-binlog": 2.0.x with the cluster version's client
};

/// "v2.1.0-rc.5", "2.0.8-binlog", "rc2.3", "5.7.10-TiDB-v2.1.0", "v2.1.0-rc.4-12-gabcdef".
Release ReadRelease(std::string_view text);

/// Is `a` before `b`? REQUIRES: both are known.
bool Before(const Release& a, const Release& b);

/// May a TiDB of `release` write to Pumps of `era`? Local: 1.0 or earlier; Kafka: from 1.0 up to,
/// not including, 2.1 RC5; cluster: from 2.1 RC5, and 2.0.x-binlog from x = 8 (which has no other).
/// REQUIRES: release.known.
bool MayWriteTo(const Release& release, Era era);

/// The era of a Pump's or Drainer's binary, kNone where its version does not say.
Era EraOfBinary(std::string_view version);

/// Why a Drainer of this version can't follow a TiDB of that version; empty when it can, or one of
/// them is not known.
std::string_view DrainerCannotFollow(const Release& drainer, const Release& tidb);

/// Does a starting cluster Pump of `release` need every Drainer that is registered online to
/// answer, whatever its own state was? (tidb-binlog pump/server.go Start: releases before 3.0.5;
/// later ones only when they were offline or not registered.)
bool NotifiesAtEveryStart(const Release& release);

}  // namespace tidegate::verifier
