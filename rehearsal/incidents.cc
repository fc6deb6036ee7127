#include "rehearsal/incidents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/files.h"
#include "base/names.h"

namespace tidegate::rehearsal {
namespace {

std::string SlugOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return name.substr(0, name.rfind('.'));
}

Result<IncidentFile> LoadIncident(const std::string& path) {
  TRY_ASSIGN(sim::Scenario scenario, sim::LoadScenario(path, {}));
  if (!scenario.incident.has_value()) {
    return Error{ErrorCode::kBadInput, "the scenario says of no 'incident'", path};
  }
  std::string slug = SlugOf(path);
  if (scenario.name != slug) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("the scenario is named '{}', its file '{}'", scenario.name, slug),
                 path};
  }
  return IncidentFile{path, std::move(slug), std::move(scenario)};
}

std::vector<std::string> RootsOf(const sim::Expectation& expect) {
  std::vector<std::string> out;
  for (const sim::ExpectedFinding& finding : expect.findings) {
    if (std::find(out.begin(), out.end(), finding.check) == out.end()) out.push_back(finding.check);
  }
  return out;
}

// Whose acts it was, where none of them is the engine's: "product", "product and scenario".
std::string OtherCauses(const sim::Expectation& expect) {
  std::vector<std::string> out;
  for (const sim::ExpectedFinding& finding : expect.findings) {
    if (finding.cause == "engine" || finding.cause.empty()) return "";
    if (std::find(out.begin(), out.end(), finding.cause) == out.end()) out.push_back(finding.cause);
  }
  std::sort(out.begin(), out.end());
  return fmt::format("{}", fmt::join(out, " and "));
}

}  // namespace

Result<std::vector<IncidentFile>> LoadIncidents(const std::string& folder) {
  TRY_ASSIGN(const std::vector<std::string> files, ListFiles(folder, ".json"));
  std::vector<IncidentFile> out;
  for (const std::string& file : files) {
    TRY_ASSIGN(IncidentFile incident, LoadIncident(file));
    out.push_back(std::move(incident));
  }
  std::stable_sort(out.begin(), out.end(), [](const IncidentFile& a, const IncidentFile& b) {
    return a.scenario.incident->number < b.scenario.incident->number;
  });
  for (std::size_t i = 1; i < out.size(); ++i) {
    if (out[i].scenario.incident->number != out[i - 1].scenario.incident->number) continue;
    return Error{ErrorCode::kBadInput,
                 fmt::format("the incident {} is {} already", out[i].scenario.incident->number,
                             out[i - 1].path),
                 out[i].path};
  }
  return out;
}

Result<const IncidentFile*> FindIncident(const std::vector<IncidentFile>& incidents,
                                         std::string_view word) {
  std::vector<std::string> slugs;
  for (const IncidentFile& incident : incidents) {
    const std::string number = std::to_string(incident.scenario.incident->number);
    if (incident.slug == word || number == word) return &incident;
    slugs.push_back(incident.slug);
  }
  return Error{ErrorCode::kNotFound,
               fmt::format("no incident is named '{}'{}", word, DidYouMean(word, slugs)), ""};
}

std::string ExpectedText(const sim::Expectation& expect) {
  std::string out = expect.verdict;
  if (const std::vector<std::string> roots = RootsOf(expect); !roots.empty()) {
    out += fmt::format(" ({})", fmt::join(roots, ", "));
  }
  if (const std::string causes = OtherCauses(expect); !causes.empty()) {
    out += ", cause: " + causes;
  }
  if (!expect.refusal.empty()) out += fmt::format(", says \"{}\"", expect.refusal);
  return out;
}

std::string EngineText(const sim::EngineSettings& engine) {
  std::string out = engine.style == "literal" ? "literal" : "";
  if (engine.gate != "proof") out += (out.empty() ? "gate " : ", gate ") + engine.gate;
  if (!engine.variant.empty()) out += (out.empty() ? "" : ", ") + engine.variant;
  if (out.empty()) out = "ours";
  if (!engine.accept.empty()) out += fmt::format(", accepting {}", fmt::join(engine.accept, ", "));
  return out;
}

std::string OthersText(const sim::Scenario& scenario) {
  std::vector<std::string> out;
  for (const sim::ScenarioVariant& variant : scenario.variants) {
    out.push_back(EngineText(variant.engine) + ": " + ExpectedText(variant.expect));
  }
  return fmt::format("{}", fmt::join(out, "; "));
}

