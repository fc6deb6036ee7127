// A rolling upgrade of two Pumps and a Drainer, done right, in the micro-language of
// tests/support/trace_text.h. Tests of the rolling checks change a few lines of it.
#pragma once

#include <string>

namespace tidegate::test {

/// The text with the first `line` replaced by `by` ("" takes it away). A line that is not there
/// fails the test. Without arguments: every check passes it.
std::string Rolling(const std::string& line = "", const std::string& by = "");

}  // namespace tidegate::test
