// Test cases that are found and not written: one for each file or name of a list, so that a failure
// names it and it can be run alone.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace tidegate::test {

/// ./check full tries every case.
inline bool InFull() { return std::getenv("TIDEGATE_CHECK_FULL") != nullptr; }

/// Which of many cases are tried is another choice each day; ./check says which day it is.
inline std::uint64_t Day() {
  const char* said = std::getenv("TIDEGATE_DAY");
  return said == nullptr ? 0 : std::strtoull(said, nullptr, 10);
}

struct GeneratedCase {
  std::string name;
  std::function<void()> body;
};

/// Adds a case each to the suite in which an object of this type stands. '/' in names becomes '.'.
class GeneratedCases {
 public:
  explicit GeneratedCases(std::vector<GeneratedCase> cases) {
    for (GeneratedCase& one : cases) {
      for (char& c : one.name) {
        if (c == '/' || c == ',' || c == '@' || c == '*' || c == '!') c = '.';
      }
      boost::unit_test::test_case* added = boost::unit_test::make_test_case(
          std::move(one.body), one.name, __FILE__, std::size_t{__LINE__});
      boost::unit_test::ut_detail::auto_test_unit_registrar registered(
          added, boost::unit_test::decorator::collector_t::instance());
    }
  }
};

}  // namespace tidegate::test
