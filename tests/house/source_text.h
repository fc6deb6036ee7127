// The text of C++ sources as the house rules look at it: without comments and literals, in lines,
// in functions. Heuristics for sources that clang-format has laid out, no parser.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::test {

/// A file of the tree. `path` is relative to its root, with '/'.
struct SourceFile {
  std::string path;
  std::string text;
};

/// `text` with every character of comments and of string and character literals (raw ones too)
/// replaced by a blank; line ends stay, so that places stay the same.
std::string CodeOf(std::string_view text);

/// `text` with every character of string literals replaced, comments kept.
std::string WithoutLiterals(std::string_view text);

std::vector<std::string_view> LinesOf(std::string_view text);

struct FunctionExtent {
  std::size_t first_line = 0;  ///< from 1, of the opening brace
  std::size_t line_count = 0;  ///< both braces' lines included
};

/// The outermost functions of `code` (as CodeOf gives it), lambdas counted into what holds them.
std::vector<FunctionExtent> FunctionsOf(std::string_view code);

/// Does `word` stand at `at` as a whole identifier?
bool IsWordAt(std::string_view text, std::size_t at, std::string_view word);

/// Where `word` stands in `text` as a whole identifier; npos when nowhere from `from` on.
std::size_t FindWord(std::string_view text, std::string_view word, std::size_t from = 0);

}  // namespace tidegate::test
