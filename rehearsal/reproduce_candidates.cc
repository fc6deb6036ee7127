// What is tried by a search, and what counts as the reported symptom.
#include <fmt/format.h>

#include <algorithm>

#include "rehearsal/reproduce.h"
#include "rehearsal/topology.h"
#include "sim/scenario_reader.h"

namespace tidegate::rehearsal {
namespace {

using verifier::Finding;
using verifier::FindingKind;

// How long a trouble lasts: longer than any Synced needs (synced-check-time 5 min), shorter than
// the patience of an engine.
constexpr std::string_view kLasts = "15m";

struct Parts {
  std::vector<std::string> drainers, pumps, kafkas, downstreams, tidbs;
};

Parts PartsOf(const Prepared& prepared) {
  Parts out;
  for (const sim::NodePlan& node : prepared.topology.nodes) {
    const std::string& name = node.info.name;
    const bool upgraded = node.info.old_side || !node.info.new_side;
    if (node.info.role == Role::kDrainer && upgraded) out.drainers.push_back(name);
    if (node.info.role == Role::kPump && upgraded) out.pumps.push_back(name);
    if (node.info.role == Role::kKafka) out.kafkas.push_back(name);
    if (node.info.role == Role::kDownstream) out.downstreams.push_back(name);
    if (node.info.role == Role::kTidb) out.tidbs.push_back(name);
  }
  return out;
}

// When it may begin: when the first TiDB is stopped, shortly before the upgrade, while it waits.
std::vector<std::string> Moments(const Prepared& prepared, const Parts& parts) {
  const Time start = prepared.plan.engine_start;
  const Time before = start > 5 * kSecond ? start - 5 * kSecond : 0;
  return {
      fmt::format(R"("on":{{"event":"node-down","node":"{}"}})", parts.tidbs.front()),
      fmt::format(R"("at":"{}")", FormatDuration(before)),
      R"("on":{"step":"wait-drained"})",
  };
}

// Of a rolling upgrade: shortly before it, when the first Pump is down, when the first Drainer is.
std::vector<std::string> RollingMoments(const Prepared& prepared, const Parts& parts) {
  const Time start = prepared.plan.engine_start;
  const Time before = start > 5 * kSecond ? start - 5 * kSecond : 0;
  std::vector<std::string> out = {fmt::format(R"("at":"{}")", FormatDuration(before))};
  for (const std::vector<std::string>* list : {&parts.pumps, &parts.drainers}) {
    if (list->empty()) continue;
    out.push_back(fmt::format(R"("on":{{"event":"node-down","node":"{}"}})", list->front()));
  }
  return out;
}

std::vector<std::string> RollingCandidates(const Prepared& prepared, const Parts& parts) {
  std::vector<std::string> out;
  for (const std::string& when : RollingMoments(prepared, parts)) {
    const auto add = [&](std::string_view what, bool lasts = true) {
      out.push_back(lasts ? fmt::format(R"({{{},{},"for":"{}"}})", what, when, kLasts)
                          : fmt::format(R"({{{},{}}})", what, when));
    };
    for (const std::string& drainer : parts.drainers) {
      add(fmt::format(R"("hang":"{}")", drainer));
      add(fmt::format(R"("kill":"{}")", drainer), false);
      add(fmt::format(R"("stop":"{}")", drainer));
      for (const std::string& pump : parts.pumps) {
        add(fmt::format(R"("partition":["{}","{}"])", pump, drainer));
      }
    }
    for (const std::string& sink : parts.downstreams) {
      add(fmt::format(R"("hung_downstream":"{}")", sink));
      add(fmt::format(R"("slow_downstream":"{}","by":"2s")", sink));
    }
    for (const std::string& pump : parts.pumps) {
      add(fmt::format(R"("hang":"{}")", pump));
      add(fmt::format(R"("kill":"{}")", pump), false);
      add(fmt::format(R"("put_state":"{}","action":"close")", pump), false);
      add(fmt::format(R"("put_state":"{}","action":"pause")", pump), false);
      add(fmt::format(R"("disk_full":"{}")", pump));
    }
    add(R"("etcd_down":"pd-1")");
    out.push_back(fmt::format(R"({{"pd_no_tso":"pd-1",{},"for":"60s"}})", when));
  }
  return out;
}

bool Names(const Finding& finding, std::initializer_list<std::string_view> checks) {
  return std::find(checks.begin(), checks.end(), finding.check) != checks.end();
}

bool Shows(Symptom symptom, const Finding& finding) {
  const bool doubled = finding.why.find("copies") != std::string::npos;
  switch (symptom) {
    case Symptom::kLostRows:
      return finding.kind == FindingKind::kLoss && !doubled &&
             Names(finding, {"no-lost-commit", "converges", "whole-transaction"});
    case Symptom::kStuck:
      return finding.kind == FindingKind::kLiveness &&
             Names(finding, {"progress", "gate-opens", "reaches-target", "bounded"});
    case Symptom::kDuplicate:
      return finding.check == "no-double-apply" || (finding.check == "converges" && doubled);
    case Symptom::kReverted:
      return Names(finding, {"commit-order", "single-downstream-writer"}) &&
             finding.kind != FindingKind::kExposure;
  }
  return false;
}

}  // namespace

std::vector<std::string> ElementTexts(const JsonDocument& document, const JsonValue& array) {
  std::vector<std::string> out;
  for (const JsonValue& element : array.elements) {
    const std::size_t end = sim::JsonValueEnd(document.text(), element.offset);
    out.push_back(document.text().substr(element.offset, end - element.offset));
  }
  return out;
}

std::string SymptomOf(Symptom symptom, const verifier::Verdict& verdict,
                      const std::vector<StepLine>& steps) {
  for (const Finding& finding : verdict.findings) {
    if (Shows(symptom, finding)) return finding.check + ": " + finding.why;
  }
  if (symptom != Symptom::kStuck) return "";
  if (verdict.outcome == verifier::Outcome::kNoProgress) return verdict.why;
  for (const StepLine& line : steps) {
    // It waited for its longest time, or what it did failed and its step stays open.
    const bool gave_up =
        line.step == "engine" && (line.text.starts_with("waited ") || line.what == "failed");
    if (gave_up) return line.text;
  }
  return "";
}

std::vector<std::string> CandidateFaults(const Prepared& prepared) {
  const Parts parts = PartsOf(prepared);
  if (prepared.plan.procedure.starts_with("rolling-")) return RollingCandidates(prepared, parts);
  if (parts.tidbs.empty() || parts.kafkas.empty()) return {};
  std::vector<std::string> out;
  for (const std::string& when : Moments(prepared, parts)) {
    const auto add = [&](std::string_view what, bool lasts = true) {
      out.push_back(lasts ? fmt::format(R"({{{},{},"for":"{}"}})", what, when, kLasts)
                          : fmt::format(R"({{{},{}}})", what, when));
    };
    for (const std::string& sink : parts.downstreams) {
      add(fmt::format(R"("hung_downstream":"{}")", sink));
    }
    for (const std::string& drainer : parts.drainers) {
      for (const std::string& kafka : parts.kafkas) {
        add(fmt::format(R"("partition":["{}","{}"])", drainer, kafka));
      }
    }
    for (const std::string& pump : parts.pumps) {
      for (const std::string& kafka : parts.kafkas) {
        add(fmt::format(R"("partition":["{}","{}"])", pump, kafka));
      }
      add(fmt::format(R"("stop":"{}")", pump));
      add(fmt::format(R"("hang":"{}")", pump));
    }
    for (const std::string& drainer : parts.drainers) {
      add(fmt::format(R"("restart":"{}")", drainer), false);
      add(fmt::format(R"("kill":"{}")", drainer), false);
    }
    out.push_back(fmt::format(R"({{"pd_no_tso":"pd-1",{},"for":"60s"}})", when));
    for (const std::string& pump : parts.pumps) {
      add(fmt::format(R"("retention":"{}","topic":"{}","keep":10)", parts.kafkas.front(), pump),
          false);
      add(fmt::format(R"("lose_binlogs":"{}","count":10)", pump), false);
    }
    for (const std::string& sink : parts.downstreams) {
      add(fmt::format(R"("slow_downstream":"{}","by":"2s")", sink));
    }
    for (const std::string& tidb : parts.tidbs) add(fmt::format(R"("kill":"{}")", tidb), false);
  }
  return out;
}

}  // namespace tidegate::rehearsal