std::string IncidentListText(const std::vector<const IncidentFile*>& incidents) {
  std::size_t width = 4;
  for (const IncidentFile* incident : incidents) width = std::max(width, incident->slug.size());
  std::string out = fmt::format("{:>3}  {:<{}}  {:<5}  {:<7}  {:<16}  {:<8}  {}\n", "no.", "slug",
                                width, "grade", "era", "procedure", "ours", "documented way");
  for (const IncidentFile* incident : incidents) {
    const sim::Scenario& scenario = incident->scenario;
    std::string others;
    for (const sim::ScenarioVariant& variant : scenario.variants) {
      others += fmt::format("{}{}: {}", others.empty() ? "" : "; ", EngineText(variant.engine),
                            variant.expect.verdict);
    }
    out +=
        fmt::format("{:>3}  {:<{}}  {:<5}  {:<7}  {:<16}  {:<8}  {}\n", scenario.incident->number,
                    incident->slug, width, sim::IncidentGradeName(scenario.incident->grade),
                    scenario.incident->era, scenario.procedure, scenario.expect.verdict, others);
  }
  return out;
}

std::string IncidentRows(const std::vector<const IncidentFile*>& incidents) {
  std::string out;
  for (const IncidentFile* incident : incidents) {
    const sim::Scenario& scenario = incident->scenario;
    out += fmt::format("| {} | `{}` | {} | {} | {} | {} | {} |\n", scenario.incident->number,
                       incident->slug, sim::IncidentGradeName(scenario.incident->grade),
                       scenario.incident->era, scenario.procedure, OthersText(scenario),
                       ExpectedText(scenario.expect));
  }
  return out;
}

std::string Wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = indent;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find(' ', at);
    if (end == std::string_view::npos) end = text.size();
    const std::size_t length = end - at;
    if (column + length + 1 > width && column > indent) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(at, length);
    column += length;
    at = end + 1;
  }
  return out;
}

std::string IncidentText(const IncidentFile& incident) {
  const sim::Incident& known = *incident.scenario.incident;
  std::string out = fmt::format("incident {}  {}  ({}, {} era)\n", known.number, incident.slug,
                                sim::IncidentGradeName(known.grade), known.era);
  const auto line = [&](std::string_view name, std::string_view value) {
    out += fmt::format("  {:<15}  {}\n", name, Wrapped(value, 19));
  };
  line("file", incident.path);
  line("procedure", incident.scenario.procedure);
  line("sources", fmt::format("{}", fmt::join(known.sources, ", ")));
  line("versions", known.versions);
  line("mechanism", known.mechanism);
  line("symptom", known.symptom);
  line("documented way", known.documented_way);
  line("our engine", known.our_engine);
  return out;
}

void WriteIncidentJson(const IncidentFile& incident, bool with_words, JsonWriter* w) {
  const sim::Incident& known = *incident.scenario.incident;
  w->BeginObject().Key("number").Int(known.number).Key("slug").String(incident.slug);
  w->Key("file").String(incident.path);
  w->Key("grade").String(sim::IncidentGradeName(known.grade)).Key("era").String(known.era);
  w->Key("procedure").String(incident.scenario.procedure);
  if (with_words) {
    w->Key("sources").BeginArray();
    for (const std::string& source : known.sources) w->String(source);
    w->EndArray().Key("versions").String(known.versions);
    w->Key("mechanism").String(known.mechanism).Key("symptom").String(known.symptom);
    w->Key("documented_way").String(known.documented_way);
    w->Key("our_engine").String(known.our_engine);
  }
  w->Key("expected").BeginArray();
  const auto one = [&](const std::string& engine, const sim::Expectation& expect) {
    w->BeginObject().Key("engine").String(engine).Key("verdict").String(expect.verdict);
    w->Key("findings").BeginArray();
    for (const std::string& root : RootsOf(expect)) w->String(root);
    w->EndArray().EndObject();
  };
  one(EngineText(incident.scenario.engine), incident.scenario.expect);
  for (const sim::ScenarioVariant& variant : incident.scenario.variants) {
    one(EngineText(variant.engine), variant.expect);
  }
  w->EndArray().EndObject();
}

}  // namespace tidegate::rehearsal
