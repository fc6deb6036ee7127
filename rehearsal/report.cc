#include "rehearsal/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::rehearsal {
namespace {

using verifier::Finding;
using verifier::Outcome;

std::string FindingHead(const Finding& finding) {
  std::string head =
      fmt::format("{} ({}, cause: {}", finding.check, verifier::FindingKindName(finding.kind),
                  verifier::CauseName(finding.cause));
  if (finding.count > 1) head += fmt::format(", {} times", finding.count);
  return head + ")";
}

void AppendFinding(const Finding& finding, std::string* out) {
  const bool root = finding.follows_from.empty();
  const std::string indent = root ? "  " : "      ";
  *out += fmt::format("{}{}{}\n", indent, root ? "" : "follows: ", FindingHead(finding));
  *out += fmt::format("{}  {}\n", indent, finding.why);
  if (!root) return;
  for (const verifier::Witness& witness : finding.witness) {
    *out += fmt::format("{}    {}  {}\n", indent, FormatClock(witness.time), witness.sentence);
  }
}

std::string SinkName(const Report& report, NodeId sink) {
  return sink == kNoNode ? "?" : report.header->nodes[sink].name;
}

void AppendFigures(const Report& report, std::string* out) {
  const verifier::Figures& f = report.verdict->figures;
  const auto line = [&](std::string_view name, const std::string& value) {
    *out += fmt::format("  {:<24} {}\n", name, value);
  };
  *out += "figures\n";
  line("virtual duration", FormatDuration(f.virtual_duration));
  line("transactions", fmt::format("{} committed, {} applied", f.committed_count, f.applied_count));
  line("events", std::to_string(f.event_count));
  line("writers were down", FormatDuration(f.writers_down));
  line("writes that failed", std::to_string(f.failed_write_count));
  line("worst replication lag", FormatDuration(f.lag_max));
  for (const verifier::SinkFigures& sink : f.sinks) {
    const std::string name = SinkName(report, sink.sink);
    if (sink.drain >= 0) {
      line("draining took", fmt::format("{} ({})", FormatDuration(sink.drain), name));
    }
    if (sink.handed_over > 0) {
      line("checkpoint handed over", fmt::format("{} ({})", sink.handed_over, name));
    }
  }
  for (const verifier::ManualGate& gate : f.manual_gate) {
    line("the manual's own gate", fmt::format("Synced of {}: {}", SinkName(report, gate.drainer),
                                              verifier::Figures::Sentence(gate)));
  }
}

void AppendChecks(const Report& report, std::string* out) {
  std::size_t held = 0;
  std::string list;
  std::string unjudged;
  for (const verifier::CheckReport& check : report.verdict->checks) {
    if (check.premise_count > 0) ++held;
    list += fmt::format(
        "  {:<30} {:>9}{}\n", check.id, check.premise_count,
        check.finding_count > 0 ? fmt::format("  {} findings", check.finding_count) : "");
    if (!check.not_judged.empty()) {
      unjudged += fmt::format("  not judged: {}: {}\n", check.id, check.not_judged);
    }
  }
  *out += fmt::format("checks: {} ran, the premise of {} held (how often):\n{}{}",
                      report.verdict->checks.size(), held, list, unjudged);
}

std::string XmlText(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
    }
  }
  return out;
}

std::string Seconds(Duration duration) {
  return fmt::format("{}.{:03}", duration / kSecond, duration % kSecond / kMillisecond);
}

}  // namespace

ExitCode ExitCodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass: return ExitCode::kDone;
    case Outcome::kFail: return ExitCode::kViolated;
    case Outcome::kRefused: return ExitCode::kRefused;
    case Outcome::kNoProgress: return ExitCode::kNoProgress;
    case Outcome::kInconclusive: return ExitCode::kInconclusive;
  }
  return ExitCode::kBug;
}

std::string StepsText(const Report& report) {
  std::string out = "steps\n";
  for (const StepLine& line : *report.steps) {
    out += fmt::format("  {}  {:<13} {:<9} {}\n", FormatClock(line.time), line.step, line.what,
                       line.text);
    while (out.size() > 1 && out[out.size() - 2] == ' ') out.erase(out.size() - 2, 1);
  }
  return out;
}

std::string VerdictLine(const Report& report) {
  return fmt::format("{:<12} {}  seed {}  {}", verifier::OutcomeName(report.verdict->outcome),
                     report.header->scenario, report.header->seed, report.header->engine);
}

std::string VerdictText(const Report& report) {
  const verifier::Verdict& verdict = *report.verdict;
  std::string out =
      fmt::format("verdict: {}: {}\n", verifier::OutcomeName(verdict.outcome), verdict.why);
  if (!verdict.findings.empty()) out += "findings\n";
  for (const Finding& finding : verdict.findings) AppendFinding(finding, &out);
  AppendFigures(report, &out);
  AppendChecks(report, &out);
  out += fmt::format("digest {}\n", report.digest);
  return out;
}

