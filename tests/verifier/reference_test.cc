// Goal: the streaming verifier says what the naive one says, on many small traces, most of them
// wrong in some way. Method: each trace is drawn as text (tests/support/trace_text.h) from its
// seed, so a difference is printed as something that can be pasted into a test.
#include "tests/verifier/reference.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/draw.h"
#include "tests/support/trace_text.h"
#include "tests/verifier/verdict_text.h"

namespace {

using tidegate::Draws;
using tidegate::Purpose;
using tidegate::Tso;
using tidegate::test::AskReference;
using tidegate::test::ReferenceAnswer;
using tidegate::verifier::Finding;
using tidegate::verifier::Verdict;

// One drawn trace: commits in order, everything else in any.
class Story {
 public:
  explicit Story(std::uint64_t seed) : draws_(seed, Purpose::kScenario, 0) {}

  std::string Tell() {
    Say("tidb-1 path open socket old-pump-1 tso=1");
    const std::int64_t lines = draws_.Between(3, 40);
    for (std::int64_t i = 0; i < lines; ++i) Step();
    if (draws_.Permille(700)) ApplyTheRest();
    if (draws_.Permille(300)) Say("workload stopped");
    Say(draws_.Permille(800) ? "end quiet tso=9999" : "end time-limit tso=9999");
    return text_;
  }

 private:
  struct Txn {
    Tso start = 0;
    std::vector<std::string> rows;
    std::vector<bool> applied;
  };

  void Say(const std::string& line) { text_ += line + "\n"; }
  std::string Drainer() { return draws_.Permille(850) ? "old-drainer" : "new-drainer"; }
  Txn* Any() { return txns_.empty() ? nullptr : &txns_[draws_.Below(txns_.size())]; }

  void Step() {
    switch (draws_.Below(12)) {
      case 0:
      case 1:
      case 2: Commit(); break;
      case 3:
      case 4:
      case 5:
      case 6: Apply(); break;
      case 7:
      case 8: Save(); break;
      case 9: Drop(); break;
      case 10: Hand(); break;
      default: Rare(); break;
    }
  }

  void Commit() {
    Txn txn;
    txn.start = 10 * static_cast<Tso>(txns_.size() + 1);
    std::set<std::string> places;
    const std::int64_t rows = draws_.Between(1, 3);
    for (std::int64_t i = 0; i < rows; ++i) {
      const bool keyless = draws_.Permille(200);
      const std::string place =
          keyless ? fmt::format("log:{}", ++keyless_rows_)
                  : fmt::format("{}:{}", draws_.Permille(500) ? "a" : "b", draws_.Between(1, 3));
      if (!places.insert(place).second) continue;
      const std::int64_t value = keyless || draws_.Permille(850) ? draws_.Between(1, 4) : 0;
      txn.rows.push_back(fmt::format("{}={}", place, value));
    }
    txn.applied.resize(txn.rows.size());
    const std::string how = draws_.Permille(80) ? "unlogged" : "pump=old-pump-1";
    Say(fmt::format("tidb-1 commit {}/{} {} {}", txn.start, txn.start + 1, fmt::join(txn.rows, ","),
                    how));
    txns_.push_back(txn);
  }

  void ApplyRow(Txn* txn, std::size_t row) {
    txn->applied[row] = true;
    Say(fmt::format("{} apply {} {}", Drainer(), txn->start + 1, txn->rows[row]));
  }

  void Apply() {
    Txn* txn = Any();
    if (txn == nullptr) return;
    const bool whole = draws_.Permille(600);
    for (std::size_t row = 0; row < txn->rows.size(); ++row) {
      if (whole || draws_.Permille(400)) ApplyRow(txn, row);
    }
  }

  void ApplyTheRest() {
    for (Txn& txn : txns_) {
      if (draws_.Permille(100)) continue;
      for (std::size_t row = 0; row < txn.rows.size(); ++row) {
        if (!txn.applied[row]) ApplyRow(&txn, row);
      }
    }
  }

  void Hand() {
    const Txn* txn = Any();
    if (txn == nullptr) return;
    Say(fmt::format("old-drainer hand {}/{}", txn->start, txn->start + 1));
  }

  void Save() {
    const Txn* txn = Any();
    if (txn == nullptr) return;
    Say(fmt::format("{} save {} store={}", Drainer(), txn->start + draws_.Between(0, 12),
                    draws_.Permille(800) ? "row" : "file"));
  }

  void Drop() {
    const Txn* txn = Any();
    if (txn == nullptr) return;
    const char* reason = draws_.Permille(400)   ? "duplicate"
                         : draws_.Permille(500) ? "no-prewrite"
                                                : "writer-gone";
    Say(fmt::format("old-drainer drop {} {}/{}", reason, txn->start, txn->start + 1));
  }

  void Rare() {
    switch (draws_.Below(4)) {
      case 0:
        if (!closed_) Say("tidb-1 path close socket old-pump-1 tso=9000");
        closed_ = true;
        break;
      case 1: Say("act stop old-drainer"); break;
      case 2: Say("new-drainer up"); break;
      default: Say("old-drainer window upper=5 lower=4"); break;
    }
  }

  Draws draws_;
  std::string text_;
  std::vector<Txn> txns_;
  std::int64_t keyless_rows_ = 0;
  bool closed_ = false;
};

template <typename T>
std::string Words(const std::set<T>& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

std::set<Tso> Transactions(const Verdict& verdict, std::string_view check) {
  std::set<Tso> found;
  for (const Finding& finding : verdict.findings) {
    if (finding.check != check) continue;
    found.insert(finding.subjects.transactions.begin(), finding.subjects.transactions.end());
  }
  return found;
}

std::set<std::string> Differing(const Verdict& verdict) {
  std::set<std::string> found;
  for (const Finding& finding : verdict.findings) {
    if (finding.check == "converges")
      found.insert(finding.why.substr(0, finding.why.find(" differ")));
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reference)

BOOST_AUTO_TEST_CASE(streaming_says_what_the_naive_one_says) {
  std::size_t lost = 0;
  std::size_t ahead = 0;
  std::size_t differing = 0;
  std::size_t clean = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    const std::string text = Story(seed).Tell();
    const tidegate::trace::Trace trace = tidegate::test::TraceOf(text);
    const Verdict verdict = tidegate::verifier::JudgeTrace(trace, {});
    const ReferenceAnswer answer = AskReference(trace);
    BOOST_TEST_CONTEXT("seed " << seed << ":\n" << text) {
      BOOST_TEST(Words(Transactions(verdict, "no-lost-commit")) == Words(answer.lost));
      BOOST_TEST(Words(Transactions(verdict, "checkpoint-not-ahead")) == Words(answer.ahead));
      BOOST_TEST(Words(Differing(verdict)) == Words(answer.differing));
    }
    lost += answer.lost.empty() ? 0 : 1;
    ahead += answer.ahead.empty() ? 0 : 1;
    differing += answer.differing.empty() ? 0 : 1;
    clean += answer.converges_judged && answer.differing.empty() && answer.lost.empty() ? 1 : 0;
  }
  // The drawn traces are worth something: each answer occurs, and so does a clean run.
  BOOST_TEST(lost > 500U);
  BOOST_TEST(ahead > 500U);
  BOOST_TEST(differing > 500U);
  BOOST_TEST(clean > 100U);
}

BOOST_AUTO_TEST_SUITE_END()
