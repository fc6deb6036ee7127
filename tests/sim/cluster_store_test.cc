// The storage of a cluster-era Pump: what its sorter lets through, and in which order it is read.
#include <boost/test/unit_test.hpp>

#include "sim/world/cluster_pump_store.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;

Binlog Make(BinlogType type, Tso start_ts, Tso commit_ts = 0) {
  Binlog binlog;
  binlog.type = static_cast<std::uint8_t>(type);
  binlog.start_ts = start_ts;
  binlog.commit_ts = commit_ts;
  if (type == BinlogType::kPrewrite) {
    binlog.body = static_cast<std::uint32_t>(start_ts);
    binlog.ddl_job_id = start_ts * 10;
  }
  return binlog;
}
Binlog Prewrite(Tso start_ts) { return Make(BinlogType::kPrewrite, start_ts); }
Binlog Commit(Tso start_ts, Tso commit_ts) {
  return Make(BinlogType::kCommit, start_ts, commit_ts);
}
Binlog Fake(Tso ts) { return Make(BinlogType::kFake, ts, ts); }

std::vector<Tso> ReadAfter(const ClusterPumpStore& store, Tso after, std::size_t count_max = 100) {
  std::vector<Binlog> binlogs;
  store.Read(after, count_max, &binlogs);
  std::vector<Tso> out;
  for (const Binlog& binlog : binlogs) out.push_back(binlog.commit_ts);
  return out;
}

using List = std::vector<Tso>;

}  // namespace

BOOST_AUTO_TEST_SUITE(cluster_store)

BOOST_AUTO_TEST_CASE(an_unmatched_prewrite_freezes_what_came_behind_it) {
  ClusterPumpStore store;
  store.Append(Fake(1));
  BOOST_TEST(store.Sort());
  BOOST_TEST(!store.Sort());
  BOOST_TEST(store.max_commit_ts() == 1);
  store.Append(Prewrite(2));
  store.Append(Prewrite(3));
  BOOST_TEST(store.Append(Commit(3, 10)));
  store.Append(Fake(11));
  store.Sort();
  BOOST_TEST(store.max_commit_ts() == 1);
  BOOST_REQUIRE(store.Blocked() != nullptr);
  BOOST_TEST(store.Blocked()->start_ts == 2);
  BOOST_TEST(ReadAfter(store, 0) == List({1}), boost::test_tools::per_element());

  BOOST_TEST(store.Append(Commit(2, 12)));
  BOOST_TEST(store.Sort());
  BOOST_TEST(store.Blocked() == nullptr);
  BOOST_TEST(ReadAfter(store, 1) == List({10, 11, 12}), boost::test_tools::per_element());
  BOOST_TEST(ReadAfter(store, 10, 1) == List({11}), boost::test_tools::per_element());
  BOOST_TEST(store.last_real_commit_ts() == 12);
}

BOOST_AUTO_TEST_CASE(commits_are_read_by_commit_ts_and_not_by_arrival) {
  ClusterPumpStore store;
  for (const Tso start : {1, 2, 3}) store.Append(Prewrite(start));
  store.Append(Commit(3, 30));
  store.Append(Commit(1, 10));
  store.Append(Commit(2, 20));
  store.Sort();
  BOOST_TEST(ReadAfter(store, 0) == List({10, 20, 30}), boost::test_tools::per_element());
  BOOST_TEST(ReadAfter(store, 30) == List(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_commit_carries_body_and_job_of_its_prewrite) {
  ClusterPumpStore store;
  store.Append(Prewrite(7));
  store.Append(Commit(7, 8));
  store.Sort();
  std::vector<Binlog> read;
  store.Read(0, 10, &read);
  BOOST_REQUIRE(read.size() == 1U);
  BOOST_TEST(read[0].body == 7U);
  BOOST_TEST(read[0].ddl_job_id == 70);
}

BOOST_AUTO_TEST_CASE(a_commit_without_prewrite_is_never_read) {
  ClusterPumpStore store;
  BOOST_TEST(!store.Append(Commit(1, 10)));
  store.Append(Fake(11));
  store.Sort();
  BOOST_TEST(ReadAfter(store, 0) == List({11}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_rollback_frees_its_prewrite_and_is_never_read) {
  ClusterPumpStore store;
  store.Append(Prewrite(1));
  store.Append(Fake(5));
  store.Append(Make(BinlogType::kRollback, 1));
  store.Sort();
  BOOST_TEST(store.max_commit_ts() == 5);
  BOOST_TEST(store.unmatched_count() == 0U);
  BOOST_TEST(ReadAfter(store, 0) == List({5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_skipped_prewrite_loses_the_commit_that_comes_late) {
  ClusterPumpStore store;
  store.Append(Prewrite(1));
  store.Append(Fake(5));
  store.Sort();
  store.SkipBlocked();
  BOOST_TEST(store.Sort());
  BOOST_TEST(!store.Append(Commit(1, 9)));
}

BOOST_AUTO_TEST_CASE(collecting_raises_readers_and_deletes_ten_minutes_below) {
  ClusterPumpStore store;
  const auto at = [](std::int64_t second) { return ComposeTso(second * 1000, 0); };
  for (const std::int64_t second : {100, 1000, 2000}) {
    store.Append(Prewrite(at(second)));
    store.Append(Commit(at(second), at(second) + 1));
  }
  store.Append(Fake(at(2001)));
  store.Sort();
  const std::vector<Binlog> purged = store.Collect(at(1500));
  BOOST_REQUIRE(purged.size() == 1U);
  BOOST_TEST(purged[0].start_ts == at(100));
  BOOST_TEST(store.gc_ts() == at(1500));
  BOOST_TEST(ReadAfter(store, 0).size() == 3U);
  BOOST_TEST(store.Collect(at(1400)).empty());
  BOOST_TEST(store.gc_ts() == at(1500));
}

BOOST_AUTO_TEST_CASE(reading_from_anywhere_in_a_long_index) {
  ClusterPumpStore store;
  for (Tso ts = 1; ts <= 5000; ++ts) store.Append(Fake(ts));
  store.Sort();
  for (const Tso after : {0, 1, 17, 2499, 4990, 4999}) {
    BOOST_TEST(ReadAfter(store, after, 1) == List({after + 1}), boost::test_tools::per_element());
    BOOST_TEST(ReadAfter(store, after, 10000).size() == static_cast<std::size_t>(5000 - after));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
