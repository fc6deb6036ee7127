// What `binlogctl -cmd pumps` and `-cmd drainers` print: one log line for each node of the
// registry.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidegate::rehearsal {

/// State by node id, of `{NodeID: ip:8250, Addr: …, State: online, MaxCommitTS: …, …}` in lines of
/// any release; other lines are passed over. Errors, at file:line: a node without a state, a state
/// that is none, no node at all.
Result<std::map<std::string, std::string>> ParseListing(std::string_view text,
                                                        const std::string& file);

}  // namespace tidegate::rehearsal
