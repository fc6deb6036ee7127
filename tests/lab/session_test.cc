// The lab as a program finds it: what its sockets, commands and clock do, and that two runs are
// one.
#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/lab/lab_run.h"

namespace tidegate::test {
namespace {

const std::string kSmall = "kafka-to-cluster/small.json";
const std::string kRunBook = "kafka-to-cluster/run-book.json";

const std::string kWritesEtcd = R"sh(
kv=http://10.0.2.1:2379/v3beta/kv
b() { printf %s "$1" | base64 -w0; }
call() {
  curl -s -w '%{http_code}\n' $kv/$1 -d "$2" |
    jq -c 'if type == "object" then del(.header) else . end'
}
get() { curl -s $kv/range -d "{\"key\":\"$(b $1)\"}" | jq -r '.kvs[0].value' | base64 -d; }
put() { echo "{\"key\":\"$(b $1)\",\"value\":\"$(b "$2")\"}"; }
pumps=/tidb-binlog/v1/pumps/
key=$(curl -s $kv/range -d "{\"key\":\"$(b $pumps)\",\"range_end\":\"$(b ${pumps%/}0)\"}" |
  jq -r '.kvs[0].key' | base64 -d)
paused=$(get $key | sed s/online/paused/)
call put "$(put $key "$paused")"
get $key | jq -r .state
sleep 3
get $key | jq -r .state

gone=${pumps}gone:8250
offline='{"nodeId":"gone:8250","host":"10.9.9.9:8250","state":"offline","maxCommitTS":7}'
create="{\"compare\":[{\"key\":\"$(b $gone)\",\"target\":\"CREATE\",\"create_revision\":\"0\"}],
  \"success\":[{\"request_put\":$(put $gone "$offline")}],
  \"failure\":[{\"request_range\":{\"key\":\"$(b $gone)\"}}]}"
call txn "$create"
call txn "$create" | sed 's/"value":"[^"]*"/VALUE/'
sleep 3
get $gone; echo
swap() {
  call txn "{\"success\":[{\"request_put\":$(put $gone "$2")}],
    \"compare\":[{\"key\":\"$(b $gone)\",\"target\":\"VALUE\",\"value\":\"$(b "$1")\"}]}"
}
moved=$(get $gone | sed s/offline/paused/)
swap "$offline" "$moved"
swap "$(get $gone)" "$moved"
get $gone | jq -r .state

swap "$(get $gone)" "$offline " | cut -c1-59
swap "$(get $gone)" "$paused" | cut -c1-59
call put "$(put $key "$(echo "$paused" | sed 's/"host":"10/"host":"11/')")" | cut -c1-59
call put "$(put $key x)" | cut -c1-59
call put "$(put /tidb-binlog/pumps/x/object '{}')"
call put nonsense | tail -1
)sh";

std::string Ending(const rehearsal::RunResult& result) {
  for (const rehearsal::StepLine& line : result.steps) {
    if (line.step == "engine" && line.what != "begins") return line.what + ": " + line.text;
  }
  return "";
}

BOOST_AUTO_TEST_SUITE(session)

BOOST_AUTO_TEST_CASE(time_passes_only_while_everybody_sleeps) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = kSmall, .command = "date -u +%T.%N; sleep 7200; date -u +%T.%N"});
  BOOST_TEST(result.engine_output == "00:00:03.000000000\n02:00:03.000000000\n");
  BOOST_TEST(Ending(result) == "done: exit status 0");
}

// Ports open and close with their processes; a hung node accepts and says nothing.
BOOST_AUTO_TEST_CASE(ports_are_as_their_processes) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result = Run(
      {.scenario = kSmall,
       .command =
           "get() { curl -s -o /dev/null -w '%{http_code} ' \"$@\"; echo \"$? $(date -u +%S)\"; }\n"
           "get http://10.0.4.1:8249/status\n"
           "get http://10.0.4.1:8249/nowhere\n"
           "get http://10.0.7.1:8250/status\n"
           "get telnet://10.0.6.1:9092 --max-time 2\n"
           "get --max-time 5 http://10.0.1.1:8250/status\n"
           "ssh 10.0.4.1 sudo systemctl stop drainer\n"
           "get http://10.0.4.1:8249/status\n",
       .overrides = {R"(faults=[{"hang": "old-pump-1", "at": "3s", "for": "5m"}])"}});
  BOOST_TEST(result.engine_output ==
             "200 0 03\n404 0 03\n000 7 03\n000 28 05\n000 28 10\n000 7 10\n");
}

