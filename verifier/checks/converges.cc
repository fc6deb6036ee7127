// converges: the end state, row by row, as multisets where a table has no key. Rows that no event
// named are equal by premise.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/blame.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class Converges final : public Check {
 public:
  explicit Converges(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "converges"; }
  std::string_view Statement() const override {
    return "When writes stopped and all drained, downstream rows equal upstream rows, table by "
           "table.";
  }
  Section InSection() const override { return Section::kData; }
  KindSet Subscribes() const override { return {}; }

  void OnEvent(const Event&, std::uint64_t) override {}

  void OnEnd() override {
    if (!model().run().ended || model().run().end != trace::RunEnd::kQuiet) {
      not_judged_ = "the run did not come to rest";
      return;
    }
    for (std::size_t sink = 0; sink < model().sinks().size(); ++sink) {
      const SinkFacts& facts = model().sinks()[sink];
      // An engine that refused may leave behind it what only its next attempt drains.
      if (facts.ledger.outstanding_count() > 0 && !(facts.gate.taken && facts.new_drainer_ran) &&
          !AnyLost(facts)) {
        not_judged_ = fmt::format("{} was not drained when the run ended", NameOf(facts.node));
        continue;
      }
      for (std::uint16_t table = 0; table < header().tables.size(); ++table) {
        if (model().Wants(sink, table)) Compare(sink, table);
      }
    }
  }

 private:
  struct Row {
    std::int64_t key = 0;
    RowState state;
  };

  bool AnyLost(const SinkFacts& sink) const {
    std::string clause;
    std::vector<Evidence> evidence;
    for (std::size_t i = 0; i < sink.ledger.size(); ++i) {
      const Commit& commit = sink.ledger.At(i);
      if (!commit.done() && IsLostAtEnd(model(), sink, commit, &clause, &evidence)) return true;
    }
    return false;
  }

  static bool Equal(const RowState& row) {
    // Absent and never there are the same.
    const std::int64_t up = row.up_value;
    const std::int64_t down = row.down_value;
    return row.copies <= 1 && (up == down || (up == 0 && down == kUntouched));
  }

  void Compare(std::size_t sink, std::uint16_t table) {
    const RowMap& rows = model().Rows(sink, table);
    std::vector<std::pair<std::int64_t, RowState>> differing;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(differing),
                 [](const auto& row) { return !Equal(row.second); });
    const bool shapes = model().FirstDdlShape(table) != UINT32_MAX &&
                        model().UpShape(table) != model().DownShape(sink, table);
    premise_count_ += rows.size();
    if (differing.empty() && !shapes) return;
    std::sort(differing.begin(), differing.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    const auto others =
        std::stable_partition(differing.begin(), differing.end(), [&](const auto& row) {
          return ByHand(model().sinks()[sink], table, row.first, row.second);
        });
    const std::vector<std::pair<std::int64_t, RowState>> rest(others, differing.end());
    differing.erase(others, differing.end());
    if (!differing.empty()) Report(sink, table, differing, true);
    if (!rest.empty() || shapes) Report(sink, table, rest, false);
  }

  // Somebody's own SQL made the row what it is.
  static bool ByHand(const SinkFacts& sink, std::uint16_t table, std::int64_t key,
                     const RowState& row) {
    const auto changed = sink.changed_by_hand.find({table, key});
    return changed != sink.changed_by_hand.end() && changed->second == row.down_ts;
  }

  static std::string Side(std::int64_t value, std::uint32_t copies) {
    if (value == kUntouched) return "as it was before the run";
    if (value == 0) return "deleted";
    return copies > 1 ? fmt::format("{} in {} copies", value, copies) : fmt::format("{}", value);
  }

  std::string Why(std::size_t sink, std::uint16_t table,
                  const std::vector<std::pair<std::int64_t, RowState>>& differing) const {
    const std::string& name = header().tables[table].name;
    const std::string& where = NameOf(model().sinks()[sink].node);
    if (differing.empty()) {
      return fmt::format("table {} has shape {} upstream and {} at {}", name,
                         model().UpShape(table), model().DownShape(sink, table), where);
    }
    const auto& [key, row] = differing.front();
    return fmt::format("{} rows of table {} differ at {}; key {} is {} upstream and {} downstream",
                       differing.size(), name, where, key, Side(row.up_value, 1),
                       Side(row.down_value, row.copies));
  }

  Cause CauseOf(const SinkFacts& sink, bool copies) const {
    if (copies) return Cause::kProduct;  // a replay of what is not idempotent
    std::uint64_t left = sink.ledger.outstanding_count();
    for (std::size_t i = 0; i < sink.ledger.size() && left > 0; ++i) {
      if (!sink.ledger.At(i).done()) {
        return BlameForMissing(model(), sink, sink.ledger.At(i)).cause;
      }
    }
    // With timestamps that were given twice, order by them is not the order of writing.
    if (model().pd_went_back()) return Cause::kScenario;
    return sink.gate.taken ? Cause::kEngine : Cause::kProduct;
  }

  // What is missing explains the difference: its findings are the roots of this one.
  std::vector<Tso> Missing(const SinkFacts& sink) const {
    std::vector<Tso> missing;
    for (std::size_t i = 0; i < sink.ledger.size() && missing.size() < kSubjectsMax; ++i) {
      if (!sink.ledger.At(i).done()) missing.push_back(sink.ledger.At(i).commit_ts);
    }
    return missing;
  }

  void Report(std::size_t sink, std::uint16_t table,
              const std::vector<std::pair<std::int64_t, RowState>>& differing, bool by_hand) {
    const SinkFacts& facts = model().sinks()[sink];
    const bool copies = !differing.empty() && differing.front().second.copies > 1;
    Draft draft;
    draft.kind = FindingKind::kLoss;
    draft.cause = by_hand ? Cause::kEngine : CauseOf(facts, copies);
    draft.why = Why(sink, table, differing);
    if (by_hand) draft.why += ", by somebody's own SQL";
    draft.evidence = {model().run().end_evidence};
    if (!by_hand) draft.subjects.transactions = Missing(facts);
    if (!differing.empty()) {
      const std::int64_t key = differing.front().first;
      draft.rows = {{.kind = EventKind::kRowCommitted, .table = table, .key = key},
                    {.kind = EventKind::kRowApplied, .table = table, .key = key}};
      if (by_hand) {
        draft.rows.push_back({.kind = EventKind::kRowChanged, .table = table, .key = key});
      } else {
        draft.subjects.transactions.push_back(differing.front().second.down_ts);
      }
    }
    findings().Report(*this,
                      Sort(FindingKind::kLoss, draft.cause,
                           std::uint64_t{table} | std::uint64_t{facts.node} << 16),
                      std::move(draft));
  }
};

}  // namespace

std::unique_ptr<Check> MakeConverges(const Context& context) {
  return std::make_unique<Converges>(context);
}

}  // namespace tidegate::verifier
