#include "lab/session/hooks.h"

#include <algorithm>
#include <string_view>

#include "lab/hosts/root_dir.h"

namespace tidegate::lab {
namespace {

// Where a word of the site file has a place for a value; npos: nowhere.
std::size_t PlaceIn(const std::string& pattern) { return pattern.find("${"); }

bool Fits(const std::string& pattern, const std::string& word) {
  const std::size_t place = PlaceIn(pattern);
  if (place == std::string::npos) return pattern == word;
  const std::string_view tail =
      std::string_view(pattern).substr(std::min(pattern.find('}', place), pattern.size() - 1) + 1);
  return word.size() > place + tail.size() && word.starts_with(pattern.substr(0, place)) &&
         word.ends_with(tail);
}

bool HasPlaces(const HookCommand& hook) {
  return std::any_of(hook.argv.begin(), hook.argv.end(),
                     [](const std::string& word) { return PlaceIn(word) != std::string::npos; });
}

// "load downstream-1": as our own engine calls it.
std::string NameFor(const HookCommand& hook, const Request& request) {
  for (std::size_t i = 1; i < hook.argv.size() && i <= request.argv.size(); ++i) {
    const std::size_t place = hook.argv[i].find("${SINK}");
    if (place != std::string::npos) return hook.name + " " + request.argv[i - 1].substr(place);
  }
  return hook.name;
}

}  // namespace

std::optional<engine::port::RunHook> HookIn(const std::vector<HookCommand>& hooks,
                                            const Request& request) {
  const HookCommand* by_name = nullptr;
  for (const HookCommand& hook : hooks) {
    if (hook.argv.empty() || NameOf(hook.argv[0]) != request.program) continue;
    engine::port::RunHook run{hook.name, {hook.argv[0]}};
    run.argv.insert(run.argv.end(), request.argv.begin(), request.argv.end());
    if (std::equal(hook.argv.begin() + 1, hook.argv.end(), request.argv.begin(), request.argv.end(),
                   Fits)) {
      run.name = NameFor(hook, request);
      return run;
    }
    if (by_name == nullptr && HasPlaces(hook)) by_name = &hook;
  }
  if (by_name == nullptr) return std::nullopt;
  engine::port::RunHook run{by_name->name, {by_name->argv[0]}};
  run.argv.insert(run.argv.end(), request.argv.begin(), request.argv.end());
  return run;
}

}  // namespace tidegate::lab
