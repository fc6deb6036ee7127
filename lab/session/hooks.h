// The operator's own commands of the site file (a load balancer's, a dump's, a load's): which of
// them a command is that somebody ran on the control machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/port/port.h"
#include "lab/shell/wire.h"

namespace tidegate::lab {

/// A command of the operator's, and the hook of the site file that it stands for.
struct HookCommand {
  std::vector<std::string> argv;  ///< may have ${DUMP_TS} and ${SINK}
  std::string name;               ///< "detach-service", "load"
};

/// The hook that `request` is; nothing: none. One with a place for a value fits any value there; of
/// those the program's name alone decides when no one fits, so that a dump without its timestamp or
/// with words of one's own is a dump too.
std::optional<engine::port::RunHook> HookIn(const std::vector<HookCommand>& hooks,
                                            const Request& request);

}  // namespace tidegate::lab
