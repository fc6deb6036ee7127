// The incident library: scenarios below scenarios/incidents that say which incident they replay.
// Finds them, lists them, runs one with all the engines that it names, and tells what came out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "rehearsal/run.h"
#include "sim/scenario.h"

namespace tidegate::rehearsal {

struct IncidentFile {
  std::string path;
  std::string slug;        ///< the file's name without its folder and ending
  sim::Scenario scenario;  ///< has an `incident`
};

/// Every scenario below `folder`, by number. Errors: no such folder, a scenario that cannot be
/// read or says of no incident, a name that is not the file's, one number twice.
Result<std::vector<IncidentFile>> LoadIncidents(const std::string& folder);

/// The incident whose slug, or number, is `word`. Errors: the nearest slug.
Result<const IncidentFile*> FindIncident(const std::vector<IncidentFile>& incidents,
                                         std::string_view word);

/// "literal: fail (gate-sound, no-lost-commit)": what a scenario, or one of its variants, expects.
std::string ExpectedText(const sim::Expectation& expect);
/// Who the variant is: "literal", "gate synced", "skips-the-gate".
std::string EngineText(const sim::EngineSettings& engine);
/// The variants that stand for the documented way, or for a mistake: each with what it leads to.
std::string OthersText(const sim::Scenario& scenario);

/// One line each, aligned, under a head line.
std::string IncidentListText(const std::vector<const IncidentFile*>& incidents);
/// The same as rows of the table in docs/incidents.md.
std::string IncidentRows(const std::vector<const IncidentFile*>& incidents);
/// What is known of one, for people.
std::string IncidentText(const IncidentFile& incident);
/// The object of --json; with `with_words` also its sentences.
void WriteIncidentJson(const IncidentFile& incident, bool with_words, JsonWriter* writer);

/// One engine's run of an incident.
struct IncidentRun {
  std::string label;  ///< "our engine", or the variant's name
  sim::EngineSettings engine;
  bool documented = false;  ///< stands for the manual's way: its order, or its gate
  RunResult result;
  std::vector<std::string> differences;  ///< from what the scenario expects; empty: none
  std::string reproduce;
};

/// Runs it as the documented way and its other variants do, our engine last. Errors: as Prepare.
Result<std::vector<IncidentRun>> RunIncident(const IncidentFile& incident, std::uint64_t seed);

/// What happened, run by run.
std::string IncidentStory(const IncidentFile& incident, const std::vector<IncidentRun>& runs);
void WriteIncidentRunJson(const IncidentFile& incident, const std::vector<IncidentRun>& runs,
                          JsonWriter* writer);

/// `text` in lines of at most `width` columns, all but the first behind `indent` spaces.
std::string Wrapped(std::string_view text, std::size_t indent, std::size_t width = 100);

}  // namespace tidegate::rehearsal
