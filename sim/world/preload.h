// What was there before the run began: the saved checkpoint, and the messages between the saved
// positions and the ends of the topics, synthesised by the seed (captured state).
#pragma once

#include "sim/world.h"

namespace tidegate::sim {

/// REQUIRES: nothing has started. Upstream and downstream agree at RunPlan::saved_commit_ts; each
/// synthesised transaction is committed above it and below time 0.
void Preload(World& world);

}  // namespace tidegate::sim
