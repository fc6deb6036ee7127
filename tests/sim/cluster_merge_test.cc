// The merge of a cluster-era Drainer: one head from every source, or nothing.
#include <boost/test/unit_test.hpp>

#include "sim/world/cluster_drainer_merge.h"

namespace tidegate::sim {
namespace {

using Next = ClusterMerge::Next;

void Feed(ClusterMerge* merge, std::string_view id, std::initializer_list<Tso> commit_ts) {
  for (const Tso ts : commit_ts) {
    Binlog binlog;
    binlog.commit_ts = ts;
    merge->Find(id)->buffer.push_back(binlog);
  }
}

std::vector<Tso> TakeAll(ClusterMerge* merge) {
  std::vector<Tso> out;
  Binlog binlog;
  while (merge->Take(&binlog) == Next::kInOrder) out.push_back(binlog.commit_ts);
  return out;
}

using List = std::vector<Tso>;

}  // namespace

BOOST_AUTO_TEST_SUITE(cluster_merge)

BOOST_AUTO_TEST_CASE(any_silent_source_holds_back_all) {
  ClusterMerge merge;
  merge.Reset(0);
  merge.Add(1, "a");
  merge.Add(2, "b");
  Feed(&merge, "a", {1, 3, 5});
  BOOST_TEST(TakeAll(&merge).empty());
  Feed(&merge, "b", {2, 4});
  BOOST_TEST(TakeAll(&merge) == List({1, 2, 3, 4}), boost::test_tools::per_element());
  BOOST_TEST(merge.latest_ts() == 4);
  BOOST_TEST(merge.Find("a")->latest == 5);  // a head was taken, though it was not emitted
}

BOOST_AUTO_TEST_CASE(no_source_gives_nothing) {
  ClusterMerge merge;
  merge.Reset(0);
  Binlog binlog;
  BOOST_TEST((merge.Take(&binlog) == Next::kBlocked));
}

BOOST_AUTO_TEST_CASE(a_late_source_loses_what_lies_below_the_last_one) {
  ClusterMerge merge;
  merge.Reset(0);
  merge.Add(1, "a");
  Feed(&merge, "a", {10, 20});
  BOOST_TEST(TakeAll(&merge) == List({10, 20}), boost::test_tools::per_element());
  BOOST_TEST(merge.Add(2, "b").latest == 20);
  Feed(&merge, "a", {30});
  Feed(&merge, "b", {15, 20, 31});
  Binlog binlog;
  BOOST_TEST((merge.Take(&binlog) == Next::kLessThanLast));
  BOOST_TEST(binlog.commit_ts == 15);
  BOOST_TEST((merge.Take(&binlog) == Next::kDuplicate));
  BOOST_TEST((merge.Take(&binlog) == Next::kInOrder));
  BOOST_TEST(binlog.commit_ts == 30);
}

BOOST_AUTO_TEST_CASE(nothing_at_or_below_the_start_is_emitted) {
  ClusterMerge merge;
  merge.Reset(10);
  merge.Add(1, "a");
  Feed(&merge, "a", {9, 10, 11});
  Binlog binlog;
  BOOST_TEST((merge.Take(&binlog) == Next::kLessThanLast));
  BOOST_TEST((merge.Take(&binlog) == Next::kDuplicate));
  BOOST_TEST((merge.Take(&binlog) == Next::kInOrder));
}

BOOST_AUTO_TEST_CASE(a_removed_source_gives_its_head_and_frees_the_others) {
  ClusterMerge merge;
  merge.Reset(0);
  merge.Add(1, "a");
  merge.Add(2, "b");
  merge.Add(3, "c");
  Feed(&merge, "a", {2, 9, 9});
  Feed(&merge, "b", {1, 8});
  BOOST_TEST(TakeAll(&merge).empty());  // heads 2 and 1; c is silent
  std::vector<Binlog> left;
  merge.Remove(merge.Find("b"), &left);
  BOOST_TEST(left.size() == 1U);
  merge.Remove(merge.Find("c"), &left);
  BOOST_TEST(left.empty());
  BOOST_TEST(TakeAll(&merge) == List({1, 2, 9}), boost::test_tools::per_element());
  BOOST_TEST(merge.sources().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
