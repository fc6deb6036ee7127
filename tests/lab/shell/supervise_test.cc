// supervise, svc and svstat, and the scripts that call them.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "engine/port/port.h"
#include "tests/lab/support/asked.h"
#include "tests/lab/support/loop_session.h"

namespace tidegate::lab {
namespace {

using test::AskedLab;
using test::ExpectReply;
using Lines = std::vector<std::string>;

const std::string kHost = "10.0.1.1";
const std::string kDeploy = "/home/tidb/deploy";
const std::string kPump = kDeploy + "/status/pump";

class Supervised : public AskedLab {
 public:
  Supervised() : AskedLab(test::SupervisedPlan()) {
    hands().states[kPump + " on " + kHost] = "active";
  }
  Reply Ask(const std::string& program, std::vector<std::string> argv) {
    return Run(kHost, program, std::move(argv), kDeploy);
  }
  Lines Actions() {
    Lines out = std::exchange(hands().log, {});
    std::erase_if(out, [](const std::string& line) { return line.find("-process") == line.npos; });
    return out;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_supervise)

BOOST_AUTO_TEST_CASE(svc_does_not_wait_and_its_supervise_stays) {
  Supervised lab;
  ExpectReply(lab.Ask("svstat", {"status/pump"}), 0, "status/pump: up pid 4200001, 5 seconds\n",
              "");
  ExpectReply(lab.Ask("svc", {"-d", "status/pump/"}), 0, "", "");
  BOOST_TEST(lab.Actions() == (Lines{"stop-process " + kPump + " on 10.0.1.1"}));
  ExpectReply(lab.Ask("svstat", {kPump}), 0, kPump + ": down 1 seconds, normally up\n", "");
  ExpectReply(lab.Ask("svc", {"-u", "./status/pump"}), 0, "", "");
  BOOST_TEST(lab.Actions() == (Lines{"start-process " + kPump + " on 10.0.1.1"}));
  BOOST_TEST(lab.Ask("svc", {"-d", "status/drainer"})
                 .errors.starts_with("svc: warning: unable to "
                                     "chdir"));
  BOOST_TEST(lab.Ask("svok", {"status/drainer"}).exit == 100);
  BOOST_TEST(lab.Ask("svok", {kPump}).exit == 0);
}

BOOST_AUTO_TEST_CASE(one_supervise_for_a_folder) {
  Supervised lab;
  ExpectReply(
      lab.Ask("supervise", {"status/pump", "run"}), 111, "",
      "supervise: fatal: unable to acquire status/pump/supervise/lock: temporary failure\n");
  ExpectReply(lab.Ask("svc", {"-dx", "status/pump"}), 0, "", "");
  BOOST_TEST(lab.Actions() == (Lines{"stop-process " + kPump + " on 10.0.1.1"}));
  ExpectReply(lab.Ask("svstat", {"status/pump"}), 0, "status/pump: supervise not running\n", "");
  BOOST_TEST(lab.Ask("svc", {"-u", "status/pump"}).errors ==
             "svc: warning: unable to control status/pump: supervise not running\n");
  BOOST_TEST(lab.Ask("svok", {kPump}).exit == 100);
  BOOST_TEST(lab.Ask("supervise", {"status/nobody"}).exit == 111);
  BOOST_TEST(lab.hands().refused.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_supervise_lasts_until_it_is_ended) {
  Supervised lab;
  lab.Ask("svc", {"-dx", "status/pump"});
  const Request request{"supervise", kHost, {"status/pump", "scripts/run_pump.sh"}, "", kDeploy};
  std::optional<Reply> end;
  const auto begin = [&] { lab.translator().Translate(request, [&](const Reply& r) { end = r; }); };
  lab.Actions();
  begin();
  BOOST_TEST(lab.Actions() == (Lines{"start-process " + kPump + " on 10.0.1.1"}));
  BOOST_TEST(!end.has_value());
  BOOST_TEST(lab.Ask("supervise", {"status/pump"}).exit == 111);
  lab.Ask("svc", {"-dx", "status/pump"});
  BOOST_REQUIRE(end.has_value());
  BOOST_TEST(end->exit == 0);
  begin();
  lab.translator().CallerDied(request);  // with the engine: the host goes on
  BOOST_TEST(lab.Ask("svstat", {"status/pump"}).output ==
             "status/pump: up pid 4200001, 5 seconds\n");
  BOOST_TEST(lab.Ask("svc", {"-d", "status/pump"}).errors.empty());
  lab.translator().CallerDied(request);  // by a stop script, after svc -d
  BOOST_TEST(lab.Ask("svc", {"-u", "status/pump"}).errors.ends_with("supervise not running\n"));
}

// svc -x lets it go when what it looks after has ended; a kill, at once.
BOOST_AUTO_TEST_CASE(a_supervise_that_is_to_exit_waits) {
  Supervised lab;
  lab.Ask("svc", {"-x", "status/pump"});
  BOOST_TEST(lab.Ask("svok", {kPump}).exit == 0);
  lab.hands().when_down.at(test::Node(lab.plan(), kHost, kPump))(0);
  BOOST_TEST(lab.Ask("svok", {kPump}).exit == 100);
  BOOST_TEST(lab.Ask("svstat", {"status/pump"}).output == "status/pump: supervise not running\n");
}

// What stop_pump.sh does of tidb-ansible's: the id in status/pump/pid is that of a supervise.
BOOST_AUTO_TEST_CASE(the_supervise_that_was_there_first_has_an_id) {
  Supervised lab;
  const std::string pid = lab.trees().Root(kHost)->Read(kPump + "/pid").value_or("\n").substr(0, 7);
  BOOST_TEST(pid == "4200501");
  ExpectReply(lab.Ask("readlink", {"/proc/" + pid + "/exe"}), 0, kDeploy + "/bin/supervise\n", "");
  ExpectReply(lab.Ask("readlink", {"/proc/4200001/exe"}), 0, kDeploy + "/bin/pump\n", "");
  ExpectReply(lab.Ask("readlink", {"/proc/4200001/cwd"}), 0, kDeploy + "\n", "");
  ExpectReply(lab.Ask("readlink", {"/proc/4200002/exe"}), 1, "", "");
  ExpectReply(lab.Ask("kill", {"-0", pid}), 0, "", "");
  ExpectReply(lab.Ask("kill", {"-15", pid}), 0, "", "");
  BOOST_TEST(lab.Actions() == Lines{});
  ExpectReply(lab.Ask("readlink", {"/proc/" + pid + "/exe"}), 1, "", "");
  BOOST_TEST(lab.Ask("kill", {pid}).exit == 1);
  BOOST_TEST(lab.Ask("svstat", {"status/pump"}).output == "status/pump: supervise not running\n");
}

BOOST_AUTO_TEST_CASE(what_still_ends_is_started_when_it_has) {
  Supervised lab;
  const std::string start = "start-process " + kPump + " on 10.0.1.1";
  lab.hands().answers[start] = {engine::port::AnswerCode::kFailed, 1, "it still runs"};
  lab.Ask("svc", {"-u", "status/pump"});
  BOOST_TEST(lab.Actions() == (Lines{start}));
  lab.hands().answers.clear();
  lab.hands().when_down.at(test::Node(lab.plan(), kHost, kPump))(0);
  BOOST_TEST(lab.Actions() == (Lines{start}));
}

BOOST_AUTO_TEST_CASE(the_scripts_of_a_deployment) {
  test::LoopSession lab(test::SupervisedPlan());
  lab.hands().states[kPump + " on " + kHost] = "active";
  const auto run = [&](const std::string& command) {
    return lab.Shell("ssh 10.0.1.1 '" + command + "'").output;
  };
  const std::string scripts = kDeploy + "/scripts/";
  BOOST_TEST(run(scripts + "start_pump.sh") == "ok: already started!\n");
  // Where a sh lies between, as with Ansible's.
  BOOST_TEST(run("sh -c \"bash -c \\\"kill -0 4200001\\\"\"; echo $?") == "0\n");
  BOOST_TEST(run(scripts + "stop_pump.sh") == "ok: stopped!\n");
  BOOST_TEST(run("deploy/bin/svstat deploy/status/pump") ==
             "deploy/status/pump: supervise not running\n");
  BOOST_TEST(run(scripts + "start_pump.sh") == "ok: started!\n");
  BOOST_TEST(run("basename $(readlink /proc/$(cat deploy/status/pump/pid)/exe)") == "supervise\n");
  BOOST_TEST(
      run("for i in $(seq 300); do deploy/bin/svstat deploy/status/pump | grep -q up && break; "
          "done; " +
          scripts + "stop_pump.sh") == "ok: stopped!\n");
  BOOST_TEST(run("uname -n") == "ip-10-0-1-1\n");
  BOOST_TEST(run("id -u; sudo id -u; id -un") == "1000\n0\ntidb\n");
  const Lines log = lab.TakeLog();
  BOOST_TEST(std::count(log.begin(), log.end(), "start-process " + kPump + " on 10.0.1.1") == 1);
  BOOST_TEST(std::count(log.begin(), log.end(), "stop-process " + kPump + " on 10.0.1.1") == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
