// The stubs that stand for pump, drainer, tidb-server and their kin: copies of one program with a
// stamp behind its last byte, which says what it stands for. cp, scp, install and mv carry the
// stamp along, so a file's version is known wherever it lands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidegate::lab {

struct Stamp {
  std::string part;     ///< "pump", "drainer", "tidb-server"
  std::string version;  ///< "v2.1.0", "kafka-head"
};

/// What goes behind the program's bytes. REQUIRES: no blanks and line ends in either.
std::string StampText(const Stamp& stamp);
/// Of the file open as `fd`; nothing when it has none.
std::optional<Stamp> ReadStamp(int fd);

/// What the product prints for -V: one line each.
std::string VersionText(const Stamp& stamp);

/// The program `program` (of this machine) with `stamp` behind it. Errors: kIo.
Result<std::string> StubBytes(const std::string& program, const Stamp& stamp);

}  // namespace tidegate::lab
