// What a host's tree holds at the start, and which node a unit of it stands for.
#include <boost/test/unit_test.hpp>

#include "lab/hosts/stamp.h"
#include "tests/lab/support/small_lab.h"

namespace tidegate::lab {
namespace {

using test::Node;
using test::SmallLab;
using test::Why;

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_tree)

BOOST_AUTO_TEST_CASE(a_host_has_what_the_playbooks_put_there) {
  SmallLab lab;
  const RootDir& host = lab.On("10.0.1.1");
  const std::string deploy = "/home/tidb/deploy";
  for (const char* folder : {"bin", "conf", "scripts", "log", "backup", "status", "data.pump"}) {
    BOOST_TEST(host.Stat(deploy + "/" + folder).has_value(), folder);
  }
  BOOST_TEST(host.Read(deploy + "/conf/pump.toml").value() == "write-mode = \"mixed\"\n");
  BOOST_TEST(host.Read(deploy + "/scripts/run_pump.sh").value() ==
             R"(#!/bin/bash
set -e
ulimit -n 1000000 2>/dev/null || true

# WARNING: This file was auto-generated. Do not edit!
#          All your edit might be overwritten!
DEPLOY_DIR=/home/tidb/deploy

cd "${DEPLOY_DIR}" || exit 1

exec bin/pump \
    --gc="5" \
    --addr="0.0.0.0:8250" \
    --advertise-addr="10.0.1.1:8250" \
    --pd-urls="http://10.0.1.1:2379" \
    --zookeeper-addrs="" \
    --data-dir="/home/tidb/deploy/data.pump" \
    --socket="/home/tidb/deploy/status/pump.sock" \
    --log-file="/home/tidb/deploy/log/pump.log" \
    --config=/home/tidb/deploy/conf/pump.toml
)");
  BOOST_TEST(host.Read("/etc/systemd/system/pump.service").value() ==
             R"([Unit]
Description=pump service
After=syslog.target network.target remote-fs.target nss-lookup.target

[Service]
LimitNOFILE=1000000
#LimitCORE=infinity
LimitSTACK=10485760
User=tidb
ExecStart=/home/tidb/deploy/scripts/run_pump.sh
Restart=always
RestartSec=15s

[Install]
WantedBy=multi-user.target
)");
  BOOST_TEST(host.Read(deploy + "/scripts/stop_pump.sh")
                 .value()
                 .ends_with("sudo systemctl stop pump.service\n"));
  BOOST_TEST(host.List("/etc/systemd/system/multi-user.target.wants").size() == 2U);
  BOOST_TEST((host.Stat(deploy + "/bin/pump")->st_mode & 0777) == 0755U);
}

BOOST_AUTO_TEST_CASE(what_is_not_installed_is_not_there) {
  SmallLab lab;
  const RootDir& host = lab.On("10.0.1.1");
  BOOST_TEST(!host.Stat("/home/tidb/pump-cluster").has_value());
  BOOST_TEST(!lab.trees().HasUnit("10.0.1.1", "pump-8251.service"));
  BOOST_TEST(lab.trees().NodeOfUnit("10.0.1.1", "pump-8251.service") == kNoNode);
}

// PD, TiKV, Kafka and ZooKeeper have the files that their processes run from.
BOOST_AUTO_TEST_CASE(parts_that_nobody_upgrades) {
  sim::RunPlan plan = test::SmallPlan();
  for (const Role role : {Role::kTikv, Role::kKafka, Role::kZookeeper}) {
    sim::NodePlan& node = test::AddPart(&plan, role, "10.0.1.3", 9092, "x", "/usr");
    node.info.unit = fmt::format("{}.service", RoleName(role));
    node.version = "v2.0.7";
  }
  SmallLab lab(std::move(plan));
  const auto stamp = [&](const char* host, const char* path) {
    const Fd file = lab.On(host).Open(path, 0);
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(file), path);
    return ReadStamp(file.get());
  };
  BOOST_TEST(stamp("10.0.1.1", "/home/tidb/deploy/bin/pd-server")->part == "pd-server");
  BOOST_TEST(stamp("10.0.1.3", "/home/tidb/deploy/bin/tikv-server")->version == "v2.0.7");
  BOOST_TEST(stamp("10.0.1.3", "/home/tidb/kafka/jre/bin/java")->part == "kafka");
  BOOST_TEST(stamp("10.0.1.3", "/home/tidb/zookeeper/jre/bin/java")->part == "zookeeper");
  const RootDir& host = lab.On("10.0.1.3");
  BOOST_TEST(host.Read("/etc/systemd/system/kafka.service")
                 .value()
                 .find("ExecStart=/home/tidb/kafka/bin/kafka-server-start.sh "
                       "/home/tidb/kafka/config/server.properties\n") != std::string::npos);
  BOOST_TEST(lab.On("10.0.1.1")
                 .Read("/home/tidb/deploy/scripts/run_pd.sh")
                 .value()
                 .ends_with("--log-file=/home/tidb/deploy/log/pd.log 2>> "
                            "\"/home/tidb/deploy/log/pd_stderr.log\"\n"));
  BOOST_TEST(host.Read("/home/tidb/zookeeper/config/zookeeper.properties").value() ==
             "dataDir=/home/tidb/zookeeper/data\nclientPort=9092\n");
}