std::string ExplainText(const Report& report) {
  std::string out;
  for (const Finding& finding : report.verdict->findings) {
    if (!finding.follows_from.empty()) {
      out += fmt::format("   from this follows {}: {}\n", FindingHead(finding), finding.why);
      continue;
    }
    out += fmt::format("{}\n   the rule: {}\n", FindingHead(finding), finding.statement);
    for (const verifier::Witness& witness : finding.witness) {
      out += fmt::format("   at {} {},\n", FormatClock(witness.time), witness.sentence);
    }
    out += fmt::format("   therefore: {}\n", finding.why);
  }
  if (out.empty()) out = fmt::format("No finding: {}\n", report.verdict->why);
  return out;
}

namespace {

void WriteFinding(const Finding& finding, JsonWriter* w) {
  w->BeginObject().Key("check").String(finding.check).Key("statement").String(finding.statement);
  w->Key("kind").String(verifier::FindingKindName(finding.kind));
  w->Key("cause").String(verifier::CauseName(finding.cause));
  w->Key("why").String(finding.why).Key("count").Uint(finding.count);
  w->Key("witness").BeginArray();
  for (const verifier::Witness& witness : finding.witness) {
    w->BeginObject().Key("event").Uint(witness.index).Key("time").Int(witness.time);
    w->Key("what").String(witness.sentence).EndObject();
  }
  w->EndArray().Key("follows_from").String(finding.follows_from).EndObject();
}

void WriteFigures(const Report& report, JsonWriter* w) {
  const verifier::Figures& f = report.verdict->figures;
  w->BeginObject().Key("virtual_duration_ns").Int(f.virtual_duration);
  w->Key("transactions_committed").Uint(f.committed_count);
  w->Key("transactions_applied").Uint(f.applied_count);
  w->Key("events").Uint(f.event_count).Key("writers_down_ns").Int(f.writers_down);
  w->Key("writes_failed").Uint(f.failed_write_count).Key("lag_max_ns").Int(f.lag_max);
  w->Key("sinks").BeginArray();
  for (const verifier::SinkFigures& sink : f.sinks) {
    w->BeginObject().Key("sink").String(SinkName(report, sink.sink));
    w->Key("wanted").Uint(sink.wanted_count).Key("applied").Uint(sink.applied_count);
    w->Key("lag_max_ns").Int(sink.lag_max).Key("drain_ns").Int(sink.drain);
    w->Key("checkpoint_handed_over").TsoString(sink.handed_over).EndObject();
  }
  w->EndArray().Key("manual_gate").BeginArray();
  for (const verifier::ManualGate& gate : f.manual_gate) {
    w->BeginObject().Key("drainer").String(SinkName(report, gate.drainer));
    w->Key("answers").Uint(gate.answer_count).Key("synced_at_ns").Int(gate.synced_at);
    w->Key("missing_then").Uint(gate.undrained_at_synced);
    w->Key("sentence").String(verifier::Figures::Sentence(gate)).EndObject();
  }
  w->EndArray().EndObject();
}

}  // namespace

void WriteReportJson(const Report& report, bool with_host, JsonWriter* w) {
  const verifier::Verdict& verdict = *report.verdict;
  w->BeginObject().Key("scenario").String(report.header->scenario);
  w->Key("seed").Uint(report.header->seed).Key("engine").String(report.header->engine);
  w->Key("gate").String(report.header->gate).Key("digest").String(report.digest);
  w->Key("verdict").String(verifier::OutcomeName(verdict.outcome)).Key("why").String(verdict.why);
  w->Key("findings").BeginArray();
  for (const Finding& finding : verdict.findings) WriteFinding(finding, w);
  w->EndArray().Key("checks").BeginArray();
  for (const verifier::CheckReport& check : verdict.checks) {
    w->BeginObject().Key("check").String(check.id).Key("premise_count").Uint(check.premise_count);
    w->Key("findings").Uint(check.finding_count);
    if (!check.not_judged.empty()) w->Key("not_judged").String(check.not_judged);
    w->EndObject();
  }
  w->EndArray().Key("steps").BeginArray();
  for (const StepLine& line : *report.steps) {
    w->BeginObject().Key("time").Int(line.time).Key("step").String(line.step);
    w->Key("what").String(line.what).Key("text").String(line.text).EndObject();
  }
  w->EndArray().Key("figures");
  WriteFigures(report, w);
  w->Key("reproduce").String(report.reproduce);
  if (with_host) {
    w->Key("host").BeginObject().Key("real_time_ns").Int(report.real_time);
    w->Key("trace").String(report.trace_path).EndObject();
  }
  w->EndObject();
}

std::string JunitXml(const std::vector<JunitCase>& cases) {
  const auto failed = std::count_if(cases.begin(), cases.end(),
                                    [](const JunitCase& c) { return !c.failure.empty(); });
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites>\n  <testsuite name=\"tidegate\" tests=\"{}\" failures=\"{}\">\n",
      cases.size(), failed);
  for (const JunitCase& one : cases) {
    out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"", XmlText(one.suite),
                       XmlText(one.name), Seconds(one.real_time));
    if (one.failure.empty()) {
      out += "/>\n";
    } else {
      out += fmt::format(">\n      <failure>{}</failure>\n    </testcase>\n", XmlText(one.failure));
    }
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace tidegate::rehearsal
