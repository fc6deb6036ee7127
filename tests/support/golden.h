// Texts that tests expect, kept in files beside the tests. With TIDEGATE_UPDATE_GOLDEN=1 in the
// environment a run rewrites them instead of comparing; the difference is then read in review.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::test {

/// BOOST_TESTs that the file `tests/<name>` says exactly `text`; the first line that differs is in
/// the message.
void ExpectGolden(const std::string& name, std::string_view text);

/// The file's text; "" when there is none.
std::string Golden(const std::string& name);

}  // namespace tidegate::test