// Under the name of the new version, another binary: whoever copies it gets that one.
BOOST_AUTO_TEST_CASE(resources_that_are_not_what_they_are_called) {
  sim::RunPlan plan = test::SmallPlan();
  for (sim::NodePlan& node : plan.nodes) {
    if (node.info.role == Role::kTidb) node.delivered = "v2.0.9";
  }
  SmallLab lab(std::move(plan));
  const RootDir root(lab.trees().ResourcesDir());
  for (const char* path : {"/bin/tidb-server", "/v2.1.0/bin/tidb-server"}) {
    const Fd file = root.Open(path, 0);
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(file), path);
    BOOST_TEST(ReadStamp(file.get())->version == "v2.0.9", path);
  }
  const Fd old = root.Open("/v2.0.7/bin/tidb-server", 0);
  BOOST_TEST(ReadStamp(old.get())->version == "v2.0.7");
}

BOOST_AUTO_TEST_CASE(resources_have_old_and_new_binaries) {
  SmallLab lab;
  const RootDir root(lab.trees().ResourcesDir());
  BOOST_TEST(root.List("/").size() == 4U);  // bin, kafka-head, v2.0.7, v2.1.0
  for (const auto& [path, version] :
       std::map<std::string, std::string>{{"/bin/pump", "v2.1.0"},
                                          {"/bin/tidb-server", "v2.1.0"},
                                          {"/v2.0.7/bin/tidb-server", "v2.0.7"},
                                          {"/kafka-head/bin/drainer", "kafka-head"}}) {
    const Fd file = root.Open(path, 0);
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(file), path);
    BOOST_TEST(ReadStamp(file.get())->version == version);
  }
}

BOOST_AUTO_TEST_CASE(hosts_have_several_names) {
  SmallLab lab;
  BOOST_TEST(lab.trees().HostNamed("drainer-orders").value() == "10.0.1.9");
  BOOST_TEST(lab.trees().HostNamed("10.0.1.2").value() == "10.0.1.2");
  BOOST_TEST(!lab.trees().HostNamed("10.0.1.71").has_value());  // a sink is no host of ours
  BOOST_TEST(!lab.trees().HostNamed("example.org").has_value());
}

// An operator's unit of another name stands for the node whose binary its script runs.
BOOST_AUTO_TEST_CASE(a_unit_of_another_name_is_found_by_what_it_runs) {
  SmallLab lab;
  const RootDir& host = lab.On("10.0.1.1");
  BOOST_REQUIRE(host.Write("/home/tidb/pump-cluster/scripts/run.sh",
                           "#!/bin/sh\ncd /home/tidb/pump-cluster\nexec bin/pump --addr=:8251\n",
                           0755)
                    .has_value());
  BOOST_REQUIRE(host.Write("/etc/systemd/system/new-pump.service",
                           "[Service]\nExecStart=/home/tidb/pump-cluster/scripts/run.sh\n", 0644)
                    .has_value());
  BOOST_TEST(lab.trees().NodeOfUnit("10.0.1.1", "new-pump.service") ==
             Node(lab.plan(), "10.0.1.1", "pump-8251.service"));
  BOOST_REQUIRE(
      host.Write("/etc/systemd/system/other.service", "[Service]\nExecStart=/usr/bin/other\n", 0644)
          .has_value());
  BOOST_TEST(lab.trees().NodeOfUnit("10.0.1.1", "other.service") == kNoNode);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
