// What somebody's own SQL made of a sink's rows and checkpoint, as the front of a real database
// tells it.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "sim/world/downstream.h"
#include "tests/support/world_builder.h"

namespace tidegate::sim {
namespace {

using engine::port::Answer;
using trace::Event;
using trace::EventKind;

class Sink {
 public:
  explicit Sink(bool has_key = true) : run_(PlanOf(has_key)) {
    run_.Run();
    sink_ = static_cast<Downstream*>(&run_.world().node(run_.Id("sink")));
  }

  Answer Tell(const std::string& statement) {
    return sink_->OnSql(std::string(kByHand) + statement);
  }
  const Downstream& sink() const { return *sink_; }
  WorldRun& run() { return run_; }
  std::int64_t ValueOf(std::int64_t key) const {
    return sink_->FindRow(0, key).value_or(Downstream::Row{}).value;
  }
  std::int64_t CopiesOf(std::int64_t key) const {
    return sink_->FindRow(0, key).value_or(Downstream::Row{}).copies;
  }

 private:
  static RunPlan PlanOf(bool has_key) {
    RunPlan plan = MakeClusterPlan({.transactions = 10});
    plan.nodes[FindNode(plan, "sink")].info.keyed_sink = true;
    plan.tables[0].has_key = has_key;
    return plan;
  }

  WorldRun run_;
  Downstream* sink_ = nullptr;
};

BOOST_AUTO_TEST_SUITE(by_hand)

BOOST_AUTO_TEST_CASE(rows_are_written_and_deleted) {
  Sink sink;
  BOOST_TEST(sink.Tell("replace into shop.one values (700, -5), (1001, 8)").ok());
  BOOST_TEST(sink.ValueOf(700) == -5);
  BOOST_TEST(sink.ValueOf(1001) == 8);
  BOOST_TEST(sink.Tell("delete from shop.one where id in (700, 1001)").ok());
  BOOST_TEST(!sink.sink().FindRow(0, 700).has_value());
  const std::vector<Event> events = sink.run().Events(EventKind::kRowChanged);
  BOOST_REQUIRE(events.size() == 4U);
  BOOST_TEST(events[0].a == 700);
  BOOST_TEST(events[0].c == 0);
  BOOST_TEST(events[0].d == -5);
  BOOST_TEST(events[3].a == 1001);
  BOOST_TEST(events[3].c == 8);
  BOOST_TEST(events[3].d == 0);
}

// Told a second time it is no change any more.
BOOST_AUTO_TEST_CASE(what_is_so_already_is_no_event) {
  Sink sink;
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(sink.Tell("replace into shop.one values (700, 5)").ok());
    BOOST_TEST(sink.Tell("delete from shop.one where id in (701)").ok());
  }
  BOOST_TEST(sink.run().Count(EventKind::kRowChanged) == 1U);
}

BOOST_AUTO_TEST_CASE(rows_without_a_key_are_counted) {
  Sink sink(false);
  BOOST_TEST(sink.Tell("replace into shop.one values (700, 5), (700, 5), (700, 5)").ok());
  BOOST_TEST(sink.CopiesOf(700) == 3);
  BOOST_TEST(sink.Tell("replace into shop.one values (700, 5)").ok());
  BOOST_TEST(sink.CopiesOf(700) == 1);
  BOOST_TEST(!sink.Tell("replace into shop.one values (700, 5), (7)").ok());
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_a_row_of_its_table) {
  Sink sink;
  BOOST_TEST(sink.Tell("replace into tidb_binlog.checkpoint values (1, '{\"commitTS\":7}')").ok());
  BOOST_TEST(sink.sink().stores().at("tidb_binlog.checkpoint") == "{\"commitTS\":7}");
  BOOST_TEST(sink.Tell("delete from tidb_binlog.checkpoint where clusterID = 1").ok());
  BOOST_TEST(!sink.sink().stores().contains("tidb_binlog.checkpoint"));
  BOOST_TEST(sink.run().Count(EventKind::kRowChanged) == 0U);
}

// As MariaDB's JSON_SET writes it.
BOOST_AUTO_TEST_CASE(a_checkpoint_that_is_no_whole_number_is_not_read) {
  for (const char* number : {"403700087521017856", "4.03700087521017856e17", "\"4037\""}) {
    WorldRun run(MakeClusterPlan({.transactions = 10}));
    static_cast<Downstream&>(run.world().node(run.Id("sink")))
        .SetCheckpoint("tidb_binlog.checkpoint", fmt::format("{{\"commitTS\": {}}}", number));
    run.Run();
    const std::vector<Event> downs = run.Events(EventKind::kNodeDown);
    const bool read = std::string_view(number) == "403700087521017856";
    BOOST_TEST(downs.empty() == read);
    if (!read) BOOST_TEST(run.Text(downs[0]) == "load checkpoint failed: it cannot be read");
  }
}

// A statement that the real database runs only has to arrive.
BOOST_AUTO_TEST_CASE(what_the_database_runs_changes_nothing_here) {
  Sink sink;
  Downstream& there = static_cast<Downstream&>(sink.run().world().node(sink.run().Id("sink")));
  const std::string before = there.stores().at("tidb_binlog.checkpoint");
  const std::string statement = std::string(kAtDatabase) + "delete from tidb_binlog.checkpoint";
  BOOST_TEST(there.OnSql(statement).ok());
  BOOST_TEST(there.stores().at("tidb_binlog.checkpoint") == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::sim
