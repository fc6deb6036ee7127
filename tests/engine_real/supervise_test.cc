// The scripts that start and stop under supervise, run with programs that keep their state in a
// file of the status folder, as supervise, svc and svstat do in theirs.
#include "engine/real/supervise.h"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "base/files.h"
#include "engine/real/spawn.h"
#include "engine/status_body.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

constexpr const char* kSvstat = R"sh(#!/bin/bash
case "$(cat "$1/state" 2>/dev/null)" in
  up) echo "$1: up (pid 17) 35 seconds" ;;
  down) echo "$1: down 3 seconds, normally up" ;;
  stopping) echo "$1: up (pid 17) 36 seconds, want down"
            echo dead >"$1/state" ;;
  *) echo "$1: supervise not running" ;;
esac
)sh";
constexpr const char* kSvc = R"sh(#!/bin/bash
echo "svc $*" >>log
case "$1" in -u) echo up >"$2/state" ;; -dx) echo stopping >"$2/state" ;; esac
)sh";
constexpr const char* kSupervise = R"sh(#!/bin/bash
echo "supervise $1 ${2##*/deploy/}" >>log
echo up >"$1/state"
)sh";

class Deployed {
 public:
  Deployed() : dir_(temp_ / "deploy") {
    for (const char* folder : {"", "/bin", "/status", "/status/pump"}) {
      BOOST_REQUIRE(mkdir((dir_ + folder).c_str(), 0700) == 0);
    }
    Program("svstat", kSvstat);
    Program("svc", kSvc);
    Program("supervise", kSupervise);
  }

  std::string unit() const { return dir_ + "/status/pump"; }
  void SetState(const std::string& state) { Write(unit() + "/state", state + "\n"); }
  std::string Log() const { return LogOf(dir_); }
  void Remove(const std::string& path) { unlink((dir_ + path).c_str()); }

  std::string ActiveState() const {
    const CommandResult shown = Run(SuperviseShow(unit()));
    BOOST_TEST(shown.ok());
    return std::string(UnitProperty(shown.output, "ActiveState"));
  }

  static std::string LogOf(const std::string& dir) {
    const Result<std::string> text = ReadFile(dir + "/log");
    return text.has_value() ? *text : "";
  }
  static CommandResult Run(const Result<std::vector<std::string>>& argv) {
    BOOST_REQUIRE_MESSAGE(argv.has_value(), test::Why(argv));
    Command command;
    command.argv = *argv;
    command.timeout = 20 * kSecond;
    return RunCommand(command);
  }

 private:
  static void Write(const std::string& path, const std::string& text) {
    const Status written = WriteFileAtomically(path, text);
    BOOST_REQUIRE_MESSAGE(written.has_value(), test::Why(written));
  }
  void Program(const std::string& name, const std::string& text) {
    const std::string path = dir_ + "/bin/" + name;
    Write(path, text);
    BOOST_REQUIRE(chmod(path.c_str(), 0755) == 0);
  }

  test::TempDir temp_;
  std::string dir_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(supervise)

BOOST_AUTO_TEST_CASE(stops_and_waits_until_its_supervise_is_gone) {
  Deployed deployed;
  deployed.SetState("up");
  BOOST_TEST(deployed.ActiveState() == "active");
  BOOST_TEST(Deployed::Run(SuperviseStop(deployed.unit())).ok());
  BOOST_TEST(deployed.Log() == "svc -dx status/pump\n");
  BOOST_TEST(deployed.ActiveState() == "inactive");
}

BOOST_AUTO_TEST_CASE(starts_through_the_supervise_that_is_there) {
  Deployed deployed;
  deployed.SetState("down");
  BOOST_TEST(Deployed::Run(SuperviseStart(deployed.unit())).ok());
  BOOST_TEST(deployed.Log() == "svc -u status/pump\n");
  BOOST_TEST(deployed.ActiveState() == "active");
  BOOST_TEST(Deployed::Run(SuperviseStart(deployed.unit())).ok());  // it is up: nothing to do
  BOOST_TEST(deployed.Log() == "svc -u status/pump\n");
}

BOOST_AUTO_TEST_CASE(starts_a_supervise_where_there_is_none) {
  Deployed deployed;
  BOOST_TEST(Deployed::Run(SuperviseStart(deployed.unit())).ok());
  for (int i = 0; i < 100 && deployed.Log().empty(); ++i) {
    Deployed::Run(std::vector<std::string>{"bash", "-c", "read -t 0.05 </dev/zero; true"});
  }
  BOOST_TEST(deployed.Log() == "supervise status/pump scripts/run_pump.sh\n");
}

BOOST_AUTO_TEST_CASE(says_when_the_programs_are_not_there) {
  Deployed deployed;
  deployed.Remove("/bin/svc");
  deployed.Remove("/bin/supervise");
  const CommandResult stopped = Deployed::Run(SuperviseStop(deployed.unit()));
  BOOST_TEST(stopped.status == 1);
  BOOST_TEST(stopped.errors.starts_with("no bin/svc in /"));
  const CommandResult started = Deployed::Run(SuperviseStart(deployed.unit()));
  BOOST_TEST(started.status == 1);
  BOOST_TEST(started.errors.starts_with("no bin/supervise in /"));
}

BOOST_AUTO_TEST_CASE(folders_are_arguments_and_no_part_of_a_script) {
  const auto one = SuperviseStop("/a $(b)/status/pump");
  const auto other = SuperviseStop("/c/status/pump");
  BOOST_REQUIRE(one.has_value() && other.has_value());
  BOOST_TEST((*one)[2] == (*other)[2]);
  BOOST_TEST((*one)[4] == "/a $(b)");
  BOOST_TEST((*one)[5] == "status/pump");
  for (const char* bad :
       {"/status/pump", "/a/pump", "/a/status/", "/a/status/b/c", "pump.service"}) {
    BOOST_TEST(!SuperviseStop(bad).has_value());
  }
}

BOOST_AUTO_TEST_CASE(what_svstat_says) {
  const auto state = [](const std::string& said) {
    return std::string(UnitProperty("/d/status/pump: " + said, "ActiveState"));
  };
  BOOST_TEST(state("up (pid 7) 1 seconds\n") == "active");
  BOOST_TEST(state("up pid 7, 1 seconds\n") == "active");
  BOOST_TEST(state("up pid 7, 1 seconds\n") == "active");
  BOOST_TEST(state("up (pid 7) 1 seconds, normally down\n") == "active");
  BOOST_TEST(state("up (pid 7) 1 seconds, want down\n") == "deactivating");
  BOOST_TEST(state("down 3 seconds\n") == "inactive");
  BOOST_TEST(state("down 3 seconds, normally up\n") == "inactive");
  BOOST_TEST(state("down 0 seconds, want up\n") == "activating");
  BOOST_TEST(state("supervise not running\n") == "inactive");
  BOOST_TEST(state("unable to open supervise/ok: file does not exist\n") == "inactive");
  BOOST_TEST(UnitProperty("/d/status/pump: up (pid 7) 1 seconds\n", "UnitFileState") == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::engine
