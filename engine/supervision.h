// By what a process is started, stopped and kept up. A host of tidb-ansible runs all its parts
// under systemd, or each under a `supervise` of daemontools that the playbooks bring along:
// deploy_dir holds bin/supervise, bin/svc and bin/svstat, and one folder status/ROLE for each part.
//
// What differs: supervise starts again whatever ends, also what ended well; it waits for no
// time-out and kills nothing; and nothing starts it with its host (tidb-ansible: roles/supervise;
// daemontools: supervise, svc, svstat).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidegate::engine {

enum class Supervision : std::uint8_t { kSystemd, kSupervise };

/// The variable process_supervision. Errors: kBadInput for anything but its two values.
Result<Supervision> ParseSupervision(std::string_view text);
std::string_view SupervisionName(Supervision supervision);

/// The unit (port.h) of ROLE ("pump", "drainer", "tidb") in DEPLOY_DIR.
std::string UnitOf(Supervision supervision, std::string_view role, const std::string& deploy_dir,
                   std::string systemd_unit);

/// A status folder, taken apart: DEPLOY_DIR/status/ROLE.
struct StatusFolder {
  std::string deploy_dir;
  std::string role;
};
/// Errors: kBadInput for a unit under supervise that has another shape.
Result<StatusFolder> ParseStatusFolder(std::string_view unit);

/// Does its unit start with the host, when it is enabled? Nothing does under supervise.
bool StartsWithHost(std::string_view unit);

}  // namespace tidegate::engine
