#include "sim/scenario_observed.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::sim {
namespace {

constexpr Duration kLongest = 365 * 24 * kHour;

Result<Observation> ReadOne(const JsonDocument& document, const JsonValue& value) {
  Observation out;
  JsonObjectReader in(document, value, "an observation");
  in.DurationField("after", 0, kLongest, &out.after);
  in.String("drainer", &out.drainer);
  in.Bool("synced", &out.synced);
  in.TsoField("upper", &out.upper);
  in.TsoField("lower", &out.lower);
  in.TsoField("saved_commit_ts", &out.saved_commit_ts);
  Tso last_ts = 0;
  in.TsoField("last_ts", &last_ts);
  const JsonValue* registry = in.Find("registry");
  if ((registry != nullptr) == (value.Find("synced") != nullptr)) {
    in.Fail(value.offset, "an observation has 'synced', of a Drainer, or 'registry'");
  }
  if (registry != nullptr) {
    for (const JsonMember& member : registry->members) {
      out.registry[member.name] = member.value.text;
    }
  }
  if (const JsonValue* positions = in.Find("pump_pos"); positions != nullptr) {
    TRY(ReadOffsets(document, *positions, &out.pump_pos));
  }
  if (const JsonValue* positions = in.Find("pump_ts"); positions != nullptr) {
    for (const JsonMember& member : positions->members) {
      TRY_ASSIGN(out.pump_pos[member.name], ParseTso(member.value.text));
      out.upper = std::max(out.upper, out.pump_pos[member.name]);
    }
  }
  if (const JsonValue* last = value.Find("last_ts"); last != nullptr) {
    if (out.lower != 0 || value.Find("upper") != nullptr) {
      in.Fail(last->offset, "'last_ts' is of the cluster era, 'upper' and 'lower' are not");
    }
    out.of_cluster = true;
    out.lower = last_ts;
  }
  TRY(in.Finish());
  return out;
}

}  // namespace

Status ReadOffsets(const JsonDocument& document, const JsonValue& value,
                   std::map<std::string, std::int64_t>* out) {
  for (const JsonMember& member : value.members) {
    if (member.value.kind != JsonKind::kInt || member.value.integer < 0) {
      return document.ErrorAt(member.value.offset,
                              fmt::format("the offset of '{}' must be from 0 on", member.name));
    }
    (*out)[member.name] = member.value.integer;
  }
  return {};
}

Result<std::vector<Observation>> ReadObserved(const JsonDocument& document,
                                              const JsonValue& value) {
  std::vector<Observation> out;
  for (const JsonValue& element : value.elements) {
    TRY_ASSIGN(Observation one, ReadOne(document, element));
    if (!out.empty() && one.after < out.back().after) {
      return document.ErrorAt(element.offset, "observations stand in order of time");
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace tidegate::sim
