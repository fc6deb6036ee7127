#include "engine/real/spawn.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <string>

namespace tidegate::engine {
namespace {

using End = CommandResult::End;

CommandResult Run(std::vector<std::string> argv, std::string input = "") {
  Command command;
  command.argv = std::move(argv);
  command.input = std::move(input);
  command.timeout = 20 * kSecond;
  return RunCommand(command);
}

BOOST_AUTO_TEST_SUITE(spawn)

BOOST_AUTO_TEST_CASE(output_errors_and_status_come_back) {
  const CommandResult result = Run({"sh", "-c", "echo out; echo err >&2; exit 3"});
  BOOST_TEST((result.end == End::kExited));
  BOOST_TEST(result.status == 3);
  BOOST_TEST(result.output == "out\n");
  BOOST_TEST(result.errors == "err\n");
  BOOST_TEST(!result.ok());
}

// What is read is asked for in English and without a charset; a playbook speaks the user's.
BOOST_AUTO_TEST_CASE(its_locale_is_that_of_computers_or_the_users_own) {
  BOOST_REQUIRE(setenv("LC_ALL", "C.UTF-8", 1) == 0);
  Command command;
  command.argv = {"sh", "-c", "echo $LC_ALL"};
  BOOST_TEST(RunCommand(command).output == "C\n");
  command.own_locale = true;
  BOOST_TEST(RunCommand(command).output == "C.UTF-8\n");
  unsetenv("LC_ALL");
  BOOST_TEST(RunCommand(command).output == "\n");
}

BOOST_AUTO_TEST_CASE(arguments_are_never_read_by_a_shell) {
  const CommandResult result = Run({"printf", "%s|", "a b", "$(id)", "; rm x", "'\"", "*", ""});
  BOOST_TEST(result.output == "a b|$(id)|; rm x|'\"|*||");
}

BOOST_AUTO_TEST_CASE(input_of_any_size_goes_through) {
  const std::string big(1 << 20, 'x');
  BOOST_TEST((Run({"cat"}, big).output == big));
  // Somebody who does not read it must not hang or kill us.
  BOOST_TEST(Run({"true"}, big).ok());
  BOOST_TEST(Run({"cat"}).output == "");
}

BOOST_AUTO_TEST_CASE(a_missing_program_is_told_apart) {
  BOOST_TEST((Run({"/no/such/program"}).end == End::kNotFound));
  BOOST_TEST((Run({"/etc/passwd"}).end == End::kNotStarted));
}

BOOST_AUTO_TEST_CASE(a_missing_input_file_is_told_before_anything_starts) {
  Command command;
  command.argv = {"cat"};
  command.input_file = "/no/such/file";
  const CommandResult result = RunCommand(command);
  BOOST_TEST((result.end == End::kNotStarted));
  BOOST_TEST(result.errors == "/no/such/file: No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_command_that_hangs_is_killed_with_its_children) {
  Command command;
  command.argv = {"sh", "-c", "sleep 100 & sleep 100"};
  command.timeout = 100 * kMillisecond;
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST((RunCommand(command).end == End::kTimedOut));
  BOOST_TEST((std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)));
  // One that has closed its outputs hangs too.
  command.argv = {"sh", "-c", "exec >&- 2>&-; sleep 100"};
  BOOST_TEST((RunCommand(command).end == End::kTimedOut));
}

BOOST_AUTO_TEST_CASE(output_is_bounded) {
  Command command;
  command.argv = {"yes"};
  command.output_max = 100'000;
  const CommandResult result = RunCommand(command);
  BOOST_TEST((result.end == End::kOutputFull));
  BOOST_TEST(result.output.size() < 200'000U);
}

BOOST_AUTO_TEST_CASE(a_signal_is_no_exit) {
  const CommandResult result = Run({"sh", "-c", "kill -TERM $$"});
  BOOST_TEST((result.end == End::kSignaled));
  BOOST_TEST(result.status == 15);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
