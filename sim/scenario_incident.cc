#include "sim/scenario_incident.h"

#include <fmt/format.h>

namespace tidegate::sim {
namespace {

void Words(JsonObjectReader* in, std::string_view key, std::string* out) {
  const JsonValue* value = in->Require(key);
  in->String(key, out);
  if (value != nullptr && value->kind == JsonKind::kString && value->text.empty()) {
    in->Fail(value->offset, fmt::format("'{}' of an incident is empty", key));
  }
}

}  // namespace

Result<Incident> ReadIncident(const JsonDocument& document, const JsonValue& value) {
  Incident out;
  JsonObjectReader in(document, value, "an incident");
  in.Require("number");
  in.Int("number", 1, kIncidentNumberMax, &out.number);
  std::size_t grade = 0;
  in.Require("grade");
  in.Choice("grade", {kIncidentGradeNames.begin(), kIncidentGradeNames.end()}, &grade);
  out.grade = static_cast<IncidentGrade>(grade);
  const std::vector<std::string_view> eras = {"local", "kafka", "cluster"};
  std::size_t era = 0;
  in.Require("era");
  in.Choice("era", eras, &era);
  out.era = eras[era];
  const JsonValue* sources = in.Require("sources");
  in.Strings("sources", &out.sources);
  if (sources != nullptr && sources->kind == JsonKind::kArray && out.sources.empty()) {
    in.Fail(sources->offset, "an incident needs at least one source");
  }
  Words(&in, "versions", &out.versions);
  Words(&in, "mechanism", &out.mechanism);
  Words(&in, "symptom", &out.symptom);
  Words(&in, "documented_way", &out.documented_way);
  Words(&in, "our_engine", &out.our_engine);
  TRY(in.Finish());
  return out;
}

}  // namespace tidegate::sim
