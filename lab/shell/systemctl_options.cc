#include "lab/shell/systemctl_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace tidegate::lab {
namespace {

void AddCommas(const std::string& text, std::vector<std::string>* out) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) out->push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
}

// Options that change nothing here.
bool IsIgnored(const std::string& word) {
  constexpr std::array<std::string_view, 17> kIgnored = {
      "--no-pager",  "--system",       "-l",        "--full",  "--force",
      "-f",          "--all",          "-a",        "--plain", "--no-ask-password",
      "--no-reload", "--type=service", "--no-wall", "--wait",  "--ignore-dependencies",
      "--runtime",   "--no-warn"};
  return std::find(kIgnored.begin(), kIgnored.end(), word) != kIgnored.end();
}

// The value of an option that takes one: behind "=", stuck to a short one, or the next word.
bool TakesValue(const std::vector<std::string>& argv, std::size_t* at, std::string_view letter,
                std::string_view name, std::string* value) {
  const std::string& word = argv[*at];
  if (word.starts_with(fmt::format("{}=", name))) {
    *value = word.substr(name.size() + 1);
    return true;
  }
  if (!letter.empty() && word.starts_with(letter) && word.size() > letter.size() &&
      !word.starts_with("--")) {
    *value = word.substr(letter.size());
    return true;
  }
  if (word != name && (letter.empty() || word != letter)) return false;
  *value = ++*at < argv.size() ? argv[*at] : "";
  return true;
}

}  // namespace

SystemctlOptions ReadSystemctlOptions(const std::vector<std::string>& argv, std::string host) {
  SystemctlOptions out;
  out.host = std::move(host);
  bool only_words = false;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    std::string value;
    if (only_words || word.empty() || word[0] != '-') {
      out.words.push_back(word);
    } else if (word == "--") {
      only_words = true;
    } else if (word == "-q" || word == "--quiet") {
      out.quiet = true;
    } else if (word == "--now") {
      out.now = true;
    } else if (word == "--no-block") {
      out.no_block = true;
    } else if (word == "--value") {
      out.only_values = true;
    } else if (word == "--no-legend" || word == "--legend=false") {
      out.no_legend = true;
    } else if (IsIgnored(word)) {
      continue;
    } else if (TakesValue(argv, &i, "-H", "--host", &value)) {
      out.host = value.substr(value.find('@') + 1);
    } else if (TakesValue(argv, &i, "-P", "-P", &value)) {
      out.only_values = true;
      AddCommas(value, &out.properties);
    } else if (TakesValue(argv, &i, "-p", "--property", &value)) {
      AddCommas(value, &out.properties);
    } else if (TakesValue(argv, &i, "-s", "--signal", &value)) {
      out.signal = value;
    } else if (TakesValue(argv, &i, "", "--state", &value)) {
      AddCommas(value, &out.states);
    } else if (!TakesValue(argv, &i, "-t", "--type", &value) &&
               !TakesValue(argv, &i, "-n", "--lines", &value) &&
               !TakesValue(argv, &i, "-o", "--output", &value) &&
               !TakesValue(argv, &i, "", "--job-mode", &value) &&
               !TakesValue(argv, &i, "", "--kill-who", &value)) {
      out.wrong = word;
      return out;
    }
  }
  return out;
}

}  // namespace tidegate::lab
