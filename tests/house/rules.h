// The house rules that a program can check, one function each. Each gives its complaints as
// "path:line: what is wrong and what to do instead", in the order of the files; none when all is
// well. CONTRIBUTING.md tells people the same rules.
#pragma once

#include <string>
#include <vector>

#include "tests/house/source_text.h"

namespace tidegate::test {

using Complaints = std::vector<std::string>;

/// Includes against the table of rooms, and files of ours that are included by no path from the
/// root.
Complaints IncludeRule(const SourceFile& file);

/// Calls and types with a replacement: clocks, random numbers, printing, exceptions, sleeping.
Complaints BannedCallRule(const SourceFile& file);

/// Lines above 100 columns (characters, not bytes); raw string literals in tests are exempt.
Complaints LineLengthRule(const SourceFile& file);
/// Files above 600 lines.
Complaints FileLengthRule(const SourceFile& file);
/// Functions above 70 lines.
Complaints FunctionLengthRule(const SourceFile& file);

/// Notes to oneself, and paths that only one machine has.
Complaints LeftoverRule(const SourceFile& file);

/// Floating point in the simulator.
Complaints FloatRule(const SourceFile& file);

/// Loops over hash maps in sim, engine and verifier. `header` is the text of the header beside the
/// file, or empty: members are declared there.
Complaints HashMapRule(const SourceFile& file, const std::string& header);

/// Headers without `#pragma once`.
Complaints PragmaOnceRule(const SourceFile& file);

/// Sources that no CMakeLists.txt of their own folder or one above names; `lists` are these files.
Complaints UnlistedRule(const std::vector<SourceFile>& sources,
                        const std::vector<SourceFile>& lists);

}  // namespace tidegate::test
