// What an incident of the library is named after happens in its run, and is no story alone: each
// mechanism is looked for in the trace of our engine's run. (Verdicts are scenarios_test's.)
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/rehearsal/rehearse.h"

namespace tidegate::test {
namespace {

using trace::BinlogType;
using trace::DropReason;
using trace::Event;
using trace::EventKind;

constexpr std::uint16_t kConnectionRefused = 1;  // of trace::kAnswerNames

class Replay {
 public:
  explicit Replay(const std::string& slug) : run_(Rehearse(LoadScenario(File(slug)))) {}

  static std::string File(const std::string& slug) { return "incidents/" + slug + ".json"; }

  const std::vector<Event>& events() const { return run_.result.trace.events; }
  NodeId Id(std::string_view name) const {
    const auto& nodes = run_.result.trace.header.nodes;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].name == name) return static_cast<NodeId>(i);
    }
    BOOST_FAIL("no node " << name);
    return kNoNode;
  }
  std::string_view Text(trace::TextId id) const { return run_.result.trace.texts.Get(id); }
  /// When `node` did it the first time at or after `from`; kTimeMax: never.
  Time First(EventKind kind, NodeId node, Time from = 0) const {
    for (const Event& event : events()) {
      if (event.kind == kind && event.node == node && event.time >= from) return event.time;
    }
    return kTimeMax;
  }
  /// Binlogs of `tidb` that `pump` acknowledged in the span.
  std::size_t Acked(NodeId tidb, NodeId pump, Time from, Time to) const {
    std::size_t count = 0;
    for (const Event& event : events()) {
      if (event.kind != EventKind::kBinlogAcked || event.node != pump || event.peer != tidb) {
        continue;
      }
      count += event.time >= from && event.time < to ? 1 : 0;
    }
    return count;
  }
  /// Pumps that acknowledged prewrites, by start_ts.
  std::map<Tso, std::set<NodeId>> Prewrites() const {
    std::map<Tso, std::set<NodeId>> out;
    for (const Event& event : events()) {
      if (Is(event, BinlogType::kPrewrite)) out[event.a].insert(event.node);
    }
    return out;
  }
  static bool Is(const Event& event, BinlogType type) {
    return event.kind == EventKind::kBinlogAcked && event.code == static_cast<std::uint16_t>(type);
  }
  std::size_t Dropped(DropReason reason) const {
    std::size_t count = 0;
    for (const Event& event : events()) {
      count += event.kind == EventKind::kBinlogDropped &&
               event.code == static_cast<std::uint16_t>(reason);
    }
    return count;
  }
  struct Silence {
    Time from = 0;
    Time to = 0;
  };
  /// The longest span without an event of `kind` between two of them.
  Silence Longest(EventKind kind) const {
    Silence longest;
    Time last = kTimeMax;
    for (const Event& event : events()) {
      if (event.kind != kind) continue;
      if (last < event.time && event.time - last > longest.to - longest.from) {
        longest = {last, event.time};
      }
      last = event.time;
    }
    return longest;
  }

 private:
  Rehearsed run_;
};

BOOST_AUTO_TEST_SUITE(incident_mechanisms)

// 20: the commit lies on a Pump that never had the prewrite; the Pump that has it waits for ten
// minutes and asks TiKV.
BOOST_AUTO_TEST_CASE(a_commit_goes_to_another_pump) {
  const Replay replay("commit-binlog-to-other-pump");
  const std::map<Tso, std::set<NodeId>> prewrites = replay.Prewrites();
  std::size_t apart = 0;
  for (const Event& event : replay.events()) {
    if (!Replay::Is(event, BinlogType::kCommit)) continue;
    const auto found = prewrites.find(event.a);
    apart += found != prewrites.end() && !found->second.contains(event.node) ? 1 : 0;
  }
  BOOST_TEST(apart > 0U);
  BOOST_TEST(replay.Dropped(DropReason::kNoPrewrite) == apart);
  const Replay::Silence silence = replay.Longest(EventKind::kRowApplied);
  BOOST_TEST(silence.to - silence.from >= 10 * kMinute);
  // The second Pump was not touched in all that time.
  BOOST_TEST(replay.First(EventKind::kNodeDown, replay.Id("pump-2")) >= silence.to);
}

// 21: with the link mended the Pump is not tried again until it registers anew, by one TiDB alone.
BOOST_AUTO_TEST_CASE(a_client_forgets_a_pump) {
  const Replay replay("pump-client-permanently-forgets-pump");
  const NodeId pump = replay.Id("pump-2");
  const Time mended = replay.First(EventKind::kFaultHealed, kNoNode);
  const Time restarted = replay.First(EventKind::kNodeDown, pump);
  BOOST_REQUIRE(mended + 30 * kSecond < restarted);
  BOOST_TEST(replay.Acked(replay.Id("tidb-1"), pump, 0, mended) > 0U);
  BOOST_TEST(replay.Acked(replay.Id("tidb-1"), pump, mended, restarted) == 0U);
  BOOST_TEST(replay.Acked(replay.Id("tidb-2"), pump, mended, restarted) > 50U);
  BOOST_TEST(replay.Acked(replay.Id("tidb-1"), pump, restarted, kTimeMax) > 0U);
  // While the other one restarts it has none, though a Pump is online.
  const NodeId other = replay.Id("pump-1");
  const Time down = replay.First(EventKind::kNodeDown, other);
  const Time up = replay.First(EventKind::kNodeUp, other, down);
  BOOST_TEST(replay.Acked(replay.Id("tidb-2"), pump, down, up) > 0U);
}

