#include "engine/real/terminal.h"

#include <fmt/format.h>

#include <array>

namespace tidegate::engine {

Terminal::Terminal(Options options, std::FILE* in, std::FILE* out)
    : options_(options), in_(in), out_(out) {}

std::string Terminal::LineOf(const port::Tell& tell) {
  using Kind = port::Tell::Kind;
  switch (tell.kind) {
    case Kind::kStepStarted: return fmt::format("{:<14} begins", tell.step);
    case Kind::kProven: return fmt::format("{:<14} proven: {}", tell.step, tell.text);
    case Kind::kStepDone: return fmt::format("{:<14} done: {}", tell.step, tell.text);
    case Kind::kGateShut: return fmt::format("{:<14} gate shut: {}", tell.step, tell.text);
    case Kind::kGateOpened: return fmt::format("{:<14} gate open: {}", tell.step, tell.text);
    case Kind::kFact: return fmt::format("{:<14} {}: {}", tell.step, tell.name, tell.text);
    case Kind::kQuestion: return fmt::format("{:<14} {}", tell.step, tell.text);
    case Kind::kWarning: return fmt::format("{:<14} warning: {}", tell.step, tell.text);
    case Kind::kFinished:
      return tell.text.empty() ? tell.name : fmt::format("{}: {}", tell.name, tell.text);
  }
  return "";
}

void Terminal::Tell(const port::Tell& tell) {
  if (options_.quiet) return;
  fmt::print(out_, "{}\n", LineOf(tell));
  std::fflush(out_);
}

std::string Terminal::Ask(const port::Tell&) {
  if (options_.yes) return "yes";
  if (options_.quiet) return "no";
  for (;;) {
    fmt::print(out_, "  yes, no or abort? ");
    std::fflush(out_);
    std::array<char, 64> line{};
    if (std::fgets(line.data(), static_cast<int>(line.size()), in_) == nullptr) return "no";
    std::string word(line.data());
    while (!word.empty() && (word.back() == '\n' || word.back() == '\r' || word.back() == ' ')) {
      word.pop_back();
    }
    if (word == "yes" || word == "no" || word == "abort") return word;
  }
}

}  // namespace tidegate::engine
