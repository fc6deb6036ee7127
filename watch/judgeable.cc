#include "watch/judgeable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "verifier/verifier.h"

namespace tidegate::watch {
namespace {

constexpr std::string_view kRows = "what commits and what is applied is not seen from outside";
constexpr std::string_view kBinlogs =
    "which binlogs a Pump or Kafka holds is not seen from outside";
constexpr std::string_view kPaths = "which Pump a TiDB writes to is not seen from outside";
constexpr std::string_view kFiles = "binaries and files of the hosts are not read";
constexpr std::string_view kClients = "clients are not seen from outside";
constexpr std::string_view kEngine = "what performs the upgrade is not seen, only what comes of it";
constexpr std::string_view kRolling = "the watch is for upgrades that hand over to a new side";
constexpr std::string_view kBetween = "states between two looks are not seen";

struct Row {
  std::string_view check;
  std::string_view why_not;  // "": it is judged
};
constexpr std::array<Row, 44> kRowsOfChecks = {{
    {"reaches-target", kEngine},
    {"a-pump-can-write", kPaths},
    {"new-pumps-before-switch", ""},
    {"service-detached", kClients},
    {"every-writer-logs", kPaths},
    {"compatible-writer", kPaths},
    {"compatible-parts", "a Pump or Drainer does not say its version over HTTP"},
    {"gate-before-new-drainer", ""},
    {"old-side-kept-until-drained", ""},
    {"sink-outlives-old-side", ""},
    {"single-downstream-writer", ""},
    {"runs-what-was-installed", kFiles},
    {"no-shared-home", ""},
    {"config-carried", kFiles},
    {"notify-unblocked", "a Pump or Drainer does not say its version over HTTP"},
    {"registry-moves", kBetween},
    {"one-pump-at-a-time", kRolling},
    {"pump-before-drainer", kRolling},
    {"stays-retired", kFiles},
    {"starts-at-the-dump", kRolling},
    {"snapshot-kept", kRolling},
    {"gate-sound", kRows},
    {"gate-stays-shut-behind", kBinlogs},
    {"gate-honest", kRows},
    {"gate-opens", kEngine},
    {"checkpoint-monotonic", ""},
    {"checkpoint-not-ahead", kRows},
    {"resumes-where-it-stopped", kRows},
    {"still-readable", kBinlogs},
    {"checkpoint-understood", "where a Drainer resumed is not seen from outside"},
    {"publish-order", kRows},
    {"commit-order", kRows},
    {"no-lost-commit", kRows},
    {"no-phantom", kRows},
    {"no-double-apply", kRows},
    {"whole-transaction", kRows},
    {"schema-before-rows", kRows},
    {"streams-disjoint", kRows},
    {"converges", kRows},
    {"does-what-it-planned", kEngine},
    {"bounded", kEngine},
    {"progress", kRows},
    {"write-availability", kClients},
    {"silent-skip", kBinlogs},
}};

// Judged only where a barrier is known: without one nobody can say what "drained" means.
bool NeedsBarrier(std::string_view check) { return check == "gate-before-new-drainer"; }

}  // namespace

std::string_view WhyNotJudged(std::string_view check) {
  for (const Row& row : kRowsOfChecks) {
    if (row.check == check) return row.why_not;
  }
  return "nobody has said whether it can be judged from outside";
}

verifier::Verdict JudgeWatched(const trace::Trace& trace) {
  verifier::Verdict verdict = verifier::JudgeTrace(trace, {});
  const bool barrier = std::any_of(
      trace.events.begin(), trace.events.end(),
      [](const trace::Event& event) { return event.kind == trace::EventKind::kWriterPathClosed; });
  const auto why_not = [&](std::string_view check) -> std::string_view {
    if (NeedsBarrier(check) && !barrier) return "no barrier is known";
    return WhyNotJudged(check);
  };
  std::erase_if(verdict.findings,
                [&](const verifier::Finding& finding) { return !why_not(finding.check).empty(); });
  for (verifier::Finding& finding : verdict.findings) {
    if (!finding.follows_from.empty() && !why_not(finding.follows_from).empty()) {
      finding.follows_from.clear();
    }
  }
  for (verifier::CheckReport& check : verdict.checks) {
    const std::string_view reason = why_not(check.id);
    if (reason.empty()) continue;
    check.premise_count = 0;
    check.finding_count = 0;
    check.not_judged = std::string(reason);
  }
  verdict.figures = {};
  const auto worst = std::find_if(
      verdict.findings.begin(), verdict.findings.end(),
      [](const auto& finding) { return finding.kind != verifier::FindingKind::kExposure; });
  if (worst != verdict.findings.end()) {
    verdict.outcome = verifier::Outcome::kFail;
    verdict.why = fmt::format("{} does not hold", worst->check);
  } else {
    verdict.outcome = verifier::Outcome::kPass;
    verdict.why = verdict.findings.empty()
                      ? "every check that can be judged from outside held"
                      : "every check that can be judged from outside held, but for exposures";
  }
  return verdict;
}

}  // namespace tidegate::watch
