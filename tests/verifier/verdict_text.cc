#include "tests/verifier/verdict_text.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/support/trace_text.h"

namespace tidegate::test {

using verifier::Finding;
using verifier::Verdict;

Verdict JudgeText(std::string_view text, verifier::VerifierOptions options) {
  return verifier::JudgeTrace(TraceOf(text), options);
}

std::string FindingText(const Verdict& verdict, std::string_view check) {
  std::string text;
  for (const Finding& finding : verdict.findings) {
    if (finding.check != check) continue;
    text += fmt::format("{} by {}", verifier::FindingKindName(finding.kind),
                        verifier::CauseName(finding.cause));
    if (!finding.follows_from.empty()) text += fmt::format(" (follows {})", finding.follows_from);
    if (finding.count > 1) text += fmt::format(" x{}", finding.count);
    text += fmt::format("\nwhy: {}\n", finding.why);
    for (const verifier::Witness& witness : finding.witness) {
      text +=
          fmt::format("@{} #{} {}\n", FormatClock(witness.time), witness.index, witness.sentence);
    }
  }
  return text;
}

std::string ChecksThatFound(const Verdict& verdict) {
  std::string text;
  std::string last;
  for (const Finding& finding : verdict.findings) {
    if (finding.check == last) continue;
    last = finding.check;
    text += (text.empty() ? "" : " ") + last;
  }
  return text;
}

std::uint64_t PremiseCount(const Verdict& verdict, std::string_view check) {
  for (const verifier::CheckReport& report : verdict.checks) {
    if (report.id == check) return report.premise_count;
  }
  return 0;
}

void ExpectFinding(std::string_view check, std::string_view text, std::string_view expected) {
  if (expected.starts_with('\n')) expected.remove_prefix(1);
  const Verdict verdict = JudgeText(text);
  BOOST_TEST(FindingText(verdict, check) == expected);
  BOOST_TEST(PremiseCount(verdict, check) > 0U);
}

}  // namespace tidegate::test
