// The manual's rolling upgrades to the letter, without preflight and proofs: what somebody does who
// read only the manual.
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

// "Replace the original file … Restart the … process."
void ReplaceAndRestart(const Process& process, const char* part, Step* step) {
  AddAct(step, port::InstallBinary{process.host, part, process.version, process.binary});
  AddAct(step, port::StopProcess{process.host, process.unit});
  AddAct(step, port::StartProcess{process.host, process.unit});
}

std::vector<Step> ByHand(const Cluster& cluster) {
  Step pumps =
      MakeStep("upgrade-pump",
               "Upgrade each Pump instance in the cluster one by one: replace the original "
               "file with the new version of pump, restart the Pump process.",
               "every Pump was restarted");
  for (const Pump& pump : cluster.new_pumps) ReplaceAndRestart(pump.process, "pump", &pumps);
  Step drainers = MakeStep("upgrade-drainer",
                           "Replace the original file with the new version of drainer, restart the "
                           "Drainer process.",
                           "every Drainer was restarted");
  for (const Drainer& drainer : cluster.new_drainers) {
    ReplaceAndRestart(drainer.process, "drainer", &drainers);
  }
  std::vector<Step> steps;
  steps.push_back(std::move(pumps));
  steps.push_back(std::move(drainers));
  return steps;
}

Step Copy(const Cluster& cluster, const std::string& part) {
  Step step = MakeStep("copy-" + part,
                       fmt::format("Copy the new version of the binary {} file into the "
                                   "({{ resources_dir }})/bin directory.",
                                   part),
                       "the file was copied");
  AddAct(&step, port::InstallBinary{"localhost", part, cluster.tidb_target_version,
                                    fmt::format("{}/resources/bin/{}", cluster.ansible_dir, part)});
  return step;
}

void AddPlaybook(const Cluster& cluster, const char* playbook, const char* tags, Step* step) {
  Act act{.action = port::RunPlaybook{playbook, tags, "", cluster.ansible_dir}};
  act.timeout = kHour;
  act.attempts_max = 1;
  AddAct(step, std::move(act));
}

std::vector<Step> ByPlaybooks(const Cluster& cluster) {
  std::vector<Step> steps;
  steps.push_back(Copy(cluster, "pump"));
  Step pumps = MakeStep("upgrade-pump",
                        "Execute the `ansible-playbook rolling_update.yml --tags=pump` command to "
                        "perform a rolling update for Pump.",
                        "the playbook ended well");
  AddPlaybook(cluster, "rolling_update.yml", "pump", &pumps);
  steps.push_back(std::move(pumps));
  steps.push_back(Copy(cluster, "drainer"));
  Step drainers =
      MakeStep("upgrade-drainer",
               "Execute the `ansible-playbook stop_drainer.yml --tags=drainer` command. "
               "Execute the `ansible-playbook start_drainer.yml --tags=drainer` command.",
               "the playbooks ended well");
  AddPlaybook(cluster, "stop_drainer.yml", "drainer", &drainers);
  AddPlaybook(cluster, "start_drainer.yml", "drainer", &drainers);
  steps.push_back(std::move(drainers));
  return steps;
}

}  // namespace

std::vector<Step> StepsRollingLiteral(const Cluster& cluster, const PlanOptions& options) {
  return options.procedure == Procedure::kRollingAnsible ? ByPlaybooks(cluster) : ByHand(cluster);
}

}  // namespace tidegate::engine