BOOST_AUTO_TEST_CASE(the_registry_is_read_by_etcds_gateway) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = kSmall,
           .command =
               "pd=http://10.0.2.1:2379\n"
               "range() { curl -s $pd/$1/kv/range -d \"{\\\"key\\\":\\\"$(printf %s $2 | base64 "
               "-w0)\\\","
               "\\\"range_end\\\":\\\"$(printf %s $3 | base64 -w0)\\\"}\"; echo; }\n"
               "range v3alpha /tidb-binlog/ /tidb-binlog0 | jq -r '.kvs[].key' | base64 -d; echo\n"
               "range v3beta /tidb-binlog/pumps/tidb1:8250/object '' | jq -r '.count'\n"
               "range v3 /tidb-binlog/ /tidb-binlog0\n"
               "range v3alpha /a /z\n"
               "curl -s $pd/v3alpha/kv/compaction -d '{}'; echo\n"
               "curl -s $pd/pd/api/v1/health | jq -c '.[].health'\n"});
  BOOST_TEST(result.engine_output ==
             "/tidb-binlog/cisterns/10.0.4.1:8249/alive/tidb-binlog/cisterns/10.0.4.1:8249/object"
             "/tidb-binlog/pumps/tidb1:8250/alive/tidb-binlog/pumps/tidb1:8250/object\n"
             "1\n"
             "{\"error\":\"Not Found\",\"code\":5}\n"
             "{\"error\":\"the lab's etcd lists by prefix alone\",\"code\":12}\n"
             "{\"error\":\"the lab's etcd offers no /kv/compaction\",\"code\":5}\n"
             "true\n");
}

