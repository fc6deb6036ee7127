// A host's root: what lies in it is found by the host's own paths, and nothing leads out of it.
#include "lab/hosts/root_dir.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "base/files.h"
#include "lab/hosts/stamp.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::lab {
namespace {

using test::TempDir;
using test::Why;

void Need(const Status& status) { BOOST_REQUIRE_MESSAGE(status.has_value(), Why(status)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_root_dir)

BOOST_AUTO_TEST_CASE(writes_and_reads_with_folders_and_modes) {
  const TempDir dir;
  const RootDir root(dir.path());
  Need(root.Write("/home/tidb/deploy/scripts/run.sh", "#!/bin/bash\n", 0755));
  BOOST_TEST(root.Read("/home/tidb/deploy/scripts/run.sh").value() == "#!/bin/bash\n");
  BOOST_TEST((root.Stat("/home/tidb/deploy/scripts/run.sh")->st_mode & 0777) == 0755U);
  Need(root.Write("/home/tidb/deploy/scripts/run.sh", "new", 0600));
  BOOST_TEST(root.Read("/home/tidb/deploy/scripts/run.sh").value() == "new");
  BOOST_TEST(root.List("/home/tidb/deploy/scripts").size() == 1U);
  BOOST_TEST(!root.Read("/home/tidb/none").has_value());
}

BOOST_AUTO_TEST_CASE(links_are_the_hosts_own) {
  const TempDir outside;
  Need(WriteFileAtomically(outside / "secret", "of this machine"));
  const TempDir dir;
  const RootDir root(dir.path());
  Need(root.Write("/data1/deploy/a", "inside", 0644));
  Need(root.Link("/data1/deploy", "/home/tidb/deploy"));
  Need(root.Link(outside.path(), "/out"));
  Need(root.Link("../../../../../../../../" + outside.path(), "/up"));
  BOOST_TEST(root.Read("/home/tidb/deploy/a").value() == "inside");
  BOOST_TEST(!root.Read("/out/secret").has_value());
  BOOST_TEST(!root.Read("/up/secret").has_value());
  BOOST_TEST(!root.Read("/../../../../../../.." + outside.path() + "/secret").has_value());
  Need(root.Write("/home/tidb/deploy/b", "lands inside", 0644));
  BOOST_TEST(root.Read("/data1/deploy/b").value() == "lands inside");
  BOOST_TEST(!root.Write("/out/b", "", 0644).has_value());
}

BOOST_AUTO_TEST_CASE(a_stamp_survives_copies) {
  const TempDir dir;
  const RootDir root(dir.path());
  const Result<std::string> bytes = StubBytes("/bin/true", {"pump", "v2.1.0-rc.4"});
  BOOST_REQUIRE_MESSAGE(bytes.has_value(), Why(bytes));
  Need(root.Write("/a", *bytes, 0755));
  const Fd source = root.Open("/a", O_RDONLY);
  Need(root.WriteFrom(source.get(), "/b", 0755));
  const Fd copy = root.Open("/b", O_RDONLY);
  const std::optional<Stamp> stamp = ReadStamp(copy.get());
  BOOST_REQUIRE(stamp.has_value());
  BOOST_TEST(stamp->part == "pump");
  BOOST_TEST(stamp->version == "v2.1.0-rc.4");
  Need(root.Write("/c", "tidegate-stub pump v1 and more", 0755));
  const Fd other = root.Open("/c", O_RDONLY);
  BOOST_TEST(!ReadStamp(other.get()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
