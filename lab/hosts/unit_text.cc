#include "lab/hosts/unit_text.h"

#include <fmt/format.h>

#include "engine/port/port.h"
#include "lab/hosts/root_dir.h"
#include "lab/hosts/stand_in.h"

namespace tidegate::lab {
namespace {

using sim::NodePlan;

std::string PdUrls(const sim::RunPlan& plan) {
  std::string urls;
  for (const NodePlan& node : plan.nodes) {
    if (node.info.role != Role::kPd) continue;
    urls += fmt::format("{}http://{}:{}", urls.empty() ? "" : ",", node.info.host, node.info.port);
  }
  return urls;
}

std::string Flag(std::string_view name, std::string_view value) {
  return fmt::format(" \\\n    --{}=\"{}\"", name, value);
}

// tidb-ansible release-2.0-kafka and release-2.1: roles/pump/templates/run_pump_binary.sh.j2. The
// cluster version lost --gc, --socket and --zookeeper-addrs.
std::string PumpFlags(const sim::RunPlan& plan, const NodePlan& node, const std::string& deploy) {
  const bool old = node.info.era != Era::kCluster;
  std::string flags = old ? Flag("gc", "5") : "";
  flags += Flag("addr", fmt::format("0.0.0.0:{}", node.info.port));
  flags += Flag("advertise-addr", fmt::format("{}:{}", node.info.host, node.info.port));
  flags += Flag("pd-urls", PdUrls(plan));
  if (node.info.era == Era::kKafka) {
    std::string addresses;
    for (const NodePlan& other : plan.nodes) {
      if (other.info.role != Role::kZookeeper) continue;
      addresses +=
          fmt::format("{}{}:{}", addresses.empty() ? "" : ",", other.info.host, other.info.port);
    }
    flags += Flag("zookeeper-addrs", addresses);
  }
  flags += Flag("data-dir", node.info.data_dir);
  if (old) flags += Flag("socket", deploy + "/status/pump.sock");
  return flags + Flag("log-file", deploy + "/log/pump.log");
}

// roles/drainer/templates/run_drainer_binary.sh.j2
std::string DrainerFlags(const sim::RunPlan& plan, const NodePlan& node,
                         const std::string& deploy) {
  return Flag("addr", fmt::format("{}:{}", node.info.host, node.info.port)) +
         Flag("pd-urls", PdUrls(plan)) + Flag("data-dir", node.info.data_dir) +
         Flag("log-file", deploy + "/log/drainer.log");
}

// roles/tidb/templates/run_tidb_binary.sh.j2; --binlog-socket is in the configuration here.
std::string TidbFlags(const sim::RunPlan& plan, const NodePlan& node, const std::string& deploy) {
  std::string urls = PdUrls(plan);
  if (urls.starts_with("http://")) urls = urls.substr(7);
  return Flag("P", fmt::to_string(node.info.port)) +
         Flag("status", fmt::to_string(node.status_port)) +
         Flag("advertise-address", node.info.host) + Flag("path", urls) +
         Flag("log-file", deploy + "/log/tidb.log");
}

// TiDB's and the cluster version's keep standard error (roles/tidb, roles/pump_cluster); those of
// the Kafka era leave it to the journal.
std::string ErrorsTo(const NodePlan& node, const std::string& deploy) {
  const bool old = node.info.role != Role::kTidb && node.info.era != Era::kCluster;
  if (old) return "";
  return fmt::format(" 2>> \"{}/log/{}_stderr.log\"", deploy, StemOf(node.info.role));
}

}  // namespace

std::string_view StemOf(Role role) {
  return role == Role::kTidb ? std::string_view("tidb") : RoleName(role);
}

std::string_view PartOf(Role role) {
  switch (role) {
    case Role::kPump: return "pump";
    case Role::kDrainer: return "drainer";
    case Role::kTidb: return "tidb-server";
    default: return "";
  }
}

std::string DeployDirOf(const NodePlan& node) {
  const std::string_view folder = FolderOf(node.binary_path);
  if (!folder.ends_with("/bin") || folder == "/usr/bin") return "";
  return std::string(folder.substr(0, folder.size() - 4));
}

std::string RunScriptPath(const NodePlan& node) {
  if (const std::string script = StandInScript(node); !script.empty()) return script;
  const std::string deploy = DeployDirOf(node);
  return deploy.empty() ? "" : fmt::format("{}/scripts/run_{}.sh", deploy, StemOf(node.info.role));
}

// tidb-ansible: roles/systemd/templates/systemd_binary.service.j2. Kafka-era units and TiDB have
// Restart=always; the cluster version's Pumps and Drainers restart=on-failure and SendSIGKILL=no.
std::string UnitText(const NodePlan& node) {
  const bool cluster = node.info.era == Era::kCluster;
  const std::string script = RunScriptPath(node);
  return fmt::format(
      "[Unit]\nDescription={} service\n"
      "After=syslog.target network.target remote-fs.target nss-lookup.target\n\n"
      "[Service]\nLimitNOFILE=1000000\n#LimitCORE=infinity\nLimitSTACK=10485760\nUser=tidb\n"
      "ExecStart={}\nRestart={}\nRestartSec=15s\n{}\n[Install]\nWantedBy=multi-user.target\n",
      node.info.unit.substr(0, node.info.unit.rfind('.')),
      script.empty() ? node.binary_path : script + StandInArguments(node),
      cluster ? "on-failure" : "always", cluster ? "SendSIGKILL=no\n" : "");
}

// The template's own ulimit ends the script where the limit can't be raised, as in a lab without
// root's rights.
std::string RunScriptText(const sim::RunPlan& plan, const NodePlan& node) {
  const std::string deploy = DeployDirOf(node);
  std::string flags;
  if (node.info.role == Role::kPump) flags = PumpFlags(plan, node, deploy);
  if (node.info.role == Role::kDrainer) flags = DrainerFlags(plan, node, deploy);
  if (node.info.role == Role::kTidb) flags = TidbFlags(plan, node, deploy);
  return fmt::format(
      "#!/bin/bash\nset -e\nulimit -n 1000000 2>/dev/null || true\n\n# WARNING: This file was "
      "auto-generated. Do not "
      "edit!\n#          All your edit might be overwritten!\nDEPLOY_DIR={0}\n\n"
      "cd \"${{DEPLOY_DIR}}\" || exit 1\n\nexec bin/{1}{2} \\\n    --config={3}{4}\n",
      deploy, NameOf(node.binary_path), flags, node.config_path, ErrorsTo(node, deploy));
}

namespace {

// roles/supervise/templates/start_role.sh.j2: whoever is up already stays.
constexpr std::string_view kStartSupervise = R"sh(cd "{deploy}"
if bin/svstat "{folder}" 2>/dev/null | grep -q ': up '; then
  echo "ok: already started!"
  exit 0
fi
nohup bin/supervise "{folder}" "{script}" </dev/null &>/dev/null &
echo $! > "{folder}/pid"
echo "ok: started!"
)sh";

// roles/supervise/templates/stop_role.sh.j2: down, and its supervise goes; nothing is waited for.
constexpr std::string_view kStopSupervise = R"sh(cd "{deploy}"
bin/svc -d "{folder}" &>/dev/null || true
supervise=$(cat "{folder}/pid" 2>/dev/null || true)
if [ "$(basename "$(readlink "/proc/${{supervise}}/exe")")" == supervise ]; then
  kill "$supervise"
fi
echo "ok: stopped!"
)sh";

}  // namespace

// roles/systemd/templates/start.sh.j2 and stop.sh.j2
std::string ControlScriptText(const NodePlan& node, std::string_view verb) {
  std::string text =
      "#!/bin/bash\nset -e\n\n# WARNING: This file was auto-generated. Do not edit!\n"
      "#          All your edit might be overwritten!\n";
  if (!engine::port::UnderSupervise(node.info.unit)) {
    return text + fmt::format("sudo systemctl {} {}\n", verb, node.info.unit);
  }
  return text + fmt::format(fmt::runtime(verb == "start" ? kStartSupervise : kStopSupervise),
                            fmt::arg("deploy", DeployDirOf(node)),
                            fmt::arg("folder", node.info.unit),
                            fmt::arg("script", RunScriptPath(node)));
}

}  // namespace tidegate::lab
