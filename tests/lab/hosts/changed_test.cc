// What a run-book does to files becomes the actions that it amounts to, once each.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/lab/support/small_lab.h"

namespace tidegate::lab {
namespace {

namespace fs = std::filesystem;
namespace port = engine::port;
using test::SmallLab;

const std::string kDeploy = "/home/tidb/deploy";

std::vector<std::string> Changes(SmallLab* lab) {
  std::vector<std::string> out;
  for (const port::Action& action : lab->trees().Changed()) {
    if (const auto* install = std::get_if<port::InstallBinary>(&action)) {
      out.push_back(fmt::format("{} {} '{}' at {}", install->host, install->part, install->version,
                                install->path));
    } else {
      const port::WriteFile& write = std::get<port::WriteFile>(action);
      out.push_back(fmt::format("{} {}: {}", write.host, write.path, write.content));
    }
  }
  return out;
}

void Expect(SmallLab* lab, const std::vector<std::string>& wanted) {
  const std::vector<std::string> found = Changes(lab);
  BOOST_TEST(found == wanted, boost::test_tools::per_element());
}

std::string Bytes(const std::string& path) { return RootDir("/").Read(path).value(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_changed)

BOOST_AUTO_TEST_CASE(nothing_changed_at_the_start) {
  SmallLab lab;
  Expect(&lab, {});
}

BOOST_AUTO_TEST_CASE(a_written_configuration_is_told_once) {
  SmallLab lab;
  BOOST_REQUIRE(lab.On("10.0.1.2").Write(kDeploy + "/conf/tidb.toml", "x = 1\n", 0644).has_value());
  Expect(&lab, {"10.0.1.2 /home/tidb/deploy/conf/tidb.toml: x = 1\n"});
  Expect(&lab, {});
  // The same again is no change, whatever its times say.
  BOOST_REQUIRE(lab.On("10.0.1.2").Write(kDeploy + "/conf/tidb.toml", "x = 1\n", 0644).has_value());
  Expect(&lab, {});
}

// In place, of the same size, within one tick of the file system's clock.
BOOST_AUTO_TEST_CASE(a_change_too_quick_for_time_stamps_is_seen) {
  SmallLab lab;
  for (int i = 0; i < 20; ++i) {
    const Fd file = lab.On("10.0.1.2").Open(kDeploy + "/conf/tidb.toml", O_WRONLY | O_TRUNC);
    const std::string text = fmt::format("x = {}\n", i % 10);
    BOOST_REQUIRE(WriteAll(file.get(), text));
    Expect(&lab, {"10.0.1.2 /home/tidb/deploy/conf/tidb.toml: " + text});
  }
}

BOOST_AUTO_TEST_CASE(a_binary_is_told_by_its_stamp) {
  SmallLab lab;
  const std::string fresh = Bytes(lab.trees().ResourcesDir() + "/bin/tidb-server");
  BOOST_REQUIRE(lab.On("10.0.1.1").Write(kDeploy + "/bin/tidb-server", fresh, 0755).has_value());
  Expect(&lab, {"10.0.1.1 tidb-server 'v2.1.0' at /home/tidb/deploy/bin/tidb-server"});
  Expect(&lab, {});
  // A copy beside it is nothing that runs.
  BOOST_REQUIRE(lab.On("10.0.1.1").Write(kDeploy + "/bin/tidb.bak", fresh, 0755).has_value());
  Expect(&lab, {});
}

// Another part's binary, a text, a file that nobody may run, nothing: none of them is a version.
BOOST_AUTO_TEST_CASE(what_cannot_run_has_no_version) {
  SmallLab lab;
  const RootDir& host = lab.On("10.0.1.1");
  const std::string wanted = "10.0.1.1 pump '' at /home/tidb/deploy/bin/pump";
  const std::string good = Bytes(lab.trees().ResourcesDir() + "/bin/pump");
  const std::string back = "10.0.1.1 pump 'v2.1.0' at /home/tidb/deploy/bin/pump";
  const std::string other = Bytes(lab.trees().ResourcesDir() + "/bin/tidb-server");
  BOOST_REQUIRE(host.Write(kDeploy + "/bin/pump", other, 0755).has_value());
  Expect(&lab, {wanted});
  BOOST_REQUIRE(host.Write(kDeploy + "/bin/pump", good, 0755).has_value());
  Expect(&lab, {back});
  BOOST_REQUIRE(host.Write(kDeploy + "/bin/pump", good, 0644).has_value());
  Expect(&lab, {wanted});
  BOOST_REQUIRE(host.Write(kDeploy + "/bin/pump", good, 0755).has_value());
  Expect(&lab, {back});
  BOOST_REQUIRE(host.Remove(kDeploy + "/bin/pump").has_value());
  Expect(&lab, {wanted});
  Expect(&lab, {});
}

BOOST_AUTO_TEST_CASE(new_units_scripts_and_savepoints_are_told) {
  SmallLab lab;
  const RootDir& host = lab.On("10.0.1.1");
  const std::string slot = "/home/tidb/pump-cluster";
  BOOST_REQUIRE(host.Write(slot + "/scripts/run_pump.sh", "run", 0755).has_value());
  BOOST_REQUIRE(host.Write(slot + "/data.pump/savepoint", "commitTS = 5\n", 0644).has_value());
  BOOST_REQUIRE(host.Write("/etc/systemd/system/mine.service", "unit", 0644).has_value());
  Expect(&lab, {"10.0.1.1 /etc/systemd/system/mine.service: unit",
                "10.0.1.1 /home/tidb/pump-cluster/data.pump/savepoint: commitTS = 5\n",
                "10.0.1.1 /home/tidb/pump-cluster/scripts/run_pump.sh: run"});
  BOOST_REQUIRE(host.Remove(slot + "/data.pump/savepoint").has_value());
  Expect(&lab, {"10.0.1.1 /home/tidb/pump-cluster/data.pump/savepoint: "});
}

BOOST_AUTO_TEST_CASE(what_the_world_writes_is_no_change) {
  SmallLab lab;
  const std::string path = "/home/tidb/drainer/data.drainer/savepoint";
  BOOST_REQUIRE(lab.trees().Materialise("10.0.1.9", path, "commitTS = 7\n").has_value());
  BOOST_TEST(lab.On("10.0.1.9").Read(path).value() == "commitTS = 7\n");
  Expect(&lab, {});
  BOOST_REQUIRE(lab.On("10.0.1.9").Write(path, "commitTS = 8\n", 0644).has_value());
  Expect(&lab, {"10.0.1.9 /home/tidb/drainer/data.drainer/savepoint: commitTS = 8\n"});
}

BOOST_AUTO_TEST_CASE(a_link_in_place_of_a_file_counts_by_what_it_leads_to) {
  SmallLab lab;
  const RootDir& host = lab.On("10.0.1.1");
  BOOST_REQUIRE(host.Write("/opt/pump-new.toml", "gc = 3\n", 0644).has_value());
  BOOST_REQUIRE(host.Link("/opt/pump-new.toml", kDeploy + "/conf/pump.toml").has_value());
  Expect(&lab, {"10.0.1.1 /home/tidb/deploy/conf/pump.toml: gc = 3\n"});
  BOOST_REQUIRE(host.Write("/opt/pump-new.toml", "gc = 4\n", 0644).has_value());
  Expect(&lab, {"10.0.1.1 /home/tidb/deploy/conf/pump.toml: gc = 4\n"});
  // A folder on the way likewise, and its content, whoever moves it.
  BOOST_REQUIRE(host.Write("/opt/conf/pump.toml", "gc = 5\n", 0644).has_value());
  fs::rename(host.path() + kDeploy + "/conf", host.path() + "/opt/conf.old");
  BOOST_REQUIRE(host.Link("/opt/conf", kDeploy + "/conf").has_value());
  BOOST_REQUIRE(!Changes(&lab).empty());
  fs::rename(host.path() + "/opt/conf/pump.toml", host.path() + "/opt/conf/aside");
  Expect(&lab, {"10.0.1.1 /home/tidb/deploy/conf/pump.toml: "});
}

BOOST_AUTO_TEST_CASE(a_folder_in_place_of_another_is_read_anew) {
  SmallLab lab;
  const RootDir& host = lab.On("10.0.1.2");
  for (const int x : {1, 2}) {
    const std::string conf = fmt::format("/home/tidb/conf{}", x);
    BOOST_REQUIRE(host.Write(conf + "/tidb.toml", fmt::format("x = {}\n", x), 0644).has_value());
    fs::rename(host.path() + kDeploy + "/conf", fmt::format("{}/opt/old{}", host.path(), x));
    fs::rename(host.path() + conf, host.path() + kDeploy + "/conf");
    const std::vector<std::string> changes = Changes(&lab);
    const std::string wanted =
        fmt::format("10.0.1.2 /home/tidb/deploy/conf/tidb.toml: x = {}\n", x);
    BOOST_TEST(std::count(changes.begin(), changes.end(), wanted) == 1);
    Expect(&lab, {});
  }
}

// By another name of the same file, which stands in a folder that nobody looks at.
BOOST_AUTO_TEST_CASE(a_write_through_a_hard_link_is_seen) {
  SmallLab lab;
  const RootDir& host = lab.On("10.0.1.2");
  fs::create_hard_link(host.path() + kDeploy + "/conf/tidb.toml", host.path() + "/opt/same");
  Expect(&lab, {});
  BOOST_REQUIRE(WriteAll(host.Open("/opt/same", O_WRONLY | O_TRUNC).get(), "x = 7\n"));
  Expect(&lab, {"10.0.1.2 /home/tidb/deploy/conf/tidb.toml: x = 7\n"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
