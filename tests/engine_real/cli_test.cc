// The program as its users start it.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "engine/real/spawn.h"
#include "tests/support/temp_dir.h"

namespace tidegate::engine {
namespace {

const std::string kFixtures = std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/";

// State goes into a folder of the test: HOME's own is never touched.
CommandResult Run(const test::TempDir& state, std::vector<std::string> words) {
  Command command;
  command.argv = {"env", "XDG_STATE_HOME=" + state.path(), TIDEGATE_BINLOG_UPGRADE};
  for (std::string& word : words) command.argv.push_back(std::move(word));
  command.timeout = kMinute;
  return RunCommand(command);
}
CommandResult Run(std::vector<std::string> words) { return Run(test::TempDir(), std::move(words)); }

std::vector<std::string> Inputs(std::string verb, std::vector<std::string> more = {}) {
  std::vector<std::string> words = {std::move(verb),
                                    "--inventory",
                                    kFixtures + "inventories/standard.ini",
                                    "--target",
                                    kFixtures + "inventories/standard.target.ini",
                                    "--site",
                                    kFixtures + "sites/standard.json"};
  for (std::string& word : more) words.push_back(std::move(word));
  return words;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(cli)

BOOST_AUTO_TEST_CASE(plan_prints_each_step_and_no_password) {
  const CommandResult result = Run(Inputs("plan"));
  BOOST_TEST(result.status == 0);
  for (const std::string step : {"deploy-pump", "stop-tidb", "upgrade-tidb", "start-tidb",
                                 "wait-drained", "start-drainer", "retire-old"}) {
    BOOST_TEST(Has(result.output, "\n" + step + ": "), step);
  }
  BOOST_TEST(!Has(result.output, "ss#word"));
  const CommandResult json = Run(Inputs("plan", {"--json"}));
  BOOST_TEST(json.status == 0);
  BOOST_TEST(JsonDocument::Parse(json.output, "plan").has_value());
  BOOST_TEST(!Has(json.output, "ss#word"));
}

BOOST_AUTO_TEST_CASE(collisions_without_a_target_are_refused_with_what_was_assumed) {
  const CommandResult result = Run({"plan", "--inventory", kFixtures + "inventories/standard.ini"});
  BOOST_TEST(result.status == 6);
  BOOST_TEST(Has(result.errors,
                 "assumed: no target inventory: new-pump@TiDB1 on 10.20.1.11, port "
                 "8250, data in /home/tidb/deploy/data.pump"));
  BOOST_TEST(Has(result.errors, "would share port 8250 on 10.20.1.11"));
}

BOOST_AUTO_TEST_CASE(bad_usage_is_2_and_names_the_nearest) {
  const CommandResult option = Run(Inputs("plan", {"--gat", "proof"}));
  BOOST_TEST(option.status == 2);
  BOOST_TEST(option.errors ==
             "binlog-upgrade: plan does not know '--gat'; did you mean '--gate'?\n");
  const CommandResult verb = Run({"aply"});
  BOOST_TEST(verb.status == 2);
  BOOST_TEST(verb.errors == "binlog-upgrade: no command 'aply'; did you mean 'apply'?\n");
  BOOST_TEST(Run(Inputs("plan", {"--gate", "hope"})).status == 2);
  const CommandResult until = Run(Inputs("plan", {"--until", "wait-draind"}));
  BOOST_TEST(until.status == 2);
  BOOST_TEST(Has(until.errors, "no step 'wait-draind'; did you mean 'wait-drained'?"));
  BOOST_TEST(Run({}).status == 2);
  BOOST_TEST(Run({"plan"}).errors == "binlog-upgrade: --inventory is missing\n");
}

BOOST_AUTO_TEST_CASE(bad_input_is_2_at_its_place) {
  const test::TempDir dir;
  BOOST_REQUIRE(WriteFileAtomically(dir / "i.ini", "[tidb_servers\nh\n").has_value());
  const CommandResult result = Run({"plan", "--inventory", dir / "i.ini"});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(Has(result.errors, "i.ini:1:1: the section '[tidb_servers' has no closing ']'"));
  BOOST_TEST(Run({"plan", "--inventory", dir / "none.ini"}).status == 2);
}

BOOST_AUTO_TEST_CASE(help_shows_exit_codes_and_an_example) {
  const CommandResult result = Run({"plan", "--help"});
  BOOST_TEST(result.status == 0);
  BOOST_TEST(Has(result.output, "Exit codes:"));
  BOOST_TEST(Has(result.output, "binlog-upgrade plan --inventory inventory.ini"));
  BOOST_TEST(Has(result.output, "{proof,synced,both}=proof"));
}

BOOST_AUTO_TEST_CASE(a_dry_run_prints_commands_and_writes_nothing) {
  const test::TempDir state;
  const CommandResult result =
      Run(state, Inputs("apply", {"--dry-run", "--templates", "ssh", "--ssh-user", "tidb"}));
  BOOST_TEST(result.status == 0);
  BOOST_TEST(Has(result.output, "\"'systemctl' 'stop' '--' 'tidb-4000.service'\""));
  BOOST_TEST(!Has(result.output, "ss#word"));
  BOOST_TEST(ListFiles(state.path(), "")->empty());
}

std::vector<std::string> Rolling(std::string verb, const std::string& cluster,
                                 std::vector<std::string> more) {
  std::vector<std::string> words = {std::move(verb), "--inventory",
                                    kFixtures + "inventories/" + cluster + ".ini", "--target",
                                    kFixtures + "inventories/" + cluster + ".target.ini"};
  for (std::string& word : more) words.push_back(std::move(word));
  return words;
}

// Playbooks run on this machine, also where hosts are reached by ssh.
BOOST_AUTO_TEST_CASE(a_rolling_upgrade_as_commands) {
  const CommandResult result =
      Run(Rolling("apply", "cluster-standard",
                  {"--site", kFixtures + "sites/cluster-standard.json", "--procedure",
                   "rolling-ansible", "--dry-run", "--templates", "ssh", "--ssh-user", "tidb"}));
  BOOST_TEST(result.status == 0, result.errors);
  BOOST_TEST(Has(result.output,
                 "    \"env\" \"--chdir=/home/tidb/tidb-ansible\" \"ansible-playbook\" "
                 "\"rolling_update.yml\" \"--tags=pump\" \"-l\" \"pump1,localhost\"\n"),
             result.output);
  BOOST_TEST(Has(result.output,
                 "\"deploy_drainer.yml\" \"--tags=drainer\" \"-l\" "
                 "\"drainer_mysql,localhost\""));
  BOOST_TEST(Has(result.output,
                 "'cp' '-pf' '--' '/data1/pump/bin/pump' "
                 "'/data1/pump/bin/pump.before-tidegate.tidegate-new'"));
  BOOST_TEST(!Has(result.output, "secret"));
}

BOOST_AUTO_TEST_CASE(the_only_pump_needs_a_word) {
  const CommandResult refused =
      Run(Rolling("plan", "cluster-single-pump", {"--procedure", "rolling-manual"}));
  BOOST_TEST(refused.status == 6);
  BOOST_TEST(Has(refused.errors, "--accept-write-outage"));
  const CommandResult accepted = Run(Rolling(
      "plan", "cluster-single-pump", {"--procedure", "rolling-manual", "--accept-write-outage"}));
  BOOST_TEST(accepted.status == 0, accepted.errors);
  BOOST_TEST(Has(accepted.output, "no TiDB can write while the only Pump restarts"));
}

BOOST_AUTO_TEST_CASE(resume_and_status_need_a_journal) {
  BOOST_TEST(Run(Inputs("resume")).status == 2);
  BOOST_TEST(Run(Inputs("status")).status == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
