// systemctl: actions, words and exit codes, verb by verb.
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/asked.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using test::AskedLab;
using test::ExpectReply;
using Lines = std::vector<std::string>;

const std::string kHost = "10.0.1.1";

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_systemctl)

BOOST_AUTO_TEST_CASE(start_stop_restart) {
  AskedLab lab;
  ExpectReply(lab.Run(kHost, "systemctl", {"start", "pump", "tidb-4000.service"}), 0, "", "");
  BOOST_TEST(lab.hands().log == (Lines{"start-process pump.service on 10.0.1.1",
                                       "start-process tidb-4000.service on 10.0.1.1"}));
  ExpectReply(lab.Run(kHost, "systemctl", {"--no-pager", "restart", "--", "pump.service"}), 0, "",
              "");
  BOOST_TEST(lab.hands().log == (Lines{"stop-process pump.service on 10.0.1.1",
                                       "start-process pump.service on 10.0.1.1"}));
  ExpectReply(lab.Run("localhost", "systemctl", {"-H", "tidb@drainer-orders", "stop", "drainer"}),
              0, "", "");
  BOOST_TEST(lab.hands().log == (Lines{"stop-process drainer.service on 10.0.1.9"}));
}

BOOST_AUTO_TEST_CASE(units_that_are_not_there) {
  AskedLab lab;
  ExpectReply(lab.Run(kHost, "systemctl", {"start", "nope"}), 5, "",
              "Failed to start nope.service: Unit nope.service not found.\n");
  ExpectReply(lab.Run(kHost, "systemctl", {"stop", "nope"}), 5, "",
              "Failed to stop nope.service: Unit nope.service not loaded.\n");
  ExpectReply(lab.Run(kHost, "systemctl", {"restart", "nope"}), 5, "",
              "Failed to restart nope.service: Unit nope.service not found.\n");
  ExpectReply(lab.Run(kHost, "systemctl", {"status", "nope"}), 4, "",
              "Unit nope.service could not be found.\n");
  ExpectReply(lab.Run(kHost, "systemctl", {"is-active", "nope"}), 3, "inactive\n", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"enable", "nope"}), 1, "",
              "Failed to enable unit: Unit file nope.service does not exist.\n");
  ExpectReply(lab.Run(kHost, "systemctl", {"is-enabled", "nope"}), 1, "",
              "Failed to get unit file state for nope.service: No such file or directory\n");
  // The slot of the new Pump, before anybody wrote its unit file.
  BOOST_TEST(lab.Run(kHost, "systemctl", {"start", "pump-8251"}).exit == 5);
  BOOST_TEST(lab.hands().log.empty());
  BOOST_TEST(lab.hands().refused.empty());
}

BOOST_AUTO_TEST_CASE(failures) {
  AskedLab lab;
  lab.hands().answers["start-process pump.service on 10.0.1.1"] = {port::AnswerCode::kFailed, 1,
                                                                   "no such binary"};
  lab.hands().answers["stop-process pump.service on 10.0.1.1"] = {port::AnswerCode::kTimedOut, 1,
                                                                  ""};
  const Reply start = lab.Run(kHost, "systemctl", {"start", "pump"});
  BOOST_TEST(start.exit == 1);
  BOOST_TEST(start.errors.starts_with("Job for pump.service failed because the control process"));
  const Reply stop = lab.Run(kHost, "systemctl", {"stop", "pump"});
  BOOST_TEST(stop.exit == 1);
  BOOST_TEST(stop.errors.starts_with("Job for pump.service failed because a timeout"));
  ExpectReply(lab.Run(kHost, "systemctl", {"frobnicate", "pump"}), 1, "",
              "Unknown command verb frobnicate.\n");
  ExpectReply(lab.Run(kHost, "systemctl", {"start"}), 1, "", "Too few arguments.\n");
  ExpectReply(lab.Run(kHost, "systemctl", {"--frobnicate", "start", "pump"}), 1, "",
              "systemctl: unrecognized option '--frobnicate'\n");
}

