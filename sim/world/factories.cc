#include "sim/world/factories.h"

#include "sim/world/control.h"
#include "sim/world/downstream.h"
#include "sim/world/kafka.h"
#include "sim/world/kafka_drainer.h"
#include "sim/world/kafka_pump.h"
#include "sim/world/local_pump.h"
#include "sim/world/pd.h"
#include "sim/world/service.h"
#include "sim/world/tidb.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {

std::unique_ptr<Node> MakeNode(World& world, NodeId id) {
  const trace::NodeInfo& info = world.node_plan(id).info;
  switch (info.role) {
    case Role::kPd: return std::make_unique<Pd>(world, id);
    case Role::kTikv: return std::make_unique<Tikv>(world, id);
    case Role::kTidb: return std::make_unique<Tidb>(world, id);
    case Role::kPump:
      if (info.era == Era::kCluster) return MakeClusterPump(world, id);
      if (info.era == Era::kLocal) return std::make_unique<LocalPump>(world, id);
      return std::make_unique<KafkaPump>(world, id);
    case Role::kDrainer:
      if (info.era == Era::kCluster) return MakeClusterDrainer(world, id);
      return std::make_unique<KafkaDrainer>(world, id);
    case Role::kKafka: return std::make_unique<Kafka>(world, id);
    case Role::kZookeeper: return std::make_unique<Zookeeper>(world, id);
    case Role::kDownstream: return std::make_unique<Downstream>(world, id);
    case Role::kService: return std::make_unique<Service>(world, id);
    case Role::kEngine: return std::make_unique<Control>(world, id);
  }
  CHECK(false);
  return nullptr;
}

}  // namespace tidegate::sim
