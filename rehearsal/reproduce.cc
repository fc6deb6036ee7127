#include "rehearsal/reproduce.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "rehearsal/expect_text.h"
#include "rehearsal/topology.h"
#include "sim/fault_text.h"

namespace tidegate::rehearsal {
namespace {

// Between two looks at a Drainer of the cluster era: as often as a hand at a keyboard could.
constexpr Duration kLookEvery = 2 * kSecond;
constexpr std::uint64_t kShrinkMax = 200;  // further runs to make a schedule smaller

/// What a run is made of, apart from the scenario that was given.
struct Recipe {
  std::vector<std::string> faults;  ///< JSON objects
  std::int64_t transactions = 0;
  std::uint64_t seed = 1;
};

struct Trial {
  std::string text;
  Prepared prepared;
  RunResult run;
  std::string why;
  std::optional<std::vector<SeenStatus>> matched;

  bool hit() const { return !why.empty() && matched.has_value(); }
};

class Search {
 public:
  explicit Search(const ReproduceInput& input) : input_(input) {}

  Result<Reproduced> Go() {
    TRY_ASSIGN(const Prepared base, Prepare(input_.scenario, 1));
    candidates_ = input_.candidates.empty() ? CandidateFaults(base) : input_.candidates;
    TRY_ASSIGN(const JsonDocument document,
               JsonDocument::Parse(input_.scenario.text, input_.scenario.file));
    if (const JsonValue* faults = document.root().Find("faults"); faults != nullptr) {
      known_faults_ = ElementTexts(document, *faults);
    }
    recipe_.transactions = input_.scenario.workload.transactions;
    TRY(Find());
    if (!best_.has_value()) return std::move(out_);
    TRY(Shrink());
    out_.found = true;
    out_.why = best_->why;
    out_.matched = *best_->matched;
    TRY_ASSIGN(out_.text, With(best_->text, "expect", ExpectText(best_->run.verdict)));
    out_.schedule = Schedule();
    out_.run = std::move(best_->run);
    return std::move(out_);
  }

 private:
  static Result<std::string> With(std::string text, std::string_view path, std::string_view value) {
    TRY(sim::ApplyOverride(&text, path, value));
    return text;
  }

  std::string EngineJson() const {
    std::string out = fmt::format(R"({{"start":"{}","style":"{}")",
                                  FormatDuration(input_.scenario.engine.start), input_.style);
    if (!input_.gate.empty()) out += fmt::format(R"(,"gate":"{}")", input_.gate);
    return out + "}";
  }

  Result<std::string> TextOf(const Recipe& recipe) const {
    std::string text = input_.scenario.text;
    TRY_ASSIGN(text, With(std::move(text), "seed", std::to_string(recipe.seed)));
    TRY_ASSIGN(text,
               With(std::move(text), "workload.transactions", std::to_string(recipe.transactions)));
    TRY_ASSIGN(text, With(std::move(text), "engine", EngineJson()));
    // Faults that the scenario has already, from logs, are facts and stay.
    std::vector<std::string> faults = known_faults_;
    faults.insert(faults.end(), recipe.faults.begin(), recipe.faults.end());
    return With(std::move(text), "faults", fmt::format("[{}]", fmt::join(faults, ",")));
  }

  Result<Trial> Try(const Recipe& recipe) const {
    TRY_ASSIGN(std::string text, TextOf(recipe));
    TRY_ASSIGN(const sim::Scenario scenario, sim::ParseScenario(text, input_.scenario.file));
    TRY_ASSIGN(Prepared prepared, Prepare(scenario, recipe.seed));
    RunOptions options;
    options.engine = ChoiceOf(scenario.engine);
    options.digest = false;
    const bool of_cluster = std::any_of(scenario.observed.begin(), scenario.observed.end(),
                                        [](const sim::Observation& one) { return one.of_cluster; });
    if (of_cluster) options.look_every = kLookEvery;
    TRY_ASSIGN(RunResult run, Run(prepared, prepared.plan, scenario.engine, options));
    Trial trial{std::move(text), std::move(prepared), std::move(run), "", std::nullopt};
    // A fault that never fired is no explanation.
    if (trial.run.verdict.outcome == verifier::Outcome::kInconclusive) return trial;
    trial.why = SymptomOf(input_.symptom, trial.run.verdict, trial.run.steps);
    trial.matched = MatchObserved(scenario.observed, SeenIn(trial.run), trial.run.trace.header);
    return trial;
  }

