// What a shell script invokes, as far as its text tells: the first words of its commands. Nothing
// is run or expanded but variables that the text itself sets to something plain.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidegate::lab {

struct Invoked {
  std::string word;     ///< without quotes
  std::size_t line;     ///< of the text, from 1
  bool script = false;  ///< a file that is read as a script (`bash FILE`, `source FILE`)
};

/// In order of their places; neither functions of the text nor reserved words. Total: any bytes.
std::vector<Invoked> InvokedBy(std::string_view shell_text);

}  // namespace tidegate::lab
