#include "engine/real/terminal.h"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <string>

namespace tidegate::engine {
namespace {

// Asks with `typed` as the standard input.
std::string Asked(std::string typed, Terminal::Options options = {}) {
  if (typed.empty()) typed.push_back(' ');
  std::FILE* in = fmemopen(typed.data(), typed.size(), "r");
  std::FILE* out = std::fopen("/dev/null", "w");
  Terminal terminal(options, in, out);
  const std::string answer = terminal.Ask({});
  std::fclose(in);
  std::fclose(out);
  return answer;
}

BOOST_AUTO_TEST_SUITE(terminal)

BOOST_AUTO_TEST_CASE(only_whole_words_count) {
  BOOST_TEST(Asked("yes\n") == "yes");
  BOOST_TEST(Asked("no\n") == "no");
  BOOST_TEST(Asked("abort\n") == "abort");
  BOOST_TEST(Asked("y\n\nYES\nyes \n") == "yes");
  BOOST_TEST(Asked("ye") == "no");
  BOOST_TEST(Asked("") == "no");
}

BOOST_AUTO_TEST_CASE(options_answer_for_the_operator) {
  BOOST_TEST(Asked("no\n", {.yes = true}) == "yes");
  BOOST_TEST(Asked("yes\n", {.quiet = true}) == "no");
}

BOOST_AUTO_TEST_CASE(one_line_for_each_thing_told) {
  port::Tell tell;
  tell.kind = port::Tell::Kind::kGateShut;
  tell.step = "wait-drained";
  tell.text = "Lower is not past T0";
  BOOST_TEST(Terminal::LineOf(tell) == "wait-drained   gate shut: Lower is not past T0");
  tell.kind = port::Tell::Kind::kFinished;
  tell.name = "refused";
  BOOST_TEST(Terminal::LineOf(tell) == "refused: Lower is not past T0");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
