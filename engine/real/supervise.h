// The commands that start, stop and show a process under supervise, as the start and stop scripts
// of tidb-ansible do it (roles/supervise/templates): one fixed script each, which gets folders and
// names as arguments. No value of an inventory is ever part of a script's text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidegate::engine {

/// Errors of all: kBadInput when `unit` is no status folder.

/// `svc -dx`, and waits until its supervise has ended too: one that stays would make the playbook's
/// start_ROLE.sh say "ok: started!" and start nothing.
Result<std::vector<std::string>> SuperviseStop(std::string_view unit);
/// `svc -u` where its supervise runs, else a new one for scripts/run_ROLE.sh.
Result<std::vector<std::string>> SuperviseStart(std::string_view unit);
/// `svstat`: "/d/status/pump: up (pid 17) 35 seconds", "…: supervise not running".
Result<std::vector<std::string>> SuperviseShow(std::string_view unit);

}  // namespace tidegate::engine
