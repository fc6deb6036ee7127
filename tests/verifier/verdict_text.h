// Findings as text, for expectations that compare the whole of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "verifier/verifier.h"

namespace tidegate::test {

/// Judges the trace that `text` describes (tests/support/trace_text.h).
verifier::Verdict JudgeText(std::string_view text, verifier::VerifierOptions options = {});

/// The findings of `check`, whole, or "" when it has none:
///   loss by engine (follows gate-sound) x3
///   why: …
///   @00:00:00.004 #3 sentence
std::string FindingText(const verifier::Verdict& verdict, std::string_view check);

/// "check-a check-b": ids of every check that found something, in telling order, without repeats.
std::string ChecksThatFound(const verifier::Verdict& verdict);

/// BOOST_TESTs that `check` finds exactly `expected` (FindingText, after a first newline) in the
/// trace that `text` describes, and that its premise held.
void ExpectFinding(std::string_view check, std::string_view text, std::string_view expected);

std::uint64_t PremiseCount(const verifier::Verdict& verdict, std::string_view check);

}  // namespace tidegate::test
