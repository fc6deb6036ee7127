// Hosts that inventories call by names have addresses of their own.
#include "lab/hosts/addresses.h"

#include <boost/test/unit_test.hpp>

#include "tests/lab/support/small_lab.h"

namespace tidegate::lab {
namespace {

using test::AddPart;
using Lines = std::vector<std::string>;

sim::RunPlan NamedPlan() {
  sim::RunPlan plan;
  AddPart(&plan, Role::kPd, "pd-a.example.com", 2379, "pd-server", "/usr");
  AddPart(&plan, Role::kPump, "10.0.1.1", 8250, "pump", "/home/tidb/deploy");
  AddPart(&plan, Role::kTidb, "10.0.1.1", 4000, "tidb-server", "/home/tidb/deploy");
  AddPart(&plan, Role::kPump, "198.18.0.2", 8250, "pump", "/home/tidb/deploy");
  AddPart(&plan, Role::kDrainer, "drainer-a", 8249, "drainer", "/home/tidb/deploy");
  plan.nodes.emplace_back().info.role = Role::kService;
  return plan;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(addresses)

BOOST_AUTO_TEST_CASE(an_address_is_its_own) {
  const Addresses addresses(NamedPlan());
  BOOST_TEST(addresses.Of("10.0.1.1") == "10.0.1.1");
  BOOST_TEST(addresses.Of("198.18.0.2") == "198.18.0.2");
  BOOST_TEST(addresses.Of("example.org") == "");
}

BOOST_AUTO_TEST_CASE(a_name_has_one_that_nobody_has) {
  const Addresses addresses(NamedPlan());
  BOOST_TEST(addresses.Of("drainer-a") == "198.18.0.3");
  BOOST_TEST(addresses.Of("pd-a.example.com") == "198.18.0.4");
  BOOST_TEST(addresses.Listening() ==
             (Lines{"10.0.1.1", "198.18.0.2", "198.18.0.3", "198.18.0.4"}));
}

BOOST_AUTO_TEST_CASE(names_are_known_everywhere) {
  const Addresses addresses(NamedPlan());
  BOOST_TEST(addresses.HostsFile({{"10.0.1.1", {"pump1", "tidb1"}}, {"drainer-a", {"drainer1"}}}) ==
             "127.0.0.1 localhost\n10.0.1.1 pump1 tidb1\n198.18.0.3 drainer-a drainer1\n"
             "198.18.0.4 pd-a.example.com\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
