#include "engine/real/templates.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

TemplateOptions Options(TemplateOptions::Kind kind, bool sudo = false) {
  TemplateOptions options;
  options.kind = kind;
  options.ssh_user = "tidb";
  options.resources_dir = "/opt/resources";
  options.sudo = sudo;
  options.sql["tidb 10.0.0.1:4000"] = {"10.0.0.1", 4000, ""};
  options.sql["orders"] = {"db", 3306, "/etc/tidegate/orders.cnf"};
  return options;
}

std::string Shown(const Command& command) {
  std::string out;
  for (const std::string& word : command.argv) {
    if (!out.empty()) out += ' ';
    out += JsonQuote(word);
  }
  if (!command.input.empty()) out += " < " + JsonQuote(command.input);
  if (!command.input_file.empty()) out += " < file " + command.input_file;
  return out + "\n";
}

std::string Rendered(const TemplateOptions& options, const port::Action& action) {
  const auto commands = Templates(options).Render(action);
  if (!commands.has_value()) return commands.error().ToString();
  std::string out;
  for (const Command& command : *commands) out += Shown(command);
  return out;
}
std::string Local(const port::Action& action) {
  return Rendered(Options(TemplateOptions::Kind::kLocal), action);
}
std::string Ssh(const port::Action& action) {
  return Rendered(Options(TemplateOptions::Kind::kSsh), action);
}
std::string Query(TemplateOptions::Kind kind, const port::Query& query) {
  const auto command = Templates(Options(kind)).Render(query);
  return command.has_value() ? Shown(*command) : command.error().ToString();
}

BOOST_AUTO_TEST_SUITE(templates)

BOOST_AUTO_TEST_CASE(units_on_this_machine) {
  BOOST_TEST(Local(port::StopProcess{"h", "pump.service"}) ==
             "\"systemctl\" \"stop\" \"--\" \"pump.service\"\n");
  BOOST_TEST(Local(port::StartProcess{"h", "pump.service"}) ==
             "\"systemctl\" \"start\" \"--\" \"pump.service\"\n");
  BOOST_TEST(Local(port::SetUnitEnabled{"h", "pump.service", false}) ==
             "\"systemctl\" \"disable\" \"--\" \"pump.service\"\n");
  BOOST_TEST(Rendered(Options(TemplateOptions::Kind::kLocal, true),
                      port::SetUnitEnabled{"h", "pump.service", true}) ==
             "\"sudo\" \"-n\" \"systemctl\" \"enable\" \"--\" \"pump.service\"\n");
}