// 26: one binlog on two Pumps, and the Drainer leaves the second out.
BOOST_AUTO_TEST_CASE(a_binlog_lies_on_two_pumps) {
  const Replay replay("duplicate-binlog-across-pumps");
  std::size_t twice = 0;
  for (const auto& [start_ts, pumps] : replay.Prewrites()) twice += pumps.size() > 1 ? 1 : 0;
  BOOST_TEST(twice > 0U);
  BOOST_TEST(replay.Dropped(DropReason::kDuplicate) > 0U);
}

// 34: a Pump that is registered online refuses a connection.
BOOST_AUTO_TEST_CASE(a_pump_is_online_before_it_listens) {
  const Replay replay("pump-registered-before-listening");
  const NodeId pump = replay.Id("pump-1");
  const Time restarted = replay.First(EventKind::kNodeUp, pump, kSecond);
  std::set<std::int64_t> asked;
  bool online = false;
  std::size_t refused = 0;
  for (const Event& event : replay.events()) {
    if (event.time < restarted) continue;
    if (event.kind == EventKind::kRegistryMoved && event.node == pump) {
      online = event.code == static_cast<std::uint16_t>(trace::RegistryState::kOnline);
    }
    if (event.kind == EventKind::kAsked &&
        replay.Text(event.text).find("connect-tcp 10.0.7.1:8250") != std::string_view::npos) {
      asked.insert(event.a);
    }
    if (event.kind == EventKind::kAnswered && online && asked.contains(event.a)) {
      refused += event.code == kConnectionRefused ? 1 : 0;
    }
  }
  BOOST_TEST(refused > 0U);
}

// 46: what writes downstream has given up; the process stays, answers, and saves nothing more.
BOOST_AUTO_TEST_CASE(a_drainer_is_half_dead) {
  const Replay replay("drainer-half-dead");
  const NodeId drainer = replay.Id("drainer-1");
  const Time gave_up = replay.First(EventKind::kAlert, drainer);
  BOOST_REQUIRE(gave_up < 2 * kMinute);
  BOOST_TEST(replay.First(EventKind::kNodeDown, drainer) == kTimeMax);
  BOOST_TEST(replay.First(EventKind::kCheckpointSaved, replay.Id("downstream-1"), gave_up) ==
             kTimeMax);
  BOOST_TEST(replay.First(EventKind::kAnswered, drainer, gave_up + 2 * kMinute) != kTimeMax);
}

// 47: the merge stands still for as long as TiKV can't be asked, and no other Pump is touched.
BOOST_AUTO_TEST_CASE(the_merge_waits_for_tikv) {
  const Replay replay("stuck-on-removed-tikv");
  const Replay::Silence silence = replay.Longest(EventKind::kRowApplied);
  BOOST_TEST(silence.to - silence.from > 4 * kMinute);
  BOOST_TEST(silence.to >= replay.First(EventKind::kFaultHealed, kNoNode));
  BOOST_TEST(replay.First(EventKind::kNodeDown, replay.Id("pump-1")) < silence.to);
  BOOST_TEST(replay.First(EventKind::kNodeDown, replay.Id("pump-2")) >= silence.to);
}

// 31, 39: rows that were lost before the engine began are not laid at its door, whenever it begins.
BOOST_AUTO_TEST_CASE(what_was_lost_before_is_not_the_engines) {
  const auto causes = [](const std::string& slug, const std::vector<std::string>& overrides,
                         std::uint64_t seed) {
    const Rehearsed run = Rehearse(LoadScenario(Replay::File(slug), overrides), {.seed = seed});
    BOOST_TEST(run.outcome() == "fail");
    for (const verifier::Finding& finding : run.verdict().findings) {
      BOOST_TEST((finding.cause != verifier::Cause::kEngine),
                 slug << " seed " << seed << ": " << finding.why);
    }
  };
  for (const char* start : {"200h", "202h", "204h"}) {
    causes("stopped-drainer-blocks-gc-then-time-gc-loses",
           {std::string("engine.start=\"") + start + "\""}, 1);
  }
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    causes("large-message-skipped-after-restart", {}, seed);
  }
}

// 39: a topic takes a change of a row whose insertion it refused: what is missing is what was
// refused, and nothing else.
BOOST_AUTO_TEST_CASE(what_kafka_refused_is_all_that_is_missing) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Rehearsed run =
        Rehearse(LoadScenario(Replay::File("large-message-skipped-after-restart")), {.seed = seed});
    for (const verifier::Finding& finding : run.verdict().findings) {
      if (finding.check != "no-lost-commit") continue;
      BOOST_TEST(finding.count == 3U, seed);
    }
  }
}

// PD is restored behind the hand-over: what it puts out of order is nobody's but the fault's.
BOOST_AUTO_TEST_CASE(what_pd_puts_out_of_order_is_not_the_engines) {
  const auto causes = [](const std::string& file, const std::string& fault, const char* count) {
    const Rehearsed run = Rehearse(LoadScenario(
        file, {"faults=[{\"pd_tso_back\": \"pd-1\", \"by\": \"3m\", " + fault + "}]",
               std::string("workload.transactions=") + count, "workload.tail=\"60s\""}));
    BOOST_TEST(run.outcome() == "fail");
    for (const verifier::Finding& finding : run.verdict().findings) {
      BOOST_TEST((finding.cause != verifier::Cause::kEngine), fault << ": " << finding.why);
    }
  };
  for (const char* step : {"wait-drained", "start-drainer", "retire-old"}) {
    causes("kafka-to-cluster/small.json", std::string("\"on\": {\"step\": \"") + step + "\"}",
           "2000");
  }
  causes("rolling-manual/small.json", "\"on\": {\"event\": \"node-down\", \"node\": \"pump-1\"}",
         "20000");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