  // One more run of the search; true when it is what was looked for.
  Result<bool> Hit(const Recipe& recipe) {
    TRY_ASSIGN(Trial trial, Try(recipe));
    ++out_.try_count;
    if (trial.hit()) {
      recipe_ = recipe;
      best_.emplace(std::move(trial));
      return true;
    }
    if (trial.matched.has_value()) ++out_.look_count;
    if (!trial.why.empty()) ++out_.symptom_count;
    return false;
  }

  bool Spent() const { return out_.try_count >= input_.tries_max; }

  // Nothing, each fault, then pairs; after that the same with the next seed.
  Status Find() {
    Recipe recipe = recipe_;
    for (recipe.seed = 1; !Spent(); ++recipe.seed) {
      recipe.faults.clear();
      TRY_ASSIGN(const bool none, Hit(recipe));
      if (none) return {};
      for (std::size_t i = 0; i < candidates_.size() && !Spent(); ++i) {
        recipe.faults = {candidates_[i]};
        TRY_ASSIGN(const bool one, Hit(recipe));
        if (one) return {};
      }
      for (std::size_t i = 0; i < candidates_.size() && !Spent(); ++i) {
        for (std::size_t j = i + 1; j < candidates_.size() && !Spent(); ++j) {
          recipe.faults = {candidates_[i], candidates_[j]};
          TRY_ASSIGN(const bool pair, Hit(recipe));
          if (pair) return {};
        }
      }
    }
    return {};
  }

  // Keeps `smaller` when it still is what was looked for.
  Result<bool> Keep(const Recipe& smaller) {
    if (out_.shrink_count >= kShrinkMax) return false;
    ++out_.shrink_count;
    TRY_ASSIGN(Trial trial, Try(smaller));
    if (!trial.hit()) return false;
    recipe_ = smaller;
    best_.emplace(std::move(trial));
    return true;
  }

  Status Shrink() {
    for (std::size_t i = recipe_.faults.size(); i-- > 0;) {
      Recipe smaller = recipe_;
      smaller.faults.erase(smaller.faults.begin() + static_cast<std::ptrdiff_t>(i));
      TRY(Keep(smaller));
    }
    // Half as much for as long as that works, then ever finer steps down.
    for (std::int64_t step = recipe_.transactions / 2; step > 0;) {
      Recipe smaller = recipe_;
      smaller.transactions -= step;
      bool kept = false;
      if (smaller.transactions > 0) {
        TRY_ASSIGN(kept, Keep(smaller));
      }
      if (!kept) step /= 2;
      step = std::min(step, recipe_.transactions / 2);
    }
    return {};
  }

  std::string Schedule() const {
    std::string out =
        fmt::format("  seed {}, {} transactions, engine {}, gate {}\n", recipe_.seed,
                    recipe_.transactions, input_.style, best_->prepared.scenario.engine.gate);
    for (const sim::FaultPlan& fault : best_->prepared.plan.faults) {
      out += "  " + fault.description + "\n";
    }
    return out;
  }

  const ReproduceInput& input_;
  std::vector<std::string> candidates_;
  std::vector<std::string> known_faults_;
  Recipe recipe_;
  std::optional<Trial> best_;
  Reproduced out_;
};

}  // namespace

Result<Reproduced> Reproduce(const ReproduceInput& input) { return Search(input).Go(); }

}  // namespace tidegate::rehearsal
