// The programs as a run-book calls them: real processes, real namespaces, no world. Their answers
// come from FakeHands over the control socket.
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "base/files.h"
#include "tests/lab/support/loop_session.h"

namespace tidegate::lab {
namespace {

using test::LoopSession;
using test::Ran;
using Lines = std::vector<std::string>;

void Expect(const Ran& ran, int exit, const std::string& output) {
  BOOST_TEST(ran.exit == exit);
  BOOST_TEST(ran.output == output);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_programs)

BOOST_AUTO_TEST_CASE(ssh_runs_where_the_hosts_tree_is_the_root) {
  LoopSession lab;
  Expect(lab.Shell("ssh -o BatchMode=yes -p 22 tidb@10.0.1.9 'pwd; echo $USER $TIDEGATE_HOST; "
                   "cat drainer/conf/drainer.toml; ls /home'"),
         0, "/home/tidb\ntidb 10.0.1.9\ndetect-interval = 10\ntidb\n");
  Expect(lab.Shell("ssh 10.0.1.1 ls deploy; ssh root@10.0.1.9 pwd"), 0,
         "backup\nbin\nconf\ndata.pump\nlog\nscripts\nstatus\n/root\n");
  Expect(lab.Shell("HOME=/tmp; ssh localhost 'pwd; echo $TIDEGATE_HOST'"), 0, "/tmp\nlocalhost\n");
  Expect(lab.Shell("ssh 10.0.1.1 'exit 7'"), 7, "");
  Expect(lab.Shell("ssh 10.0.1.1 'kill -9 $$'"), 255, "");
  Expect(lab.Shell("printf 'echo from stdin; pwd' | ssh 10.0.1.1"), 0, "from stdin\n/home/tidb\n");
  Expect(lab.Shell("echo data | ssh 10.0.1.1 'cat > /tmp/x; cat /tmp/x'; "
                   "echo data | ssh -n 10.0.1.1 cat"),
         0, "data\n");
}

BOOST_AUTO_TEST_CASE(writes_land_in_the_tree_or_nowhere) {
  LoopSession lab;
  Expect(lab.Shell("ssh 10.0.1.1 'mkdir -p /data1/pump && echo 1 > /data1/pump/a'"), 0, "");
  BOOST_TEST(lab.On("10.0.1.1").Read("/data1/pump/a").value() == "1\n");
  BOOST_TEST(access("/data1/pump", F_OK) != 0);
  const Ran usr = lab.Shell("ssh 10.0.1.1 'touch /usr/bin/tidegate-was-here'");
  BOOST_TEST(usr.exit == 1);
  BOOST_TEST(usr.output.find("Read-only file system") != std::string::npos);
  // The tree of another host is out of sight but for the lab's own folder.
  BOOST_TEST(lab.Shell("ssh 10.0.1.2 'cat /data1/pump/a'").exit == 1);
}

BOOST_AUTO_TEST_CASE(a_host_that_nobody_has) {
  LoopSession lab;
  Expect(lab.Shell("ssh nobody@example.org true"), 255,
         "ssh: Could not resolve hostname example.org: Name or service not known\n");
  BOOST_TEST(lab.hands().refused.size() == 1U);
}

BOOST_AUTO_TEST_CASE(sudo_and_systemctl_from_a_host_to_another) {
  LoopSession lab;
  Expect(lab.Shell("ssh 10.0.1.1 sudo -n -u root systemctl stop pump.service"), 0, "");
  BOOST_TEST(lab.TakeLog() == (Lines{"stop-process pump.service on 10.0.1.1"}));
  Expect(lab.Shell("ssh 10.0.1.1 'ssh 10.0.1.9 sudo systemctl start drainer; "
                   "ssh 10.0.1.9 cat /home/tidb/drainer/conf/drainer.toml; ls deploy/conf'"),
         0, "detect-interval = 10\npd.toml\npump.toml\ntidb.toml\n");
  BOOST_TEST(lab.TakeLog() == (Lines{"start-process drainer.service on 10.0.1.9"}));
  Expect(lab.Shell("ssh 10.0.1.1 /home/tidb/deploy/scripts/start_pump.sh"), 0, "");
  BOOST_TEST(lab.TakeLog() == (Lines{"start-process pump.service on 10.0.1.1"}));
  Expect(lab.Shell("ssh 10.0.1.1 'sudo A=b sh -c \"echo \\$A\"; systemctl is-active nope'"), 3,
         "b\ninactive\n");
}

BOOST_AUTO_TEST_CASE(a_binary_tells_its_version) {
  LoopSession lab;
  Expect(lab.Shell("ssh 10.0.1.1 /home/tidb/deploy/bin/tidb-server -V | head -1"), 0,
         "Release Version: v2.0.7\n");
  Expect(lab.Shell("$TIDEGATE_LAB/resources/bin/pump -V | head -1"), 0,
         "Release Version: v2.1.0\n");
}

// As an operator replaces a binary over ssh and restarts: the world learns it before the restart.
BOOST_AUTO_TEST_CASE(a_copied_binary_is_installed_before_what_comes_next) {
  LoopSession lab;
  Expect(lab.Shell("scp -q $TIDEGATE_LAB/resources/bin/tidb-server tidb@10.0.1.1:/tmp/ && "
                   "ssh 10.0.1.1 'cp /tmp/tidb-server deploy/bin/tidb-server && "
                   "echo x=1 > deploy/conf/tidb.toml && sudo systemctl restart tidb-4000'"),
         0, "");
  BOOST_TEST(
      lab.TakeLog() ==
      (Lines{"install-binary tidb-server v2.1.0 at /home/tidb/deploy/bin/tidb-server on 10.0.1.1",
             "write-file /home/tidb/deploy/conf/tidb.toml on 10.0.1.1",
             "stop-process tidb-4000.service on 10.0.1.1",
             "start-process tidb-4000.service on 10.0.1.1"}));
}

BOOST_AUTO_TEST_CASE(scp_in_both_directions) {
  LoopSession lab;
  const std::string here = lab.path() + "/here";
  Expect(lab.Shell("mkdir " + here + "; cd " + here +
                   "; echo a > a; chmod 750 a; mkdir d; echo b > d/b; "
                   "scp -r a d 10.0.1.9:/home/tidb/ && scp 10.0.1.9:drainer/conf/*.toml c && "
                   "scp -p tidb@[10.0.1.9]:a 10.0.1.1:/tmp/z && stat -c %a a && cat c"),
         0, "750\ndetect-interval = 10\n");
  BOOST_TEST(lab.On("10.0.1.9").Read("/home/tidb/d/b").value() == "b\n");
  BOOST_TEST((lab.On("10.0.1.1").Stat("/tmp/z")->st_mode & 0777) == 0750U);
  Expect(lab.Shell("cd " + here + "; scp d 10.0.1.9:/tmp/"), 1,
         "scp: " + here + "/d: not a regular file\n");
  Expect(lab.Shell("cd " + here + "; scp none 10.0.1.9:/tmp/"), 1,
         "scp: " + here + "/none: No such file or directory\n");
  Expect(lab.Shell("cd " + here + "; scp a 10.0.1.9:/none/x"), 1,
         "scp: dest open \"/none/x\": No such file or directory\n");
  BOOST_TEST(lab.Shell("scp " + here + "/a example.org:/tmp/").exit == 255);
}

// As ansible-playbook sends its modules: sftp -b - HOST, commands on standard input.
BOOST_AUTO_TEST_CASE(sftp_does_a_batch) {
  LoopSession lab;
  const std::string here = lab.path() + "/here";
  Expect(
      lab.Shell("mkdir " + here + "; cd " + here +
                "; echo a > 'a b'; printf \"put 'a b' /tmp/z\\n# no more\\n\\nget /tmp/z c\\n\" | "
                "sftp -b - -C -o ControlMaster=auto -P 22 '[10.0.1.9]'; cat c"),
      0, "a\n");
  BOOST_TEST(lab.On("10.0.1.9").Read("/tmp/z").value() == "a\n");
  Expect(lab.Shell("cd " + here + "; echo 'put none /tmp/x' > list; sftp -b list 10.0.1.9"), 1,
         "scp: " + here + "/none: No such file or directory\n");
  BOOST_TEST(lab.Shell("echo 'rm /tmp/z' | sftp -b - 10.0.1.9").exit == 1);
  BOOST_TEST(lab.Shell("echo 'put a /tmp/z' | sftp -b - example.org").exit == 255);
  BOOST_TEST(lab.Shell("sftp 10.0.1.9 < /dev/null").exit == 1);
}

BOOST_AUTO_TEST_CASE(the_deployments_user_has_a_home) {
  LoopSession lab;
  Expect(lab.Shell("ssh 10.0.1.9 'echo ~tidb; touch x; chown tidb:tidb x; mkdir ~/t'; "
                   "echo a > $TIDEGATE_LAB/a; scp $TIDEGATE_LAB/a 10.0.1.9:~tidb/t/b; "
                   "ssh 10.0.1.9 cat /home/tidb/t/b; ssh 10.0.1.9 ntpstat | head -1"),
         0, "/home/tidb\na\nsynchronised to local net at stratum 1\n");
}

BOOST_AUTO_TEST_CASE(rsync_knows_its_slashes) {
  LoopSession lab;
  const std::string here = lab.path() + "/here";
  Expect(lab.Shell("mkdir -p " + here + "/d/e; cd " + here +
                   "; echo b > d/e/b; echo n > d/n; ln -s n d/l; "
                   "rsync -az -e ssh --exclude=n d 10.0.1.9:/tmp/one && "
                   "rsync -avz d/ tidb@10.0.1.9:/tmp/two/"),
         0, "sending incremental file list\nb\nl\nn\n");
  const RootDir& host = lab.On("10.0.1.9");
  BOOST_TEST(host.List("/tmp/one/d") == (Lines{"e", "l"}));
  BOOST_TEST(host.List("/tmp/two") == (Lines{"e", "l", "n"}));
  Expect(lab.Shell("cd " + here + "; rm d/n d/l; rsync -a --delete d/ 10.0.1.9:/tmp/two"), 0, "");
  BOOST_TEST(host.List("/tmp/two") == (Lines{"e"}));
  BOOST_TEST(lab.Shell("rsync --frobnicate a b").exit == 1);
}

BOOST_AUTO_TEST_CASE(mysql_reads_its_input_and_option_file) {
  LoopSession lab;
  lab.hands().answers["query-sql at reporting"] = {engine::port::AnswerCode::kOk, 0, "n\n1\n"};
  Expect(lab.Shell("printf '[client]\\nhost=10.0.1.71\\n' > $TIDEGATE_LAB/cnf; "
                   "echo 'select n from t;' | mysql --defaults-extra-file=$TIDEGATE_LAB/cnf -N; "
                   "mysql -h10.0.1.71 -P3306 -uroot -e 'select n from t'"),
         0, "1\nn\n1\n");
}

BOOST_AUTO_TEST_CASE(a_stub_by_hand_lives_as_long_as_its_node) {
  LoopSession lab;
  const std::string start =
      "ssh 10.0.1.1 'nohup deploy/scripts/run_pump.sh >/dev/null 2>&1 & "
      "echo $!'";
  const Ran first =
      lab.Shell("pid=$(" + start +
                "); for i in $(seq 200); do systemctl -H 10.0.1.1 is-active -q pump && "
                "break; done; kill $pid; while kill -0 $pid 2>/dev/null; do :; done");
  Expect(first, 0, "");
  const Lines log = lab.TakeLog();
  BOOST_TEST(std::count(log.begin(), log.end(), "start-process pump.service on 10.0.1.1") == 1);
  BOOST_TEST(std::count(log.begin(), log.end(),
                        "stop-process pump.service on 10.0.1.1 by signal 15") == 1);
}

BOOST_AUTO_TEST_CASE(a_kill_reaches_nobody_outside) {
  LoopSession lab;
  Expect(lab.Shell("$TIDEGATE_LAB/bin/kill -9 1"), 1, "kill: (1) - no process of the lab\n");
}

BOOST_AUTO_TEST_CASE(a_shells_own_kill_reaches_the_worlds_processes) {
  LoopSession lab;
  lab.hands().states["pump.service on 10.0.1.1"] = "active";
  Expect(lab.Shell("ssh 10.0.1.1 'kill -9 $(pgrep pump); sleep 100 & kill $!'"), 0, "");
  const Lines log = lab.TakeLog();
  BOOST_TEST(
      std::count(log.begin(), log.end(), "stop-process pump.service on 10.0.1.1 by signal 9") == 1);
}

// A whole path, a login shell: neither leads to the machine's own programs.
BOOST_AUTO_TEST_CASE(there_is_no_way_around_the_labs_programs) {
  LoopSession lab;
  Expect(lab.Shell("tidegate-lab-enter sh -c '/usr/bin/ssh 10.0.1.1 /usr/bin/ssh 10.0.1.9 pwd'"), 0,
         "/home/tidb\n");
  Expect(lab.Shell("ssh 10.0.1.1 'bash -lc \"systemctl is-active nope\"'"), 3, "inactive\n");
}

// Somebody's program runs as they are; what it writes where nobody works is refused.
BOOST_AUTO_TEST_CASE(the_control_machine_itself_is_protected) {
  LoopSession lab;
  Expect(lab.Shell("mkdir $TIDEGATE_LAB/here; cd $TIDEGATE_LAB/here; export HOME=$PWD; "
                   "tidegate-lab-enter sh -c 'for f in /usr/t /opt/t /etc/t /home/t; do "
                   "touch $f-tidegate 2>/dev/null && echo $f; done; echo 1 > a; "
                   "echo 2 > /tmp/tidegate-t-$$; rm /tmp/tidegate-t-$$; echo 3 > /dev/null; "
                   "ssh 10.0.1.1 touch x; cat a'"),
         0, "1\n");
  BOOST_TEST(lab.On("10.0.1.1").Stat("/home/tidb/x").has_value());
}

BOOST_AUTO_TEST_CASE(files_of_the_control_machine_lie_over_its_own) {
  LoopSession lab;
  const RootDir control(lab.path() + "/hosts/localhost");
  BOOST_REQUIRE(
      control.Write("/home/tidegate-lab-test/ansible/conf/d.toml", "x = 1\n", 0644).has_value());
  Expect(
      lab.Shell(
          "tidegate-lab-enter sh -c 'cat /home/tidegate-lab-test/ansible/conf/d.toml; "
          "echo y >> /home/tidegate-lab-test/ansible/conf/d.toml'; ls -d /home/tidegate-lab-test"),
      2, "x = 1\nls: cannot access '/home/tidegate-lab-test': No such file or directory\n");
  BOOST_TEST(control.Read("/home/tidegate-lab-test/ansible/conf/d.toml").value() == "x = 1\ny\n");
}

// Everything above as somebody who is not root: the namespaces are of a user's own then.
BOOST_AUTO_TEST_CASE(without_roots_rights) {
  if (getuid() != 0) return;  // the tests above did it
  LoopSession lab;
  Expect(
      lab.Shell("chown -R 65534 $TIDEGATE_LAB; cd /; "
                "setpriv --reuid 65534 --regid 65534 --clear-groups "
                "ssh 10.0.1.1 'id -u; echo 1 > /tmp/a; cat /tmp/a; ssh 10.0.1.9 ls drainer/conf; "
                "touch /etc/systemd/system/x.service && sudo systemctl daemon-reload'"),
      0, "65534\n1\ndrainer.toml\n");
  Expect(lab.Shell("cd /; export HOME=/tmp; setpriv --reuid 65534 --regid 65534 --clear-groups "
                   "tidegate-lab-enter sh -c 'touch /usr/t 2>/dev/null || echo refused; "
                   "ssh 10.0.1.9 ls drainer/conf; tail -1 /etc/profile'"),
         0, "refused\ndrainer.toml\nexport PATH\n");
  BOOST_TEST(lab.trees().HasUnit("10.0.1.1", "x.service"));
}

BOOST_AUTO_TEST_CASE(ps_lists_both_kinds_of_processes) {
  LoopSession lab;
  lab.hands().states["pump.service on 10.0.1.1"] = "active";
  const Ran ran = lab.Shell("ssh 10.0.1.1 'ps -ef | grep -c -e \"[b]in/pump\" -e \"[p]s -ef\"'");
  BOOST_TEST(ran.exit == 0);
  BOOST_TEST(std::stoi(ran.output) >= 2);
}

BOOST_AUTO_TEST_CASE(outside_of_a_lab_they_say_so) {
  LoopSession lab;
  Expect(lab.Shell("unset TIDEGATE_LAB; " + lab.path() + "/bin/ssh x y"), 125,
         "tidegate lab: this program works in a lab only (TIDEGATE_LAB)\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
