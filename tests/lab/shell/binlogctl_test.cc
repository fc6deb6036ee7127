// binlogctl: what it lists, what it hands on, and its log lines.
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/asked.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using test::AskedLab;
using test::ExpectReply;
using Lines = std::vector<std::string>;

// Two Pumps, one of them offline: {"nodeId":"h1:8250","host":"10.0.1.1:8250","state":"online",
// "maxCommitTS":405000000000000000,"updateTS":405000000000000000} and its like.
constexpr const char* kRegistry =
    R"({"kvs":[{"key":"YQ==","value":"eyJub2RlSWQiOiJoMTo4MjUwIiwiaG9zdCI6IjEwLjAuMS4xOjgyNTAiLCJ)"
    R"(zdGF0ZSI6Im9ubGluZSIsIm1heENvbW1pdFRTIjo0MDUwMDAwMDAwMDAwMDAwMDAsInVwZGF0ZVRTIjo0MDUwMDAwMDA)"
    R"(wMDAwMDAwMDB9"},{"key":"Yg==","value":"eyJub2RlSWQiOiJoMjo4MjUwIiwiaG9zdCI6IjEwLjAuMS4yOjgyNT)"
    R"(AiLCJzdGF0ZSI6Im9mZmxpbmUiLCJtYXhDb21taXRUUyI6MSwidXBkYXRlVFMiOjB9"}],"count":"2"})";

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_binlogctl)

BOOST_AUTO_TEST_CASE(lists_nodes_as_log_lines) {
  AskedLab lab;
  lab.hands().answers["list-registry /tidb-binlog/v1/pumps"] = {port::AnswerCode::kOk, 200,
                                                                kRegistry};
  ExpectReply(lab.Run("localhost", "binlogctl", {"-pd-urls=http://10.0.1.1:2379", "-cmd", "pumps"}),
              0, "",
              "[2019/01/01 00:01:30.000 +00:00] [INFO] [nodes.go:53] [\"query node\"] [type=pump] "
              "[node=\"{NodeID: h1:8250, Addr: 10.0.1.1:8250, State: online, MaxCommitTS: "
              "405000000000000000, UpdateTime: 2018-12-16 09:26:32 +0000 UTC}\"]\n");
  const Reply all = lab.Run("localhost", "binlogctl", {"--cmd=pumps", "-show-offline-nodes"});
  BOOST_TEST(all.errors.find("State: offline") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hands_the_rest_to_the_world) {
  AskedLab lab;
  lab.hands().answers["run-hook binlogctl"] = {
      port::AnswerCode::kOk, 0, "Apply action on node success, action: pause, NodeID: h1:8250"};
  ExpectReply(lab.Run("localhost", "binlogctl", {"-cmd", "pause-pump", "-node-id", "h1:8250"}), 0,
              "",
              "[2019/01/01 00:01:30.000 +00:00] [INFO] [nodes.go:122] [\"Apply action on node "
              "success\"] [action=pause] [NodeID=h1:8250]\n");
  lab.hands().answers["run-hook binlogctl"] = {
      port::AnswerCode::kFailed, 1,
      "fail to execute command offline-pump, error: nodeID x not found"};
  ExpectReply(lab.Run("localhost", "binlogctl", {"-cmd", "offline-pump", "-node-id", "x"}), 1, "",
              "[2019/01/01 00:01:30.000 +00:00] [FATAL] [main.go:67] [\"fail to execute "
              "command\"] [command=offline-pump] [error=\"nodeID x not found\"]\n");
}

BOOST_AUTO_TEST_CASE(another_cluster_is_refused) {
  AskedLab lab;
  BOOST_TEST(
      lab.Run("localhost", "binlogctl", {"-pd-urls", "http://10.9.9.9:2379", "-cmd", "pumps"})
          .exit == 1);
  BOOST_TEST(lab.hands().refused.size() == 1U);
  BOOST_TEST(lab.hands().log.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
