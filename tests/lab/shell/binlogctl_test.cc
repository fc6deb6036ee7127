// binlogctl: what it lists, what it hands on, and its log lines.
#include <boost/test/unit_test.hpp>

#include "lab/shell/binlogctl_options.h"
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

const std::string kPd = "-pd-urls=http://10.0.1.1:2379";

// With Pumps of `version` to come.
sim::RunPlan PlanOf(const std::string& version) {
  sim::RunPlan plan = test::SmallPlan();
  plan.nodes.back().info.target_version = version;
  return plan;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_binlogctl)

BOOST_AUTO_TEST_CASE(lists_nodes_as_log_lines) {
  AskedLab lab(PlanOf("v3.0.6"));
  lab.hands().answers["list-registry /tidb-binlog/v1/pumps"] = {port::AnswerCode::kOk, 200,
                                                                kRegistry};
  ExpectReply(lab.Run("localhost", "binlogctl", {kPd, "-cmd", "pumps"}), 0, "",
              "[2019/01/01 00:01:30.000 +00:00] [INFO] [nodes.go:53] [\"query node\"] [type=pump] "
              "[node=\"{NodeID: h1:8250, Addr: 10.0.1.1:8250, State: online, MaxCommitTS: "
              "405000000000000000, UpdateTime: 2018-12-16 09:26:32 +0000 UTC}\"]\n");
  const Reply all = lab.Run("localhost", "binlogctl", {"--cmd=pumps", "-show-offline-nodes", kPd});
  BOOST_TEST(all.errors.find("State: offline") != std::string::npos);
}

// pumps is what it does without -cmd. Up to 2.1.18 and 3.0.5 all are shown.
BOOST_AUTO_TEST_CASE(by_release) {
  AskedLab lab(PlanOf("v2.1.18"));
  lab.hands().answers["list-registry /tidb-binlog/v1/pumps"] = {port::AnswerCode::kOk, 200,
                                                                kRegistry};
  const Reply all = lab.Run("localhost", "binlogctl", {kPd});
  BOOST_TEST(
      all.errors.starts_with("2019/01/01 00:01:30 nodes.go:53: [info] query node, type: "
                             "pump, node: {NodeID: h1:8250, "));
  BOOST_TEST(all.errors.find("State: offline") != std::string::npos);
  const Reply hidden = lab.Run("localhost", "binlogctl", {kPd, "-show-offline-nodes"});
  BOOST_TEST(hidden.exit == 2);
  BOOST_TEST(hidden.errors.starts_with("flag provided but not defined: -show-offline-nodes\n"));
  BOOST_TEST(
      hidden.errors.ends_with("[error] parse cmd flags, error: flag provided but not "
                              "defined: -show-offline-nodes\n"));
  ExpectReply(lab.Run("localhost", "binlogctl", {kPd, "-cmd", "purge"}), 1, "",
              "2019/01/01 00:01:30 main.go:67: [fatal] fail to execute command purge, error: cmd "
              "purge not supported\n");
  BOOST_TEST(
      lab.Run("localhost", "binlogctl", {"-V"}).output.starts_with("Release Version: v2.1.18\n"));
  // tidb-tools' own did nothing then.
  AskedLab older(PlanOf("v2.1.5"));
  ExpectReply(older.Run("localhost", "binlogctl", {kPd, "-cmd", "purge"}), 0, "", "");
}

BOOST_AUTO_TEST_CASE(words_that_are_refused) {
  AskedLab lab(PlanOf("v4.0.0"));
  const auto error = [&](std::vector<std::string> argv) {
    const Reply reply = lab.Run("localhost", "binlogctl", std::move(argv));
    BOOST_TEST(reply.exit == 2);
    BOOST_TEST(lab.hands().log.empty());
    const std::size_t at = reply.errors.rfind("[error=");
    return at == std::string::npos ? reply.errors : reply.errors.substr(at);
  };
  BOOST_TEST(error({"pumps"}) == "[error=\"'pumps' is not a valid flag\"]\n");
  BOOST_TEST(error({"-cmd"}) == "[error=\"flag needs an argument: -cmd\"]\n");
  BOOST_TEST(
      error({"-show-offline-nodes=maybe"}).starts_with("[error=\"invalid boolean value \"maybe\""));
  BOOST_TEST(
      lab.Run("localhost", "binlogctl", {"--help"}).errors.starts_with("Usage of binlogctl:\n"));
  BOOST_TEST(lab.Run("localhost", "binlogctl", {kPd, "-cmd", "encrypt", "-text", "x"}).exit == 1);
}

