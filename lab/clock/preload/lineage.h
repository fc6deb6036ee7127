// Births: what a parent does around them so that children are the same in every run.
#pragma once

#include <cstdint>

namespace tidegate::lab {

/// The lineage of this thread's next child, process or thread.
std::uint64_t NextChild();
/// Nobody else begins a process or thread from here to EndBirth(); the next id is chosen.
void BeginBirth(std::uint64_t lineage);
void EndBirth();

}  // namespace tidegate::lab
