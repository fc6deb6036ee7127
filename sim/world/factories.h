// Makes the nodes of the world: one function per kind of node whose class no other file needs.
#pragma once

#include <memory>

#include "sim/world.h"

namespace tidegate::sim {

/// The node for slot `id`, by its role and era. REQUIRES: the RunPlan is resolved.
std::unique_ptr<Node> MakeNode(World& world, NodeId id);

std::unique_ptr<Node> MakeClusterPump(World& world, NodeId id);
std::unique_ptr<Node> MakeClusterDrainer(World& world, NodeId id);

}  // namespace tidegate::sim
