// A judged run as text for people, as JSON, as JUnit XML. Everything but `host` is a function of
// the trace, so that `verify` of a saved trace prints the same bytes as the run did.
#pragma once

#include <string>
#include <vector>

#include "base/exit_code.h"
#include "base/json.h"
#include "rehearsal/steps.h"
#include "trace/header.h"
#include "verifier/verdict.h"

namespace tidegate::rehearsal {

struct Report {
  const trace::Header* header = nullptr;
  const verifier::Verdict* verdict = nullptr;
  const std::vector<StepLine>* steps = nullptr;
  std::string digest;
  std::string reproduce;  ///< the command that runs it again
  // host: outside digest and comparisons
  Duration real_time = 0;
  std::string trace_path;  ///< "" when it was not kept
};

/// The steps, one a line.
std::string StepsText(const Report& report);
/// Verdict, findings, figures, checks; the last line of a failing run reproduces it.
std::string VerdictText(const Report& report);
/// One line: "pass  steady-writes  seed 1  ours".
std::string VerdictLine(const Report& report);
/// Findings as stories: at T1 …, at T2 …, therefore ….
std::string ExplainText(const Report& report);
/// The object of --json. With `with_host` it has real time and the like.
void WriteReportJson(const Report& report, bool with_host, JsonWriter* writer);

/// One test case of a JUnit file.
struct JunitCase {
  std::string suite;
  std::string name;
  std::string failure;  ///< "" when it passed
  Duration real_time = 0;
};
std::string JunitXml(const std::vector<JunitCase>& cases);

/// The exit code that an outcome stands for.
ExitCode ExitCodeOf(verifier::Outcome outcome);

}  // namespace tidegate::rehearsal
