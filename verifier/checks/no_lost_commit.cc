// no-lost-commit: whatever committed and is wanted must be downstream once nobody will bring it
// any more: a checkpoint covers it, its binlog is gone, or the run came to rest past it. What is
// applied in part is whole-transaction's.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/blame.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class NoLostCommit final : public Check {
 public:
  explicit NoLostCommit(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "no-lost-commit"; }
  std::string_view Statement() const override {
    return "Each real transaction is applied downstream; judged at every checkpoint (nothing "
           "real at or below it is missing) and at the end.";
  }
  Section InSection() const override { return Section::kData; }
  KindSet Subscribes() const override { return {}; }

  void OnEvent(const Event&, std::uint64_t) override {}

  void OnEnd() override {
    for (const SinkFacts& sink : model().sinks()) {
      premise_count_ += sink.ledger.wanted_count();
      std::uint64_t left = sink.ledger.outstanding_count();
      for (std::size_t i = 0; i < sink.ledger.size() && left > 0; ++i) {
        const Commit& commit = sink.ledger.At(i);
        if (commit.done()) continue;
        --left;
        if (!commit.Has(kCommitPartial)) Judge(sink, commit);
      }
    }
  }

 private:
  void Judge(const SinkFacts& sink, const Commit& commit) {
    std::string clause;
    std::vector<Evidence> evidence;
    if (!IsLostAtEnd(model(), sink, commit, &clause, &evidence)) return;
    const Blame blame = BlameForMissing(model(), sink, commit);
    const std::uint64_t sort = Sort(FindingKind::kLoss, blame.cause,
                                    std::uint64_t{sink.node} | std::uint64_t{commit.drop} << 16);
    if (findings().Again(*this, sort, commit.commit_ts)) return;
    findings().Report(
        *this, sort,
        {.kind = FindingKind::kLoss,
         .cause = blame.cause,
         .why = fmt::format("{} never got commit_ts {}: {}; {}", NameOf(sink.node),
                            commit.commit_ts, clause, blame.because),
         .evidence = evidence,
         .story = {.start_ts = commit.start_ts, .commit_ts = commit.commit_ts},
         .rows = {},
         .subjects = {.transactions = {commit.commit_ts}, .nodes = {commit.pump}, .stores = {}}});
  }
};

}  // namespace

std::unique_ptr<Check> MakeNoLostCommit(const Context& context) {
  return std::make_unique<NoLostCommit>(context);
}

}  // namespace tidegate::verifier
