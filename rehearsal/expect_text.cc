#include "rehearsal/expect_text.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"

namespace tidegate::rehearsal {
namespace {

using verifier::Finding;
using verifier::Outcome;

// Whose premise a pass should name: what was looked at is then part of the expectation.
constexpr std::array<std::string_view, 4> kPremises = {"reaches-target", "gate-sound",
                                                       "no-lost-commit", "converges"};

bool Before(const Finding& a, const Finding& b) {
  return a.check == b.check && a.kind == b.kind && a.cause == b.cause;
}

}  // namespace

std::string ExpectText(const verifier::Verdict& verdict) {
  JsonWriter w;
  w.BeginObject().Key("verdict").String(verifier::OutcomeName(verdict.outcome));
  w.Key("findings").BeginArray();
  for (std::size_t i = 0; i < verdict.findings.size(); ++i) {
    const Finding& finding = verdict.findings[i];
    const bool exposure = finding.kind == verifier::FindingKind::kExposure;
    if (!finding.follows_from.empty()) continue;
    if (verdict.outcome != Outcome::kFail && !exposure) continue;
    bool told = false;
    for (std::size_t j = 0; j < i; ++j) {
      const Finding& earlier = verdict.findings[j];
      told = told || (earlier.follows_from.empty() && Before(earlier, finding));
    }
    if (told) continue;
    w.BeginObject().Key("check").String(finding.check);
    w.Key("kind").String(verifier::FindingKindName(finding.kind));
    w.Key("cause").String(verifier::CauseName(finding.cause)).EndObject();
  }
  w.EndArray();
  if (verdict.outcome == Outcome::kPass) {
    w.Key("premises").BeginArray();
    for (const verifier::CheckReport& check : verdict.checks) {
      for (const std::string_view premise : kPremises) {
        if (check.id == premise && check.premise_count > 0) w.String(premise);
      }
    }
    w.EndArray();
  }
  w.EndObject();
  return w.Take();
}

std::string PathFrom(const std::string& from, const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) return path;
  std::error_code failed;
  const fs::path target = fs::absolute(path, failed).lexically_normal();
  const fs::path folder = fs::absolute(from, failed).lexically_normal().parent_path();
  if (fs::path(path).is_absolute() || fs::path(from).is_absolute()) return target.string();
  return target.lexically_relative(folder).string();
}

Status WriteScenario(const std::string& path, const std::string& text, bool force) {
  if (!force && ReadFile(path).has_value()) {
    return Error{ErrorCode::kBadInput, "the file is there already; --force replaces it", path};
  }
  return WriteFileAtomically(path, text);
}

}  // namespace tidegate::rehearsal
