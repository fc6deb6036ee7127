// Faults as a scenario writes them.
#include "sim/fault_text.h"

#include <boost/test/unit_test.hpp>

#include "base/files.h"
#include "base/json.h"

namespace tidegate::sim {
namespace {

Result<FaultText> Read(const std::string& text) {
  const Result<JsonDocument> document = JsonDocument::Parse(text, "f.json");
  BOOST_TEST_REQUIRE(document.has_value());
  return ReadFault(*document, document->root());
}

// The fault in the words of trace and report, or why it was refused.
std::string Said(const std::string& text) {
  const Result<FaultText> fault = Read(text);
  return fault ? DescribeFault(*fault, fault->at_low) : fault.error().ToString();
}

BOOST_AUTO_TEST_SUITE(fault_text)

BOOST_AUTO_TEST_CASE(every_kind_is_read_and_described) {
  const std::pair<const char*, const char*> kinds[] = {
      {R"({"kill": "tidb-1", "at": "30s"})", "kill tidb-1 at 30s"},
      {R"({"restart": "old-drainer-1", "at": "1m"})", "restart old-drainer-1 at 1m for 2s"},
      {R"({"stop": "old-pump-1", "at": "1s", "for": "5s"})", "stop old-pump-1 at 1s for 5s"},
      {R"({"partition": ["old-pump-1", "kafka-1"], "at": "10s", "for": "20s"})",
       "partition old-pump-1 kafka-1 at 10s for 20s"},
      {R"({"hang": "pd-1", "at": "1s"})", "hang pd-1 at 1s"},
      {R"({"slow_downstream": "downstream-1", "by": "50ms", "at": "1s"})",
       "slow_downstream downstream-1 by 50ms at 1s"},
      {R"({"hung_downstream": "downstream-1", "at": "1s"})", "hung_downstream downstream-1 at 1s"},
      {R"({"kafka_unreachable": "kafka-1", "at": "1s"})", "kafka_unreachable kafka-1 at 1s"},
      {R"({"retention": "kafka-1", "topic": "old-pump-1", "keep": 9, "at": "1s"})",
       "retention kafka-1 old-pump-1 keep 9 at 1s"},
      {R"({"pd_no_tso": "pd-1", "at": "1s"})", "pd_no_tso pd-1 at 1s"},
      {R"({"clock_jump": "old-drainer-1", "by": "-5s", "at": "1s"})",
       "clock_jump old-drainer-1 by -5s at 1s"},
      {R"({"engine_crash": "after-action", "output": 12})", "engine_crash after-action output 12"},
      {R"({"lose_binlogs": "old-pump-1", "count": 3, "at": "1s"})",
       "lose_binlogs old-pump-1 count 3 at 1s"},
      {R"({"start_node": "old-drainer-1", "at": "1s"})", "start_node old-drainer-1 at 1s"},
      {R"({"registry_stale": "pd-1", "drainer": "old-drainer-1", "at": "1s"})",
       "registry_stale pd-1 old-drainer-1 at 1s"},
      {R"({"pd_tso_back": "pd-1", "by": "10m", "at": "1s"})", "pd_tso_back pd-1 by 10m at 1s"},
      {R"({"partition_one_way": ["pump-1", "tidb-1"], "at": "1s"})",
       "partition_one_way pump-1 tidb-1 at 1s"},
      {R"({"delay": ["pump-1", "drainer-1"], "by": "2s", "at": "1s"})",
       "delay pump-1 drainer-1 by 2s at 1s"},
      {R"({"failing_downstream": "downstream-1", "count": 3, "at": "1s"})",
       "failing_downstream downstream-1 count 3 at 1s"},
      {R"({"lose_acks": "pump-1", "at": "1s"})", "lose_acks pump-1 count 1 at 1s"},
      {R"({"disk_full": "pump-1", "at": "1s", "for": "9s"})", "disk_full pump-1 at 1s for 9s"},
      {R"({"short_write": "pump-1", "at": "1s"})", "short_write pump-1 at 1s"},
      {R"({"power_loss": "pump-1", "lose": 7, "at": "1s"})", "power_loss pump-1 lose 7 at 1s"},
      {R"({"unclean_leader": "kafka-1", "topic": "old-pump-1", "lose": 2, "at": "1s"})",
       "unclean_leader kafka-1 old-pump-1 lose 2 at 1s"},
      {R"({"reorder_tail": "kafka-1", "topic": "old-pump-1", "count": 2, "at": "1s"})",
       "reorder_tail kafka-1 old-pump-1 count 2 at 1s"},
      {R"({"etcd_down": "pd-1", "at": "1s"})", "etcd_down pd-1 at 1s"},
      {R"({"stale_pump": "pd-1", "state": "paused", "at": "1s"})",
       "stale_pump pd-1 state paused at 1s"},
      {R"({"stale_drainer": "pd-1", "state": "online", "at": "1s"})",
       "stale_drainer pd-1 state online at 1s"},
      {R"({"duplicate_id": "pump-2", "of": "pump-1", "at": "1s"})",
       "duplicate_id pump-2 pump-1 at 1s"},
      {R"({"new_identity": "pump-1", "at": "1s"})", "new_identity pump-1 at 1s"},
      {R"({"oversized": "tidb-1", "at": "1s"})", "oversized tidb-1 count 1 at 1s"},
      {R"({"update_state": "pump-1", "state": "offline", "at": "1s"})",
       "update_state pump-1 state offline at 1s"},
      {R"({"put_state": "pump-1", "action": "close", "at": "1s"})",
       "put_state pump-1 action close at 1s"},
      {R"({"old_binary": "tidb-1", "at": "1s"})", "old_binary tidb-1 at 1s"},
      {R"({"reboot": "pump-1", "at": "1s"})", "reboot pump-1 at 1s for 30s"},
      {R"({"send_sigkill": "pump-1", "at": "1s"})", "send_sigkill pump-1 at 1s"},
      {R"({"registry_garbage": "pd-1", "at": "1s"})", "registry_garbage pd-1 at 1s"},
      {R"({"keep_socket": "old-pump-1", "at": "1s"})", "keep_socket old-pump-1 at 1s"},
  };
  std::size_t kind = 0;
  for (const auto& [text, words] : kinds) {
    BOOST_TEST(Said(text) == words);
    const Result<FaultText> fault = Read(text);
    BOOST_TEST((fault.has_value() && fault->kind == static_cast<FaultKind>(kind)), text);
    ++kind;
  }
  BOOST_TEST(kind == static_cast<std::size_t>(FaultKind::kCount));
}

BOOST_AUTO_TEST_CASE(the_catalogue_lists_every_kind) {
  const Result<std::string> page = ReadFile(TIDEGATE_SOURCE_DIR "/docs/faults.md");
  BOOST_TEST_REQUIRE(page.has_value());
  for (std::size_t i = 0; i < static_cast<std::size_t>(FaultKind::kCount); ++i) {
    const std::string row = "| `" + std::string(SpecOfFault(static_cast<FaultKind>(i)).key) + "` |";
    BOOST_TEST(page->find(row) != std::string::npos, row);
  }
}

BOOST_AUTO_TEST_CASE(events_codes_texts_and_steps) {
  BOOST_TEST(Said(R"({"kill": "a", "on": {"step": "wait-drained"}, "after": "1s"})") ==
             "kill a on step-started 'wait-drained' + 1s");
  BOOST_TEST(Said(R"({"kill": "a", "on": {"event": "checkpoint-saved", "node": "d"}, "nth": 2})") ==
             "kill a on checkpoint-saved of d number 2");
  const Result<FaultText> code =
      Read(R"({"kill": "a", "on": {"event": "gate-judged", "match": "open"}})");
  BOOST_TEST_REQUIRE(code.has_value());
  BOOST_TEST(code->on.match_code == 1);
  BOOST_TEST(code->on.match_text == "");
  const Result<FaultText> words =
      Read(R"({"kill": "a", "on": {"event": "gate-judged", "match": "Lower"}})");
  BOOST_TEST_REQUIRE(words.has_value());
  BOOST_TEST(words->on.match_code == -1);
  BOOST_TEST(words->on.match_text == "Lower");
}

BOOST_AUTO_TEST_CASE(each_mistake_has_its_place) {
  const std::pair<const char*, const char*> mistakes[] = {
      {R"({"at": "1s"})",
       "f.json:1:1: a fault needs one of the keys kill, restart, stop, partition, hang, "
       "slow_downstream, hung_downstream, kafka_unreachable, retention, pd_no_tso, clock_jump, "
       "engine_crash, lose_binlogs, start_node, registry_stale, pd_tso_back, partition_one_way, "
       "delay, failing_downstream, lose_acks, disk_full, short_write, power_loss, unclean_leader, "
       "reorder_tail, etcd_down, stale_pump, stale_drainer, duplicate_id, new_identity, oversized, "
       "update_state, put_state, old_binary, reboot, send_sigkill, registry_garbage, "
       "keep_socket"},
      {R"({"reboott": "pump-1", "at": "1s"})",
       "f.json:1:2: no fault is named 'reboott'; did you mean 'reboot'?"},
      {R"({"update_state": "pump-1", "at": "1s"})",
       "f.json:1:1: the fault 'update_state' needs 'state'"},
      {R"({"update_state": "pump-1", "state": "pasued", "at": "1s"})",
       "f.json:1:37: 'state' is 'pasued'; it must be one of online, pausing, paused, closing, "
       "offline; did you mean 'paused'?"},
      {R"({"delay": "pump-1", "by": "1s", "at": "1s"})",
       "f.json:1:11: 'delay' must be two names of different nodes"},
      {R"({"kill": "a", "stop": "b", "at": "1s"})",
       "f.json:1:23: a fault is one thing: this one has 'kill' and 'stop'"},
      {R"({"kill": "a"})", "f.json:1:1: a fault needs 'at' or 'on', one of them"},
      {R"({"kill": "a", "at": "1s", "on": {"step": "stop-tidb"}})",
       "f.json:1:1: a fault needs 'at' or 'on', one of them"},
      {R"({"kill": "a", "at": ["9s", "1s"]})",
       "f.json:1:21: 'at' must be a time from 0s on, or [earliest, latest]"},
      {R"({"kill": "a", "at": "1s", "nth": 2})", "f.json:1:34: 'nth' goes with 'on'"},
      {R"({"start_node": "a", "at": "1s", "for": "2s"})",
       "f.json:1:40: the fault 'start_node' does not last; it takes no 'for'"},
      {R"({"partition": ["a"], "at": "1s"})",
       "f.json:1:15: 'partition' must be two names of different nodes"},
      {R"({"slow_downstream": "d", "at": "1s"})",
       "f.json:1:1: the fault 'slow_downstream' needs 'by'"},
      {R"({"slow_downstream": "d", "by": "-1s", "at": "1s"})", "f.json:1:32: 'by' must be above 0"},
      {R"({"retention": "k", "at": "1s"})", "f.json:1:1: a fault needs 'topic'"},
      {R"({"kill": "a", "on": {"event": "checkpoint-savd"}})",
       "f.json:1:31: no event is named 'checkpoint-savd'; did you mean 'checkpoint-saved'?"},
      {R"({"kill": "a", "on": {"event": "binlog-acked", "match": "prewrit"}})",
       "f.json:1:56: the event 'binlog-acked' has no 'prewrit'; did you mean 'prewrite'?"},
      {R"({"kill": "a", "on": {"event": "alert", "step": "stop-tidb"}})",
       "f.json:1:21: 'step' stands for the event step-started of that step"},
      {R"({"kill": "a", "at": "1s", "fro": "2s"})",
       "f.json:1:27: unknown key 'fro' in a fault; did you mean 'for'?"},
  };
  for (const auto& [text, message] : mistakes) BOOST_TEST(Said(text) == message);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::sim