// A living Pump's heartbeat undoes what was put over its entry; nobody's undoes another's.
BOOST_AUTO_TEST_CASE(the_registry_is_written_by_etcds_gateway) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = "rolling-manual/small.json", .command = kWritesEtcd});
  BOOST_TEST(result.engine_output == R"({}
200
paused
online
{"succeeded":true,"responses":[{"response_put":{"header":{"revision":"1"}}}]}
200
{"responses":[{"response_range":{"header":{"revision":"1"},"kvs":[{"key":"L3RpZGItYmlubG9nL3YxL3B1bXBzL2dvbmU6ODI1MA==",VALUE}],"count":"1"}}]}
200
{"nodeId":"gone:8250","host":"10.9.9.9:8250","state":"offline","isAlive":false,"score":0,"label":null,"maxCommitTS":7,"updateTS":0}
{}
200
{"succeeded":true,"responses":[{"response_put":{"header":{"revision":"1"}}}]}
200
paused
{"succeeded":true,"responses":[{"response_put":{"header":{"
200
{"error":"the lab's etcd keeps node states alone: value: 'n
501
{"error":"the lab's etcd keeps node states alone: 'host' of
501
{"error":"the lab's etcd keeps node states alone: value:1:1
501
{"error":"the lab's etcd keeps node states alone: '/tidb-binlog/pumps/x/object' is no key below /tidb-binlog/v1/pumps/ or /tidb-binlog/v1/drainers/","code":12}
501
400
)");
}

// Who lives makes its key anew with its next heartbeat, and keys that nobody keeps are gone. No
// product deletes one, so whatever becomes of it, it was the engine.
BOOST_AUTO_TEST_CASE(keys_are_deleted_by_etcds_gateway) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result = Run({.scenario = "rolling-manual/small.json", .command = R"sh(
b() { printf %s "$1" | base64 -w0; }
pumps=/tidb-binlog/v1/pumps/
call() { curl -s http://10.0.2.1:2379/v3beta/kv/$1 -d "$2" | jq -c 'del(.header)'; }
get() { call range "{\"key\":\"$(b $pumps$1)\"}" | jq -r '.kvs[0].value // empty' | base64 -d | jq -r .state; }
gone() { call deleterange "{\"key\":\"$(b $1)\",\"prev_kv\":$2}" | sed 's/"value":"[^"]*"/VALUE/'; }
gone ${pumps}pump1:8250 true
get pump1:8250; sleep 3; get pump1:8250
ssh 10.0.7.1 sudo systemctl stop pump-8250
gone ${pumps}pump1:8250 false; gone ${pumps}pump1:8250 false; sleep 3
call range "{\"key\":\"$(b $pumps)\",\"range_end\":\"$(b ${pumps%/}0)\"}" | jq -r .count
call put "{\"key\":\"$(b ${pumps}x)\",\"value\":\"$(b '{"nodeId":"x","host":"h:1","state":"offline"}')\",\"prev_kv\":true}"
call txn "{\"success\":[{\"request_delete_range\":{\"key\":\"$(b ${pumps}x)\"}}]}"
)sh"});
  BOOST_TEST(
      result.engine_output ==
      R"({"deleted":"1","prev_kvs":[{"key":"L3RpZGItYmlubG9nL3YxL3B1bXBzL3B1bXAxOjgyNTA=",VALUE}]}
online
{"deleted":"1"}
{}
1
{}
{"succeeded":true,"responses":[{"response_delete_range":{"header":{"revision":"1"},"deleted":"1"}}]}
)");
  std::uint64_t deletions = 0;
  for (const auto& finding : result.verdict.findings) {
    if (finding.check != "registry-moves") continue;
    BOOST_TEST((finding.cause == verifier::Cause::kEngine));
    deletions += finding.count;
  }
  BOOST_TEST(deletions == 2U);
}

// Kafka, ZooKeeper, PD and TiKV have processes, units and ports that go together.
BOOST_AUTO_TEST_CASE(parts_that_nobody_upgrades_come_and_go) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = "kafka-to-cluster/host-names.json", .command = R"sh(
port() { curl -s --max-time 1 telnet://$1:$2 </dev/null; test $? = 7 && echo closed || echo open; }
kafka=kafka-a.example.com
ssh $kafka 'pgrep -fc kafka.Kafka >/dev/null && systemctl is-active kafka'; port $kafka 9092
ssh $kafka 'sudo systemctl stop kafka; pgrep -f kafka.Kafka || echo none'; port $kafka 9092
ssh $kafka 'kafka/bin/kafka-server-start.sh -daemon kafka/config/server.properties'
sleep 5; port $kafka 9092
ssh $kafka 'kafka/bin/kafka-server-stop.sh; sleep 1; kafka/bin/kafka-server-stop.sh'; port $kafka 9092
ssh $kafka 'journalctl -u kafka -o cat'
ssh pd-a.example.com 'bin=deploy/bin; $bin/pd-server -V | head -1; kill -9 $(pgrep pd-server)
journalctl -u pd -o cat -n2'; port pd-a.example.com 2379; sleep 20; port pd-a.example.com 2379
ssh tikv-a.example.com 'deploy/bin/tikv-server -V; deploy/scripts/stop_tikv.sh'
port tikv-a.example.com 20160
)sh"});
  BOOST_TEST(result.engine_output ==
             "active\nopen\nnone\nclosed\nopen\nNo kafka server to stop\nclosed\n"
             "Started kafka.service - kafka service.\n"
             "Stopping kafka.service - kafka service...\n"
             "kafka.service: Deactivated successfully.\n"
             "Stopped kafka.service - kafka service.\n"
             "Release Version: v2.0.7\n"
             "pd.service: Main process exited, code=killed, status=9/KILL\n"
             "pd.service: Failed with result 'signal'.\n"
             "closed\nopen\nTiKV 2.0.7\nclosed\n");
}

// An inventory with names works as it is.
BOOST_AUTO_TEST_CASE(hosts_that_are_called_by_names) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult by_name =
      Run({.scenario = "kafka-to-cluster/host-names.json",
           .command =
               "getent hosts tidb-a | sed 's/  */ /'; ssh pump-a.example.com pwd; ssh pump1 pwd\n"
               "curl -s http://tidb-a:8249/status | jq -c 'keys[0]'\n"
               "python3 -c 'import socket; print(socket.gethostbyname(\"drainer-a\"))'\n"
               "ssh drainer-a getent hosts pd-a.example.com | sed 's/  */ /'\n"
               "ssh tidb-b true"});
  BOOST_TEST(by_name.engine_output ==
             "198.18.0.7 tidb-a\n/home/tidb\n/home/tidb\n\"DepositWindow\"\n198.18.0.2\n"
             "198.18.0.4 pd-a.example.com\nssh: Could not resolve hostname tidb-b: Name or service "
             "not known\n");
  const rehearsal::RunResult ours =
      Run({.scenario = "kafka-to-cluster/host-names.json", .command = "binlog-upgrade"});
  BOOST_TEST((ours.verdict.outcome == verifier::Outcome::kPass));
}

// What binlogctl writes to etcd itself: undone by a living Pump's heartbeat, and for good of a dead
// one's, which is the engine's doing then.
BOOST_AUTO_TEST_CASE(the_registry_is_written_by_binlogctl) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result = Run({.scenario = "rolling-manual/small.json", .command = R"sh(
b() { binlogctl -pd-urls=http://10.0.2.1:2379 "$@" 2>&1; echo $?; }
state() { b -cmd pumps | sed -n 's/.*NodeID: pump1:8250.*State: \([a-z]*\).*/\1/p'; }
move() { b -cmd update-pump -node-id pump1:8250 -state $1 | sed 's/.*\[error=/error: /'; }
move paused; state; sleep 3; state
move asleep
ssh 10.0.7.1 sudo systemctl stop pump-8250
b -cmd pause-pump -node-id pump1:8250 | sed 's/.*dial/dial/'
move offline; sleep 3; state
cd $(mktemp -d); b -cmd generate_meta | tail -1; sed 's/[0-9][0-9]*/TS/' binlog_position/savepoint
)sh"});
  BOOST_TEST(result.engine_output == R"(0
paused
online
error: "state asleep is illegal"]
1
dial tcp 10.0.7.1:8250: connect: connection refused"]
1
0
offline
0
commitTS = TS
)");
  const auto& findings = result.verdict.findings;
  const auto move = std::find_if(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.check == "registry-moves";
  });
  BOOST_REQUIRE(move != findings.end());
  BOOST_TEST((move->cause == verifier::Cause::kEngine));
}

// Requests at once, random numbers, names of temporary files: the same in every run.
BOOST_AUTO_TEST_CASE(two_runs_are_one) {
  if (!LabWorksHere()) return;
  const InLab what = {.scenario = kRunBook,
                      .command =
                          "for i in 1 2 3 4; do\n"
                          "  (curl -s http://172.16.10.49:8249/status; sleep 0.$i;\n"
                          "   curl -s http://172.16.10.49:8250/status) | cksum &\n"
                          "done; wait; echo $RANDOM; mktemp -u; \n"
                          "ssh 172.16.10.49 sudo systemctl restart pump drainer &\n"
                          "sleep 1; wait; curl -s http://172.16.10.49:8249/status"};
  const rehearsal::RunResult first = Run(what);
  const rehearsal::RunResult second = Run(what);
  BOOST_TEST(first.engine_output == second.engine_output);
  BOOST_TEST(first.digest == second.digest);
  BOOST_TEST(JsonlOf(first.trace) == JsonlOf(second.trace));
}

BOOST_AUTO_TEST_CASE(an_exit_status_is_how_the_engine_ended) {
  if (!LabWorksHere()) return;
  const auto end = [](const std::string& command) {
    return Run({.scenario = kSmall, .command = command, .clock = "real"});
  };
  const rehearsal::RunResult refused = end("echo the gate is shut; exit 6");
  BOOST_TEST(Ending(refused) == "refused: exit status 6: the gate is shut");
  BOOST_TEST((refused.verdict.outcome == verifier::Outcome::kRefused));
  const rehearsal::RunResult failed = end("exit 3");
  BOOST_TEST(Ending(failed) == "failed: exit status 3");
  BOOST_TEST((failed.verdict.outcome == verifier::Outcome::kNoProgress));
  BOOST_TEST(Ending(end("kill -9 $$")) == "failed: exit status 137");
}

BOOST_AUTO_TEST_CASE(the_real_clock_is_the_machines) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = kSmall,
           .command = "sleep 0.3; curl -s -o /dev/null -w '%{http_code}\\n' "
                      "http://10.0.4.1:8249/status",
           .clock = "real"});
  BOOST_TEST(result.engine_output == "200\n");
  BOOST_TEST(result.steps.back().time >= 3 * kSecond + 300 * kMillisecond);
}

BOOST_AUTO_TEST_CASE(a_port_closes_under_the_real_clock_too) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = kSmall,
           .command = "ssh 10.0.4.1 sudo systemctl stop drainer; "
                      "curl -s http://10.0.4.1:8249/status; echo $?",
           .clock = "real"});
  BOOST_TEST(result.engine_output == "7\n");
}

// What is no host of the cluster is not reached.
BOOST_AUTO_TEST_CASE(nothing_leaves_the_lab) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result = Run(
      {.scenario = kSmall, .command = "ssh 192.0.2.1 true; curl -s http://192.0.2.1/; echo $?"});
  BOOST_REQUIRE_EQUAL(result.refused_by_lab.size(), 1U);
  BOOST_TEST(result.refused_by_lab[0] ==
             "on localhost: ssh to '192.0.2.1', which is no host of this cluster");
  BOOST_TEST(result.engine_output.ends_with("\n7\n"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