BOOST_AUTO_TEST_CASE(states_and_their_exit_codes) {
  AskedLab lab;
  lab.hands().states["pump.service on 10.0.1.1"] = "active";
  lab.hands().states["tidb-4000.service on 10.0.1.1"] = "failed";
  ExpectReply(lab.Run(kHost, "systemctl", {"is-active", "pump"}), 0, "active\n", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"is-active", "tidb-4000"}), 3, "failed\n", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"is-active", "-q", "tidb-4000", "pump"}), 0, "", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"is-failed", "tidb-4000"}), 0, "failed\n", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"is-failed", "pump"}), 1, "active\n", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"is-enabled", "pump"}), 0, "enabled\n", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"status", "pump"}), 0,
              "● pump.service - pump service\n"
              "     Loaded: loaded (/etc/systemd/system/pump.service; enabled; preset: enabled)\n"
              "     Active: active (running)\n",
              "");
  BOOST_TEST(lab.Run(kHost, "systemctl", {"status", "tidb-4000"}).exit == 3);
}

BOOST_AUTO_TEST_CASE(show_gives_the_properties_that_are_asked_for) {
  AskedLab lab;
  lab.hands().states["pump.service on 10.0.1.1"] = "active";
  ExpectReply(
      lab.Run(kHost, "systemctl",
              {"show", "-p", "LoadState,ActiveState,SubState,UnitFileState", "--", "pump.service"}),
      0, "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"show", "--property=ActiveState", "--value", "pump"}), 0,
              "active\n", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"show", "-pActiveState", "nope"}), 0,
              "ActiveState=inactive\n", "");
  const Reply all = lab.Run(kHost, "systemctl", {"show", "nope"});
  BOOST_TEST(all.output.find("LoadState=not-found\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(enable_and_disable_keep_the_link) {
  AskedLab lab;
  const std::string wants = "/etc/systemd/system/multi-user.target.wants";
  ExpectReply(lab.Run(kHost, "systemctl", {"disable", "pump"}), 0, "",
              "Removed /etc/systemd/system/multi-user.target.wants/pump.service.\n");
  BOOST_TEST(lab.On(kHost).List(wants) == (Lines{"tidb-4000.service"}));
  ExpectReply(lab.Run(kHost, "systemctl", {"enable", "--now", "pump"}), 0, "",
              "Created symlink /etc/systemd/system/multi-user.target.wants/pump.service → "
              "/etc/systemd/system/pump.service.\n");
  BOOST_TEST(lab.hands().log == (Lines{"enable-unit pump.service on 10.0.1.1",
                                       "start-process pump.service on 10.0.1.1"}));
  BOOST_TEST(lab.On(kHost).List(wants) == (Lines{"pump.service", "tidb-4000.service"}));
}

BOOST_AUTO_TEST_CASE(lists_and_reloads) {
  AskedLab lab;
  ExpectReply(lab.Run(kHost, "systemctl", {"daemon-reload"}), 0, "", "");
  ExpectReply(lab.Run(kHost, "systemctl", {"list-unit-files", "--no-legend", "pump*"}), 0,
              "pump.service enabled enabled\n", "");
  const Reply all = lab.Run(kHost, "systemctl", {"list-unit-files", "--type=service"});
  BOOST_TEST(all.output ==
             "UNIT FILE STATE PRESET\npd.service enabled enabled\npump.service enabled enabled\n"
             "tidb-4000.service enabled enabled\n\n3 unit files listed.\n");
  const Reply text = lab.Run(kHost, "systemctl", {"cat", "pump"});
  BOOST_TEST(text.output.starts_with("# /etc/systemd/system/pump.service\n[Unit]\n"));
}

BOOST_AUTO_TEST_CASE(a_kill_goes_past_the_supervisor) {
  AskedLab lab;
  ExpectReply(lab.Run(kHost, "systemctl", {"kill", "-s", "SIGKILL", "pump"}), 0, "", "");
  BOOST_TEST(lab.hands().log == (Lines{"stop-process pump.service on 10.0.1.1 by signal 9"}));
}

BOOST_AUTO_TEST_CASE(another_machine_is_refused) {
  AskedLab lab;
  BOOST_TEST(lab.Run(kHost, "systemctl", {"-H", "example.org", "stop", "pump"}).exit == 1);
  BOOST_TEST(lab.hands().log.empty());
  BOOST_TEST(lab.hands().refused ==
             (Lines{"10.0.1.1: systemctl on 'example.org', which is no host of this cluster"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
