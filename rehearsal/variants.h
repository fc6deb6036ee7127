// Known-bad engines: our executor with exactly one mistake each, to prove that the check named for
// it catches it. A mistake is a changed plan, a changed view of the cluster, or a host that
// neglects a duty. None of this is in the engine itself.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/cluster.h"
#include "engine/plan.h"
#include "rehearsal/in_process_host.h"

namespace tidegate::rehearsal {

struct Variant {
  std::string name;                               ///< "skips-the-gate"
  std::string mistake;                            ///< one sentence
  std::string caught_by;                          ///< id of the check that must find it
  std::string scenario;                           ///< file below scenarios/ on which it is shown
  std::function<void(engine::Plan*)> plan;        ///< or empty
  std::function<void(engine::Cluster*)> cluster;  ///< or empty
  HostFaults host;
};

const std::vector<Variant>& Variants();
/// Those of rolling upgrades; a part of Variants.
std::vector<Variant> RollingVariants();
/// Those of local-to-cluster and of full-import (variants_import.cc).
std::vector<Variant> LocalVariants();
std::vector<Variant> ImportVariants();
/// Mistakes that a hazard of the seven steps punishes (variants_hazards.cc).
std::vector<Variant> HazardVariants();

/// "" gives an engine without mistake. Errors: unknown name, with the nearest one.
Result<Variant> FindVariant(std::string_view name);

}  // namespace tidegate::rehearsal
