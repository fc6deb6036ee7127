#include "tests/support/golden.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "base/files.h"

namespace tidegate::test {
namespace {

std::string PathOf(const std::string& name) {
  return std::string(TIDEGATE_SOURCE_DIR) + "/tests/" + name;
}

// "line 3: expected 'a', got 'b'".
std::string FirstDifference(std::string_view expected, std::string_view got) {
  for (int line = 1;; ++line) {
    const std::string_view a = expected.substr(0, expected.find('\n'));
    const std::string_view b = got.substr(0, got.find('\n'));
    if (a != b || a.size() == expected.size() || b.size() == got.size()) {
      return "line " + std::to_string(line) + ": expected '" + std::string(a) + "', got '" +
             std::string(b) + "'";
    }
    expected.remove_prefix(a.size() + 1);
    got.remove_prefix(b.size() + 1);
  }
}

}  // namespace

std::string Golden(const std::string& name) {
  Result<std::string> text = ReadFile(PathOf(name));
  return text.has_value() ? *std::move(text) : std::string();
}

void ExpectGolden(const std::string& name, std::string_view text) {
  const char* update = std::getenv("TIDEGATE_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    const Status written = WriteFileAtomically(PathOf(name), text);
    BOOST_TEST(written.has_value(), "cannot write " << PathOf(name));
    return;
  }
  const std::string expected = Golden(name);
  BOOST_TEST(expected == text, name << ", " << FirstDifference(expected, text)
                                    << " (TIDEGATE_UPDATE_GOLDEN=1 rewrites it)");
}

}  // namespace tidegate::test
