// One whole upgrade in the seven steps, done right, in the micro-language of
// tests/support/trace_text.h: two TiDBs with their Kafka-era Pumps, one old and one new Drainer.
// Tests of procedure checks change a few lines of it and see what the judge says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidegate::test {

/// The text: every check passes it.
std::string UpgradeText();

/// `line` (of the text, from its first letter) is replaced by `by`; several lines with "\n"
/// between. An empty `by` takes the line away.
struct Edit {
  std::string_view line;
  std::string_view by;
};

/// UpgradeText() with each edit made once, in order. A line that is not there fails the test.
std::string Upgrade(const std::vector<Edit>& edits);

}  // namespace tidegate::test
