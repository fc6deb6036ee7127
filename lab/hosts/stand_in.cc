#include "lab/hosts/stand_in.h"

#include <fmt/format.h>

#include <array>

namespace tidegate::lab {
namespace {

using sim::NodePlan;

constexpr std::string_view kDeploy = "/home/tidb/deploy";

constexpr std::string_view kWarning =
    "#!/bin/bash\nset -e\nulimit -n 1000000 2>/dev/null || true\n\n"
    "# WARNING: This file was auto-generated. Do not edit!\n"
    "#          All your edit might be overwritten!\n";

bool OfJava(Role role) { return role == Role::kKafka || role == Role::kZookeeper; }

std::string HomeOf(Role role) {
  return OfJava(role) ? fmt::format("/home/tidb/{}", RoleName(role)) : std::string(kDeploy);
}

// Apache Kafka: bin/kafka-server-start.sh, bin/zookeeper-server-start.sh.
std::string_view ServerOf(Role role) {
  return role == Role::kKafka ? "kafka-server" : "zookeeper-server";
}
std::string_view ClassOf(Role role) {
  return role == Role::kKafka ? "kafka.Kafka" : "org.apache.zookeeper.server.quorum.QuorumPeerMain";
}
std::string_view PropertiesOf(Role role) {
  return role == Role::kKafka ? "server.properties" : "zookeeper.properties";
}

std::string PdUrl(const sim::RunPlan& plan) {
  for (const NodePlan& node : plan.nodes) {
    if (node.info.role == Role::kPd) return fmt::format("{}:{}", node.info.host, node.info.port);
  }
  return "";
}

// tidb-ansible: roles/pd/templates/run_pd_binary.sh.j2, roles/tikv/templates/run_tikv_binary.sh.j2
std::string FlagsOf(const sim::RunPlan& plan, const NodePlan& node) {
  const std::string address = fmt::format("{}:{}", node.info.host, node.info.port);
  if (node.info.role == Role::kPd) {
    return fmt::format(
        " --name=pd_{0} --client-urls=http://{1} --advertise-client-urls=http://{1} "
        "--data-dir={2}/data.pd --config=conf/pd.toml --log-file={2}/log/pd.log",
        node.info.host, address, kDeploy);
  }
  return fmt::format(
      " --addr 0.0.0.0:{0} --advertise-addr {1} --pd {2} --data-dir {3}/data --config "
      "conf/tikv.toml --log-file {3}/log/tikv.log",
      node.info.port, address, PdUrl(plan), kDeploy);
}

// As Apache's own: -daemon puts it into the background.
std::string JavaStart(const NodePlan& node) {
  const Role role = node.info.role;
  return fmt::format(
      "#!/bin/bash\nif [ $# -lt 1 ]; then\n  echo \"USAGE: $0 [-daemon] {0}\"\n  exit 1\nfi\n"
      "java={1}/jre/bin/java\nif [ \"x$1\" = \"x-daemon\" ]; then\n  shift\n"
      "  nohup \"$java\" {2} \"$@\" >{1}/logs/{3}.out 2>&1 </dev/null &\n  exit 0\nfi\n"
      "exec \"$java\" {2} \"$@\"\n",
      PropertiesOf(role), HomeOf(role), ClassOf(role), ServerOf(role));
}

// Apache Kafka: bin/kafka-server-stop.sh
std::string JavaStop(const NodePlan& node) {
  const Role role = node.info.role;
  return fmt::format(
      "#!/bin/bash\nPIDS=$(pgrep -f '{}')\nif [ -z \"$PIDS\" ]; then\n"
      "  echo \"No {} server to stop\"\n  exit 1\nfi\nkill -s TERM $PIDS\n",
      ClassOf(role), RoleName(role));
}

std::string PropertiesText(const NodePlan& node) {
  if (node.info.role == Role::kZookeeper) {
    return fmt::format("dataDir={}/data\nclientPort={}\n", HomeOf(node.info.role), node.info.port);
  }
  return fmt::format("broker.id=1\nlisteners=PLAINTEXT://{}:{}\nlog.dirs={}/data\n", node.info.host,
                     node.info.port, HomeOf(node.info.role));
}

Status WriteJava(const NodePlan& node, const RootDir& root) {
  const std::string home = HomeOf(node.info.role);
  const std::string_view server = ServerOf(node.info.role);
  TRY(root.MakeFolder(home + "/logs"));
  TRY(root.Write(StandInScript(node), JavaStart(node), 0755));
  TRY(root.Write(fmt::format("{}/bin/{}-stop.sh", home, server), JavaStop(node), 0755));
  return root.Write(fmt::format("{}/config/{}", home, PropertiesOf(node.info.role)),
                    PropertiesText(node), 0644);
}

}  // namespace

std::string_view StandInOf(Role role) {
  switch (role) {
    case Role::kPd: return "pd-server";
    case Role::kTikv: return "tikv-server";
    case Role::kKafka: return "kafka";
    case Role::kZookeeper: return "zookeeper";
    default: return "";
  }
}

bool IsStandIn(std::string_view part) {
  return part == "pd-server" || part == "tikv-server" || part == "kafka" || part == "zookeeper";
}

std::string StandInBinary(const NodePlan& node) {
  const Role role = node.info.role;
  if (StandInOf(role).empty()) return "";
  return OfJava(role) ? fmt::format("{}/jre/bin/java", HomeOf(role))
                      : fmt::format("{}/bin/{}", kDeploy, StandInOf(role));
}

std::string StandInCommand(const sim::RunPlan& plan, const NodePlan& node) {
  const Role role = node.info.role;
  if (OfJava(role)) {
    return fmt::format("{} {} {}/config/{}", StandInBinary(node), ClassOf(role), HomeOf(role),
                       PropertiesOf(role));
  }
  return fmt::format("bin/{}{}", StandInOf(role), FlagsOf(plan, node));
}

std::string StandInScript(const NodePlan& node) {
  const Role role = node.info.role;
  if (StandInOf(role).empty()) return "";
  return OfJava(role) ? fmt::format("{}/bin/{}-start.sh", HomeOf(role), ServerOf(role))
                      : fmt::format("{}/scripts/run_{}.sh", kDeploy, RoleName(role));
}

std::string StandInArguments(const NodePlan& node) {
  const Role role = node.info.role;
  return OfJava(role) ? fmt::format(" {}/config/{}", HomeOf(role), PropertiesOf(role)) : "";
}

Status WriteStandIn(const sim::RunPlan& plan, const NodePlan& node, const RootDir& root) {
  if (OfJava(node.info.role)) return WriteJava(node, root);
  const std::string_view stem = RoleName(node.info.role);
  for (const std::string_view folder : {"conf", "log", "backup", "status"}) {
    TRY(root.MakeFolder(fmt::format("{}/{}", kDeploy, folder)));
  }
  TRY(root.Write(StandInScript(node),
                 fmt::format("{}cd \"{}\" || exit 1\n\nexec {} 2>> \"{}/log/{}_stderr.log\"\n",
                             kWarning, kDeploy, StandInCommand(plan, node), kDeploy, stem),
                 0755));
  for (const std::string_view verb : {"start", "stop"}) {
    TRY(root.Write(
        fmt::format("{}/scripts/{}_{}.sh", kDeploy, verb, stem),
        fmt::format("#!/bin/bash\nset -e\n\nsudo systemctl {} {}\n", verb, node.info.unit), 0755));
  }
  return root.Write(fmt::format("{}/conf/{}.toml", kDeploy, stem), "", 0644);
}

}  // namespace tidegate::lab