// Its default is a PD on this very machine.
BOOST_AUTO_TEST_CASE(without_pd_urls) {
  AskedLab lab(PlanOf("v4.0.0"));
  const Reply reply = lab.Run("10.0.1.2", "binlogctl", {"-cmd", "pumps"});
  BOOST_TEST(reply.exit == 1);
  BOOST_TEST(reply.errors.find("context deadline exceeded") != std::string::npos);
  BOOST_TEST(lab.hands().refused.empty());
  lab.hands().answers["list-registry /tidb-binlog/v1/pumps"] = {port::AnswerCode::kOk, 200,
                                                                kRegistry};
  BOOST_TEST(lab.Run("10.0.1.1", "binlogctl", {"-cmd", "pumps"}).exit == 0);
}

BOOST_AUTO_TEST_CASE(writes_over_an_entry) {
  AskedLab lab(PlanOf("v4.0.0"));
  lab.hands().answers["run-hook binlogctl update-pump h1:8250"] = {};
  ExpectReply(lab.Run("localhost", "binlogctl",
                      {kPd, "-cmd", "update-pump", "-node-id", "h1:8250", "-state", "offline"}),
              0, "", "");
  BOOST_TEST(lab.hands().log == Lines{"run-hook binlogctl update-pump h1:8250"});
}

BOOST_AUTO_TEST_CASE(makes_a_savepoint) {
  AskedLab lab(PlanOf("v4.0.0"));
  lab.hands().answers["run-hook binlogctl"] = {port::AnswerCode::kOk, 0,
                                               "save meta commitTS: 405000000000000000"};
  ExpectReply(lab.Run("localhost", "binlogctl", {kPd, "-cmd", "generate_meta"}), 0,
              "405000000000000000",
              "[2019/01/01 00:01:30.000 +00:00] [INFO] [meta.go:117] [\"save meta\"] "
              "[meta=\"commitTS: 405000000000000000\"]\n");
  BOOST_TEST(SavepointText(405000000000000000, "") == "commitTS = 405000000000000000\n");
  BOOST_TEST(SavepointText(405000000000000000, "UTC") ==
             "commitTS = 405000000000000000\n2018-12-16 09:26:32.578 +0000 UTC\n"
             "2018-12-16 09:26:32.578 +0000 UTC");
  BOOST_TEST(SavepointText(405000000000000000, "Nowhere/Near") ==
             "commitTS = 405000000000000000\n");
}

BOOST_AUTO_TEST_CASE(hands_the_rest_to_the_world) {
  AskedLab lab(PlanOf("v4.0.0"));
  lab.hands().answers["run-hook binlogctl"] = {
      port::AnswerCode::kOk, 0, "Apply action on node success, action: pause, NodeID: h1:8250"};
  ExpectReply(lab.Run("localhost", "binlogctl", {kPd, "-cmd", "pause-pump", "-node-id", "h1:8250"}),
              0, "",
              "[2019/01/01 00:01:30.000 +00:00] [INFO] [nodes.go:122] [\"Apply action on node "
              "success\"] [action=pause] [NodeID=h1:8250]\n");
  lab.hands().answers["run-hook binlogctl"] = {
      port::AnswerCode::kFailed, 1,
      "fail to execute command offline-pump, error: nodeID x not found"};
  ExpectReply(lab.Run("localhost", "binlogctl", {kPd, "-cmd", "offline-pump", "-node-id", "x"}), 1,
              "",
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