BOOST_AUTO_TEST_CASE(units_under_supervise) {
  const std::string stop = Local(port::StopProcess{"h", "/d/status/pump"});
  BOOST_TEST(stop.starts_with("\"bash\" \"-c\" \"cd "));
  BOOST_TEST(stop.ends_with(" \"tidegate\" \"/d\" \"status/pump\" \"scripts/run_pump.sh\"\n"));
  BOOST_TEST(stop.find("bin/svc -dx") != std::string::npos);
  BOOST_TEST(Local(port::StartProcess{"h", "/d/status/pump"}).find("exec bin/svc -u") !=
             std::string::npos);
  BOOST_TEST(Local(port::StopProcess{"h", "/d/pump"}) ==
             "the unit '/d/pump' is no status folder of supervise: DEPLOY_DIR/status/ROLE");
  BOOST_TEST(Query(TemplateOptions::Kind::kLocal, port::ShowUnit{"h", "/d/status/pump"}) ==
             "\"/d/bin/svstat\" \"/d/status/pump\"\n");
  // Over ssh the script is one quoted word among others.
  const std::string ssh = Ssh(port::StopProcess{"h", "/d/status/pump"});
  BOOST_TEST(ssh.find("'bash' '-c' 'cd ") != std::string::npos);
  BOOST_TEST(ssh.find("'/d' 'status/pump'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(over_ssh_each_word_is_quoted) {
  BOOST_TEST(Ssh(port::StopProcess{"10.0.0.1", "pump.service"}) ==
             "\"ssh\" \"-o\" \"BatchMode=yes\" \"-o\" \"ConnectTimeout=10\" \"-l\" \"tidb\" \"--\" "
             "\"10.0.0.1\" \"'systemctl' 'stop' '--' 'pump.service'\"\n");
}

BOOST_AUTO_TEST_CASE(files_are_renamed_into_place) {
  BOOST_TEST(
      Local(port::WriteFile{"h", "/d/conf/pump.toml", "gc = 7\n"}) ==
      "\"mkdir\" \"-p\" \"--\" \"/d/conf\"\n"
      "\"install\" \"-m\" \"0600\" \"--\" \"/dev/stdin\" \"/d/conf/pump.toml.tidegate-new\" < "
      "\"gc = 7\\n\"\n"
      "\"mv\" \"-f\" \"--\" \"/d/conf/pump.toml.tidegate-new\" \"/d/conf/pump.toml\"\n");
  BOOST_TEST(
      Local(port::InstallBinary{"h", "pump", "v2.1.0", "/d/bin/pump"}) ==
      "\"mkdir\" \"-p\" \"--\" \"/d/bin\"\n"
      "\"install\" \"-m\" \"0755\" \"--\" \"/dev/stdin\" \"/d/bin/pump.tidegate-new\" < file "
      "/opt/resources/v2.1.0/bin/pump\n"
      "\"mv\" \"-f\" \"--\" \"/d/bin/pump.tidegate-new\" \"/d/bin/pump\"\n");
}

BOOST_AUTO_TEST_CASE(a_unit_file_needs_root_and_a_reload) {
  const std::string text =
      Rendered(Options(TemplateOptions::Kind::kLocal, true),
               port::WriteFile{"h", "/etc/systemd/system/pump-8250.service", "[Unit]\n"});
  BOOST_TEST(text.find("\"sudo\" \"-n\" \"install\" \"-m\" \"0644\"") != std::string::npos);
  BOOST_TEST(text.ends_with("\"sudo\" \"-n\" \"systemctl\" \"daemon-reload\"\n"));
}

BOOST_AUTO_TEST_CASE(scripts_can_be_run) {
  BOOST_TEST(Local(port::WriteFile{"h", "/d/scripts/run_pump.sh", "#!"}).find("\"0755\"") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(statements_and_passwords_stay_out_of_argv) {
  BOOST_TEST(Local(port::RunSql{"orders", "create table t (a int)"}) ==
             "\"mysql\" \"--defaults-extra-file=/etc/tidegate/orders.cnf\" \"--host=db\" "
             "\"--port=3306\" \"--protocol=tcp\" \"--connect-timeout=5\" \"--batch\" \"--raw\" < "
             "\"create table t (a int);\\n\"\n");
  // SQL is always spoken from the engine's host.
  BOOST_TEST(
      Ssh(port::RunSql{"tidb 10.0.0.1:4000", "select 1;"}).starts_with("\"mysql\" \"--host="));
  BOOST_TEST(Local(port::RunSql{"order", "select 1"}) ==
             "no SQL endpoint is named 'order'; did you mean 'orders'?");
}

BOOST_AUTO_TEST_CASE(hooks_and_playbooks) {
  BOOST_TEST(Ssh(port::RunHook{"detach-service", {"/bin/lb", "drain me", "--x=$(id)"}}) ==
             "\"/bin/lb\" \"drain me\" \"--x=$(id)\"\n");
  BOOST_TEST(Local(port::RunHook{"detach-service", {}}) == "the hook 'detach-service' is empty");
  BOOST_TEST(Local(port::RunPlaybook{"stop.yml", "drainer", "h1", ""}) ==
             "\"ansible-playbook\" \"stop.yml\" \"--tags=drainer\" \"-l\" \"h1\"\n");
  // On the control machine, also where hosts are reached by ssh.
  BOOST_TEST(Ssh(port::RunPlaybook{"rolling_update.yml", "pump", "h1,localhost", "/opt/ansible"}) ==
             "\"env\" \"--chdir=/opt/ansible\" \"ansible-playbook\" \"rolling_update.yml\" "
             "\"--tags=pump\" \"-l\" \"h1,localhost\"\n");
  BOOST_TEST(Local(port::RunPlaybook{"a.yml", "pump", "", "ansible"}) ==
             "'ansible' is no absolute path");
  BOOST_TEST(Local(port::KeepBackup{"n", "bytes"}) == "");
}

BOOST_AUTO_TEST_CASE(queries) {
  using Kind = TemplateOptions::Kind;
  BOOST_TEST(
      Query(Kind::kLocal, port::ShowUnit{"h", "u.service"}) ==
      "\"systemctl\" \"show\" \"-p\" \"LoadState,ActiveState,SubState,UnitFileState\" \"--\" "
      "\"u.service\"\n");
  BOOST_TEST(Query(Kind::kLocal, port::BinaryVersion{"h", "/d/bin/pump"}) ==
             "\"/d/bin/pump\" \"-V\"\n");
  BOOST_TEST(Query(Kind::kLocal, port::ReadRemoteFile{"h", "/d/conf/x"}) ==
             "\"env\" \"LC_ALL=C\" \"cat\" \"--\" \"/d/conf/x\"\n");
  BOOST_TEST(Query(Kind::kSsh, port::ReadRemoteFile{"h", "/d/conf/x"})
                 .ends_with("\"h\" \"'env' 'LC_ALL=C' 'cat' '--' '/d/conf/x'\"\n"));
  BOOST_TEST(Query(Kind::kLocal, port::ReadRemoteFile{"h", "conf/x"}) ==
             "'conf/x' is no absolute path");
}

// Whatever a value holds, it is one argument: of the local command, and of the one behind the
// shell.
BOOST_AUTO_TEST_CASE(hostile_values_stay_one_argument) {
  for (const std::string value : {"/a b", "/a;rm -rf x", "/a'b", "/a\"b", "/$(id)", "/`id`",
                                  "/a\nb", "/*", "/a\\b", "/a&&b", "/a|b>c", "/''", "/'; id; '"}) {
    const auto local = Templates(Options(TemplateOptions::Kind::kLocal))
                           .Render(port::Query(port::ReadRemoteFile{"h", value}));
    BOOST_REQUIRE(local.has_value());
    BOOST_TEST(local->argv.back() == value);
    BOOST_TEST(local->argv.size() == 5U);
    const auto ssh = Templates(Options(TemplateOptions::Kind::kSsh))
                         .Render(port::Query(port::ReadRemoteFile{"h", value}));
    BOOST_REQUIRE(ssh.has_value());
    // What ssh hands over is read by a shell: let one read it, with printf in the place of cat.
    std::string words = ssh->argv.back();
    const std::string head = "'env' 'LC_ALL=C' 'cat' '--' ";
    BOOST_REQUIRE(words.starts_with(head));
    Command shell;
    shell.argv = {"sh", "-c", "printf '%s|' " + words.substr(head.size())};
    BOOST_TEST(RunCommand(shell).output == value + "|");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
