// Each rule finds what it is for and lets its neighbours pass. Words that the rules look for are
// written in string literals here, which the rules do not look into.
#include "tests/house/rules.h"

#include <boost/test/unit_test.hpp>

namespace tidegate::test {
namespace {

std::string Joined(const Complaints& complaints) {
  std::string out;
  for (const std::string& complaint : complaints) out += complaint + "\n";
  return out;
}

std::string Includes(const std::string& path, const std::string& what) {
  return Joined(IncludeRule({path, "#include \"" + what + "\"\n"}));
}

std::string Calls(const std::string& path, const std::string& code) {
  return Joined(BannedCallRule({path, code}));
}

std::string Lines(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += "  x();\n";
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rules)

BOOST_AUTO_TEST_CASE(code_is_what_is_left_without_comments_and_literals) {
  BOOST_TEST(CodeOf("a // b\nc") == "a     \nc");
  BOOST_TEST(CodeOf("a /* b\n*/ c") == "a     \n   c");
  BOOST_TEST(CodeOf("f(\"x\\\"y\") + 'z'") == "f(      ) +    ");
  BOOST_TEST(CodeOf("R\"(a \" b)\" c") == "R          c");
  BOOST_TEST(CodeOf("R\"x(a)\"\n)x\" c") == "R      \n    c");
  BOOST_TEST(CodeOf("1'000'000 + '1'") == "1'000'000 +    ");
  BOOST_TEST(CodeOf("\"//\" a") == "     a");
  BOOST_TEST(WithoutLiterals("\"x\" // y") == "    // y");
}

BOOST_AUTO_TEST_CASE(rooms_include_only_what_the_table_allows) {
  BOOST_TEST(Includes("sim/kernel.cc", "engine/port/port.h") == "");
  BOOST_TEST(Includes("sim/kernel.cc", "engine/executor.h") ==
             "sim/kernel.cc:1: 'engine/executor.h': sim/ may include only sim/ trace/ base/ "
             "engine/port/\n");
  BOOST_TEST(Includes("verifier/check.cc", "trace/event.h") == "");
  BOOST_TEST(Includes("verifier/check.cc", "engine/version.h") != "");
  BOOST_TEST(Includes("verifier/check.cc", "engine/port/port.h") != "");
  BOOST_TEST(Includes("verifier/check.cc", "sim/world.h") != "");
  BOOST_TEST(Includes("engine/executor.cc", "engine/port/port.h") == "");
  for (const char* other :
       {"sim/world.h", "trace/event.h", "verifier/check.h", "rehearsal/run.h"}) {
    BOOST_TEST(Includes("engine/executor.cc", other) != "", other);
  }
  BOOST_TEST(Includes("engine/port/port.h", "base/time.h") == "");
  BOOST_TEST(Includes("engine/port/port.h", "engine/plan.h") != "");
  BOOST_TEST(Includes("trace/event.h", "sim/world.h") != "");
  BOOST_TEST(Includes("base/time.h", "trace/event.h") != "");
  BOOST_TEST(Includes("rehearsal/run.cc", "verifier/verdict.h") == "");
  BOOST_TEST(Includes("rehearsal/run.cc", "tests/support/why.h") != "");
  BOOST_TEST(Includes("tests/sim/a_test.cc", "sim/world.h") == "");
}

BOOST_AUTO_TEST_CASE(own_files_are_included_from_the_root) {
  BOOST_TEST(Includes("sim/kernel.cc", "kernel.h") ==
             "sim/kernel.cc:1: 'kernel.h': include by the path from the root\n");
  BOOST_TEST(Includes("sim/kernel.cc", "../base/time.h") != "");
  BOOST_TEST(Includes("attic/old.cc", "base/time.h") ==
             "attic/old.cc:1: this folder is in no row of the table of rooms\n");
}

BOOST_AUTO_TEST_CASE(banned_calls_name_the_replacement) {
  BOOST_TEST(Calls("sim/a.cc", "int x;\nauto t = std::chrono::steady_clock::now();\n") ==
             "sim/a.cc:2: 'steady_clock' is banned here; use virtual time of the kernel or the "
             "port\n");
  BOOST_TEST(Calls("engine/real/real_host.cc", "std::chrono::steady_clock::now();\n") == "");
  for (const char* bad : {"int x = rand();", "std::mt19937 g;", "std::random_device d;", "throw 1;",
                          "std::cout << 1;", "  printf(x);", "fmt::print(x);", "::usleep(1);",
                          "std::shuffle(a, b, c);", "return time(nullptr);", "std::time(nullptr);",
                          "std::this_thread::sleep_for(x);"}) {
    BOOST_TEST(Calls("engine/a.cc", bad) != "", bad);
  }
}

BOOST_AUTO_TEST_CASE(neighbours_of_banned_calls_pass) {
  for (const char* good : {"// throw rand()", "f(\"std::cout\");", "event.time(3);",
                           "node->time(3);", "Time time(int x);", "snprintf(a, b);",
                           "int operand(int);", "fmt::format(x);", "my::rand(3);"}) {
    BOOST_TEST(Calls("engine/a.cc", good) == "", good);
  }
  BOOST_TEST(Calls("rehearsal/main.cc", "fmt::print(x);") == "");
  BOOST_TEST(Calls("rehearsal/run.cc", "fmt::print(x);") != "");
}

BOOST_AUTO_TEST_CASE(long_lines) {
  const std::string limit(100, 'x');
  BOOST_TEST(Joined(LineLengthRule({"sim/a.cc", limit + "\n"})) == "");
  BOOST_TEST(Joined(LineLengthRule({"sim/a.cc", "\n" + limit + "x\n"})) ==
             "sim/a.cc:2: 101 columns; the limit is 100\n");
  // Columns are characters.
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "\xE2\x80\xA6";
  BOOST_TEST(Joined(LineLengthRule({"sim/a.cc", wide + "\n"})) == "");
  const std::string raw = "f(R\"(\n" + limit + "xx\n)\");\n";
  BOOST_TEST(Joined(LineLengthRule({"tests/sim/a.cc", raw})) == "");
  BOOST_TEST(Joined(LineLengthRule({"sim/a.cc", raw})) != "");
  BOOST_TEST(Joined(LineLengthRule({"tests/sim/a.cc", "int " + limit + ";\n"})) != "");
}

BOOST_AUTO_TEST_CASE(long_files) {
  BOOST_TEST(Joined(FileLengthRule({"sim/a.cc", Lines(600)})) == "");
  BOOST_TEST(Joined(FileLengthRule({"sim/a.cc", Lines(601)})) ==
             "sim/a.cc:601: 601 lines; the limit is 600: split it\n");
}

BOOST_AUTO_TEST_CASE(long_functions) {
  const auto complaints = [](const std::string& text) {
    return Joined(FunctionLengthRule({"sim/a.cc", text}));
  };
  BOOST_TEST(complaints("void F(int x) {\n" + Lines(68) + "}\n") == "");
  BOOST_TEST(complaints("int y;\nvoid F(int x) {\n" + Lines(69) + "}\n") ==
             "sim/a.cc:2: a function of 71 lines; the limit is 70: split it\n");
  // In a class, in a namespace, const, with an initialiser list, holding a lambda.
  BOOST_TEST(complaints("namespace a {\nclass B : public C {\n  int F() const {\n" + Lines(69) +
                        "  }\n};\n}\n") != "");
  BOOST_TEST(complaints("B::B(int x) : x_(x), y_{x} {\n" + Lines(69) + "}\n") != "");
  BOOST_TEST(complaints("void F() {\n  auto f = [&](int x) {\n" + Lines(69) + "  };\n}\n") != "");
  // Braces in literals and macros end nothing.
  BOOST_TEST(complaints("void F() {\n  f(\"}\");\n" + Lines(69) + "}\n") != "");
  BOOST_TEST(complaints("#define M(x) { \\\n  {\nvoid F() {\n" + Lines(69) + "}\n") != "");
}

BOOST_AUTO_TEST_CASE(long_types_and_tables_are_no_functions) {
  const auto complaints = [](const std::string& text) {
    return Joined(FunctionLengthRule({"sim/a.cc", text}));
  };
  BOOST_TEST(complaints("namespace a {\n" + Lines(99) + "}\n") == "");
  BOOST_TEST(complaints("class A : public B<int> {\n" + Lines(99) + "};\n") == "");
  BOOST_TEST(complaints("constexpr int kTable[] = {\n" + Lines(99) + "};\n") == "");
  BOOST_TEST(complaints("void F() {\n" + Lines(40) + "}\nvoid G() {\n" + Lines(40) + "}\n") == "");
}

BOOST_AUTO_TEST_CASE(leftovers) {
  const auto complaints = [](const std::string& text) {
    return Joined(LeftoverRule({"docs/a.md", text}));
  };
  const std::string note = std::string("TO") + "DO";
  BOOST_TEST(complaints("x\n// " + note + ": later\n") ==
             "docs/a.md:2: '" + note + "': do it, or write down why not\n");
  BOOST_TEST(complaints("see /ro"
                        "ot/x") ==
             "docs/a.md:1: '/ro"
             "ot/' is a path of one machine\n");
  BOOST_TEST(complaints("kTO"
                        "DOS and /home/tidb/deploy") == "");
}

BOOST_AUTO_TEST_CASE(floating_point) {
  BOOST_TEST(Joined(FloatRule({"sim/a.cc", "\ndouble x = 1;"})) ==
             "sim/a.cc:2: 'double' in the simulator; use integers and ratios\n");
  BOOST_TEST(Joined(FloatRule({"sim/a.cc", "float x;"})) != "");
  BOOST_TEST(Joined(FloatRule({"sim/a.cc", "// a double write\nint doubled;"})) == "");
  BOOST_TEST(Joined(FloatRule({"trace/a.cc", "double x;"})) == "");
}

BOOST_AUTO_TEST_CASE(loops_over_hash_maps) {
  const std::string member = "std::unordered_map<int, std::vector<int>> nodes_;\n";
  const auto complaints = [&](const std::string& code, const std::string& header) {
    return Joined(HashMapRule({"sim/a.cc", code}, header));
  };
  BOOST_TEST(complaints("for (auto& [k, v] : nodes_) f(k);", member) ==
             "sim/a.cc:1: 'nodes_' is a hash map: its order must not reach output; use a vector or "
             "std::map, or sort first\n");
  BOOST_TEST(complaints("boost::unordered_flat_set<int> seen;\nf(seen.begin());", "") != "");
  BOOST_TEST(complaints("nodes_.find(3) != nodes_.end();", member) == "");
  BOOST_TEST(complaints("for (auto& x : other_nodes_) f(x);", member) == "");
  BOOST_TEST(complaints("for (auto& x : nodes_) f(x);", "std::map<int, int> nodes_;") == "");
  BOOST_TEST(Joined(HashMapRule({"rehearsal/a.cc", "for (auto& x : nodes_) f(x);"}, member)) == "");
}

BOOST_AUTO_TEST_CASE(headers_without_guard) {
  BOOST_TEST(Joined(PragmaOnceRule({"sim/a.h", "// A.\nint x;\n"})) ==
             "sim/a.h:1: a header begins with what it is, then #pragma once\n");
  BOOST_TEST(Joined(PragmaOnceRule({"sim/a.h", "// A.\n#pragma once\n"})) == "");
  BOOST_TEST(Joined(PragmaOnceRule({"sim/a.cc", "int x;\n"})) == "");
}

BOOST_AUTO_TEST_CASE(sources_that_nobody_builds) {
  const std::vector<SourceFile> lists = {
      {"sim/CMakeLists.txt", "tidegate_room(sim SOURCES a.cc world/pump.cc\n  not_b.cc)\n"},
      {"engine/CMakeLists.txt", "tidegate_room(engine SOURCES b.cc)\n"}};
  BOOST_TEST(Joined(UnlistedRule({{"sim/a.cc", ""}, {"sim/world/pump.cc", ""}}, lists)) == "");
  BOOST_TEST(Joined(UnlistedRule({{"sim/b.cc", ""}}, lists)) ==
             "sim/b.cc:1: no CMakeLists.txt names it: it is never built\n");
  BOOST_TEST(Joined(UnlistedRule({{"sim/ump.cc", ""}}, lists)) != "");
  const std::vector<SourceFile> shared = {
      {"tests/sim/CMakeLists.txt", "tidegate_test(sim SOURCES ../support/why.cc)\n"}};
  BOOST_TEST(Joined(UnlistedRule({{"tests/support/why.cc", ""}}, shared)) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::test
