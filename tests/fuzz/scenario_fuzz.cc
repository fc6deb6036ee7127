// The scenario reader, the drawing of what it leaves open, and `--set` on whatever it accepts.
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidegate;  // NOLINT(google-build-using-namespace)
  std::string text(reinterpret_cast<const char*>(data), size);
  // Captured bodies are files beside the scenario: a made-up name would read this machine's files.
  if (text.find("captured") != std::string::npos) return 0;
  std::string changed = text;
  const Status set = sim::ApplyOverride(&changed, "workload.transactions", "7");
  const Result<sim::Scenario> scenario = sim::ParseScenario(std::move(text), "fuzz.json");
  if (!scenario.has_value()) {
    if (scenario.error().message.empty() || scenario.error().where.empty()) __builtin_trap();
    return 0;
  }
  // What parses is an object whose members can be set, and stays JSON.
  if (!set.has_value()) __builtin_trap();
  if (!JsonDocument::Parse(std::move(changed), "fuzz.json").has_value()) __builtin_trap();
  if (sim::CheckDraws(*scenario).has_value() && scenario->has_draws) {
    const Result<sim::Scenario> drawn = sim::Draw(*scenario, 1);
    if (drawn.has_value() && drawn->has_draws) __builtin_trap();
  }
  return 0;
}
