// The manual's seven steps in the manual's exact order, without preflight and proofs: what somebody
// does who read only the manual.
#include <fmt/format.h>

#include "engine/parts.h"
#include "engine/plan.h"

namespace tidegate::engine {
namespace {

Step MakeStep(std::string id, std::string manual, std::string proof) {
  Step step;
  step.id = std::move(id);
  step.manual = std::move(manual);
  step.proof = std::move(proof);
  step.expected = 2 * kMinute;
  return step;
}

std::string InitialTs(const Drainer& drainer) { return std::to_string(drainer.initial_commit_ts); }

void AddStops(const Cluster& cluster, Step* step) {
  for (const Drainer& drainer : cluster.old_drainers) {
    AddAct(step, port::StopProcess{drainer.process.host, drainer.process.unit});
  }
  for (const Pump& pump : cluster.old_pumps) {
    AddAct(step, port::StopProcess{pump.process.host, pump.process.unit});
  }
  for (const Bystander& kafka : cluster.kafkas) {
    AddAct(step, port::StopProcess{kafka.process.host, kafka.process.unit});
  }
  for (const Bystander& zookeeper : cluster.zookeepers) {
    AddAct(step, port::StopProcess{zookeeper.process.host, zookeeper.process.unit});
  }
}

}  // namespace

std::vector<Step> StepsLiteral(const Cluster& cluster, const PlanOptions& options) {
  std::vector<Step> steps;
  Step deploy =
      MakeStep("deploy-pump", "Deploy the new version of Pump.", "new Pumps were started");
  for (const Pump& pump : cluster.new_pumps) DeployPump(cluster, pump, false, &deploy);
  steps.push_back(std::move(deploy));

  Step stop = MakeStep("stop-tidb", "Stop the TiDB cluster service.", "TiDB was stopped");
  stop.outage_begins = true;
  for (const Tidb& tidb : cluster.tidbs) {
    AddAct(&stop, port::StopProcess{tidb.process.host, tidb.process.unit});
  }
  steps.push_back(std::move(stop));

  Step upgrade = MakeStep(
      "upgrade-tidb",
      "Upgrade TiDB and the configuration, and write the binlog data to the new Pump cluster.",
      "TiDB and its configuration were replaced");
  for (const Tidb& tidb : cluster.tidbs) UpgradeTidb(cluster, tidb, false, &upgrade);
  steps.push_back(std::move(upgrade));

  Step start =
      MakeStep("start-tidb", "Reconnect the TiDB cluster to the service.", "TiDB was started");
  start.outage_ends = true;
  for (const Tidb& tidb : cluster.tidbs) {
    AddAct(&start, port::StartProcess{tidb.process.host, tidb.process.unit});
  }
  if (!cluster.hooks.attach_service.empty()) {
    Act attach{.action = port::RunHook{"attach-service", cluster.hooks.attach_service}};
    attach.probe = TidbsServe{};
    AddAct(&start, std::move(attach));
  }
  steps.push_back(std::move(start));

  Step wait =
      MakeStep("wait-drained",
               "Make sure that the old version of Drainer has replicated the data in the old "
               "version of Pump to the downstream completely (Synced is True).",
               "Synced was true");
  Drained gate;
  gate.gate = Gate::kSynced;
  gate.marker = false;
  gate.first_only = true;
  AddLook(&wait, {.condition = gate, .timeout = options.drain_timeout, .poll = 10 * kSecond});
  steps.push_back(std::move(wait));

  Step drain =
      MakeStep("start-drainer", "Start the new version of Drainer.", "the new Drainer was started");
  for (const Drainer& drainer : cluster.new_drainers) {
    DeployDrainer(cluster, drainer, InitialTs(drainer), false, &drain);
  }
  steps.push_back(std::move(drain));

  Step retire = MakeStep(
      "retire-old",
      "Close the Pump and Drainer of the old versions and the dependent Kafka and Zookeeper.",
      "the old side was stopped");
  AddStops(cluster, &retire);
  steps.push_back(std::move(retire));
  return steps;
}

}  // namespace tidegate::engine
