#include "rehearsal/engine_choice.h"

#include <fmt/format.h>

#include <utility>

#include "base/names.h"
#include "rehearsal/lab_command.h"

namespace tidegate::rehearsal {

bool IsOurs(std::string_view engine) { return engine == "ours" || engine == "literal"; }

Status CheckEngineName(const std::string& engine) {
  if (engine.empty() || IsOurs(engine) || engine == kShippedEngine) return {};
  if (engine.find_first_of("/ ;|&$") != std::string::npos) return {};
  const Result<std::vector<lab::StartedProgram>> found = lab::ProgramsOf(engine);
  if (found.has_value() && !found->empty()) return {};
  const std::vector<std::string> names = {"ours", "literal", std::string(kShippedEngine)};
  return Error{ErrorCode::kBadInput,
               fmt::format("'{}' is neither an engine of ours nor a program on PATH{}", engine,
                           DidYouMean(engine, names)),
               "--engine"};
}

Result<ClockFit> FitOf(const std::string& engine) {
  ClockFit fit;
  // Ours are dynamic, and every run of their tests shows that the clock reaches them.
  if (engine.empty() || IsOurs(engine) || engine == kShippedEngine) return fit;
  TRY_ASSIGN(fit.programs, lab::ProgramsOf(engine));
  for (const lab::StartedProgram& program : fit.programs) {
    if (program.reach == lab::Reach::kReached || program.reach == lab::Reach::kScript) continue;
    fit.unreached.push_back(program);
    fit.named = fit.named || program.where.empty();
  }
  return {std::move(fit)};
}

std::string Unreached(const lab::StartedProgram& program) {
  return fmt::format("{}{} is {}", program.path,
                     program.where.empty() ? "" : fmt::format(" ({})", program.where),
                     lab::ReachText(program.reach));
}

Result<std::vector<std::string>> CheckClock(const std::string& engine, const std::string& clock) {
  std::vector<std::string> warnings;
  if (clock == "real") return warnings;
  TRY_ASSIGN(const ClockFit fit, FitOf(engine));
  for (const lab::StartedProgram& program : fit.unreached) {
    if (program.where.empty()) {
      return Error{ErrorCode::kBadInput,
                   fmt::format("{}: the clock '{}' does not get into it; use --clock real",
                               Unreached(program), clock),
                   "--engine"};
    }
    warnings.push_back(fmt::format(
        "{}: where it waits or looks at a clock, '{}' does not reach it, and --clock real does",
        Unreached(program), clock));
  }
  return warnings;
}

}  // namespace tidegate::rehearsal
