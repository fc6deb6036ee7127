// What processes leave on their hosts as they run: log files, standard error, systemd's journal.
#include <boost/test/unit_test.hpp>

#include "tests/lab/lab_run.h"

namespace tidegate::test {
namespace {

// Followed while the world goes on; moved away, and broken; sent elsewhere by flag, and by nobody.
const std::string kReads = R"sh(
p=10.0.7.1 conf=deploy/conf/pump.toml
ssh $p 'head -1 deploy/log/pump.log; grep -c "register success" deploy/log/pump.log'
ssh 10.0.1.1 'tail -n 1 deploy/log/tidb.log'
ssh $p 'tail -n0 -f deploy/log/pump.log | grep -m1 -o writeBinlogCount'; date -u +%T
(sleep 5; ssh $p sudo systemctl restart pump-8250) &
ssh $p 'journalctl -fu pump-8250 -n0 -o cat | grep -m1 Stopped'; date -u +%T; wait
sleep 5
ssh $p 'pkill -9 pump; sleep 20; journalctl -u pump-8250 --since -21s'
ssh $p "mv deploy/log/pump.log{,.1}; sleep 20; ls deploy/log; tail -n1 deploy/log/pump.log.1 | cut -c-19"
ssh $p "cp $conf $conf.good; echo 'gc = [' >> $conf; sudo systemctl restart pump-8250; sleep 3"
ssh $p 'cat deploy/log/pump_stderr.log; journalctl -u pump-8250 -n 2 -o cat'
ssh $p "mv $conf.good $conf; sed -i 's|--log-file=.*|--log-file=/var/log/\${STEM}pump.log|; s|^DEPLOY|STEM=my-\nDEPLOY|' deploy/scripts/run_pump.sh
sudo systemctl restart pump-8250; sleep 3; tail -n1 /var/log/my-pump.log"
ssh $p "sed -i '/--log-file/d' deploy/scripts/run_pump.sh; sudo systemctl restart pump-8250; sleep 3; tail -n1 deploy/log/pump_stderr.log"
ssh $p "sed -i 's| 2>>.*||' deploy/scripts/run_pump.sh; sudo systemctl restart pump-8250; sleep 3; journalctl -u pump-8250 -n1"
ssh $p "journalctl -u nothing; journalctl -u pump --nonsense; echo \$?"
)sh";

}  // namespace

BOOST_AUTO_TEST_SUITE(host_logs)

BOOST_AUTO_TEST_CASE(logs_and_journals_tell_what_happens) {
  if (!LabWorksHere()) return;
  const InLab what = {.scenario = "rolling-manual/small.json", .command = kReads};
  const rehearsal::RunResult first = Run(what);
  BOOST_TEST(first.engine_output ==
             R"(2018/10/20 00:00:00 version.go:1: [info] Release Version: v2.1.8
1
2018/10/20 00:00:00.000 server.go:1: [info] Server is running MySQL Protocol at [0.0.0.0:4000]
writeBinlogCount
00:00:11
Stopped pump-8250.service - pump-8250 service.
00:00:16
Oct 20 00:00:21 10.0.7.1 systemd[1]: pump-8250.service: Main process exited, code=killed, status=9/KILL
Oct 20 00:00:21 10.0.7.1 systemd[1]: pump-8250.service: Failed with result 'signal'.
Oct 20 00:00:36 10.0.7.1 systemd[1]: pump-8250.service: Scheduled restart job, restart counter is at 1.
Oct 20 00:00:36 10.0.7.1 systemd[1]: Stopped pump-8250.service - pump-8250 service.
Oct 20 00:00:36 10.0.7.1 systemd[1]: Started pump-8250.service - pump-8250 service.
pump.log.1
2018/10/20 00:00:58
2018/10/20 00:01:03 main.go:1: [fatal] verifying flags error, pump: the configuration file is not TOML. See 'pump --help'.
pump-8250.service: Main process exited, code=exited, status=1/FAILURE
pump-8250.service: Failed with result 'exit-code'.
2018/10/20 00:01:06 server.go:1: [info] start to server request on http://10.0.7.1:8250
2018/10/20 00:01:09 server.go:1: [info] start to server request on http://10.0.7.1:8250
Oct 20 00:01:13 10.0.7.1 run_pump.sh[4200002]: 2018/10/20 00:01:12 server.go:1: [info] start to server request on http://10.0.7.1:8250
-- No entries --
journalctl: unrecognized option '--nonsense'
1
)");
  if (kSanitized) return;
  const rehearsal::RunResult second = Run(what);
  BOOST_TEST(first.engine_output == second.engine_output);
  BOOST_TEST(first.digest == second.digest);
}

// Of the old side, and of a process that somebody started by hand: what it says is theirs.
BOOST_AUTO_TEST_CASE(a_process_of_ones_own_is_no_unit) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = "kafka-to-cluster/small.json", .command = R"sh(
ssh 10.0.4.1 'ls drainer/log; tail -n1 drainer/log/drainer.log
sudo systemctl stop drainer; tail -n1 drainer/log/drainer.log
cd drainer; nohup bin/drainer --config=conf/drainer.toml --log-file=/tmp/mine.log >/dev/null 2>&1 &
sleep 30; tail -n1 /tmp/mine.log; pkill drainer; sleep 1; journalctl -u drainer -o cat -n1'
)sh"});
  BOOST_TEST(result.engine_output ==
             "drainer.log\n"
             "2018/10/20 00:00:00 server.go:1: [info] clusterID of drainer server is "
             "6514242163215845542\n"
             "2018/10/20 00:00:03 main.go:1: [info] got signal [15] to exit.\n"
             "2018/10/20 00:00:05 server.go:1: [info] clusterID of drainer server is "
             "6514242163215845542\n"
             "Stopped drainer.service - drainer service.\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::test
