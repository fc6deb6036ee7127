// What a scenario of the incident library says of the incident that it replays: where it is known
// from and how well, which versions had it, how it comes about and how it shows. Words for people;
// nothing of a run depends on them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tidegate::sim {

/// How well an incident is known.
enum class IncidentGrade : std::uint8_t {
  kField,  ///< reported by a user, by documentation that answers users, or by a vendor's own tests
  kFix,    ///< an upstream fix describes it; no report was read
  kCode,   ///< read out of the source; a hypothesis until it is run
};
inline constexpr std::array<std::string_view, 3> kIncidentGradeNames = {"field", "fix", "code"};
constexpr std::string_view IncidentGradeName(IncidentGrade grade) {
  return kIncidentGradeNames[static_cast<std::size_t>(grade)];
}

/// Numbers of the library go from 1 to this.
inline constexpr std::int64_t kIncidentNumberMax = 999;

struct Incident {
  std::int64_t number = 0;
  IncidentGrade grade = IncidentGrade::kField;
  std::string era;                   ///< local, kafka, cluster: whose behaviour it is
  std::vector<std::string> sources;  ///< "tidb-binlog PR 459"
  std::string versions;              ///< which ones had it
  std::string mechanism;
  std::string symptom;
  std::string documented_way;  ///< what somebody gets who does what the manual says
  std::string our_engine;      ///< what our engine does instead
};

/// Reads `incident` of a scenario. Every member is required, none may be empty. Errors:
/// file:line:column with the nearest name.
Result<Incident> ReadIncident(const JsonDocument& document, const JsonValue& value);

}  // namespace tidegate::sim
