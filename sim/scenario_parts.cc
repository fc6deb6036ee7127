#include "sim/scenario_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace tidegate::sim {

Status ReadDrainer(const JsonDocument& document, const JsonValue* value, DrainerSettings* out) {
  if (value == nullptr) return {};
  JsonObjectReader in(document, *value, "a Drainer");
  in.String("sink", &out->sink);
  in.String("sink_of", &out->sink_of);
  in.String("checkpoint_schema", &out->checkpoint_schema);
  in.Strings("ignore_schemas", &out->ignore_schemas);
  in.Strings("do_dbs", &out->do_dbs);
  in.Strings("do_tables", &out->do_tables);
  const auto flag = [&](std::string_view key, std::optional<bool>* field) {
    if (value->Find(key) != nullptr) field->emplace();
    if (*field) in.Bool(key, &**field);
    in.Find(key);
  };
  const auto number = [&](std::string_view key, std::int64_t low, std::int64_t high,
                          std::optional<std::int64_t>* field) {
    if (value->Find(key) != nullptr) field->emplace();
    if (*field) in.Int(key, low, high, &**field);
    in.Find(key);
  };
  flag("disable_dispatch", &out->disable_dispatch);
  flag("safe_mode", &out->safe_mode);
  number("worker_count", 1, 256, &out->worker_count);
  number("txn_batch", 1, 10000, &out->txn_batch);
  number("synced_check_minutes", 0, 1440, &out->synced_check_minutes);
  if (value->Find("detect_interval") != nullptr) out->detect_interval.emplace();
  // The flag is in whole seconds (tidb-binlog kafka: drainer/config.go detect-interval).
  if (out->detect_interval) {
    in.DurationField("detect_interval", kSecond, kHour, &*out->detect_interval);
    if (*out->detect_interval % kSecond != 0) {
      in.Fail(value->Find("detect_interval")->offset,
              "'detect_interval' must be whole seconds, as in the Drainer's file");
    }
  }
  in.Find("detect_interval");
  for (const std::string& table : out->do_tables) {
    if (table.find('.') == std::string::npos) {
      in.Fail(value->Find("do_tables")->offset,
              fmt::format("'{}' in 'do_tables' must be schema.table", table));
    }
  }
  return in.Finish();
}

Status ReadEngine(const JsonDocument& document, const JsonValue* value, EngineSettings* out) {
  if (value == nullptr) return {};
  JsonObjectReader in(document, *value, "'engine'");
  in.String("style", &out->style);
  in.String("gate", &out->gate);
  in.String("variant", &out->variant);
  in.String("until", &out->until);
  in.DurationField("start", 0, kLongest, &out->start);
  in.DurationField("write_outage_max", 0, kLongest, &out->write_outage_max);
  in.DurationField("drain_timeout", 0, kLongest, &out->drain_timeout);
  in.Strings("accept", &out->accept);
  if (const JsonValue* answers = in.Find("operator"); answers != nullptr) {
    for (const JsonMember& member : answers->members) {
      out->operator_answers[member.name] = member.value.text;
    }
  }
  return in.Finish();
}

Status ReadExpect(const JsonDocument& document, const JsonValue* value, Expectation* out) {
  JsonObjectReader in(document, *value, "'expect'");
  in.String("verdict", &out->verdict);
  in.String("refusal", &out->refusal);
  in.Strings("premises", &out->premises);
  if (const JsonValue* findings = in.Find("findings"); findings != nullptr) {
    for (const JsonValue& element : findings->elements) {
      ExpectedFinding finding;
      if (element.kind == JsonKind::kString) {
        finding.check = element.text;
      } else {
        JsonObjectReader one(document, element, "an expected finding");
        one.String("check", &finding.check);
        one.String("kind", &finding.kind);
        one.String("cause", &finding.cause);
        TRY(one.Finish());
      }
      out->findings.push_back(std::move(finding));
    }
    const bool fails = out->verdict == "fail";
    const bool only_exposures =
        std::all_of(out->findings.begin(), out->findings.end(),
                    [](const ExpectedFinding& f) { return f.kind == "exposure"; });
    if (!fails && !only_exposures) {
      in.Fail(findings->offset, fmt::format("findings that are no exposures make the verdict "
                                            "'fail', not '{}'",
                                            out->verdict));
    }
  }
  if (const JsonValue* figures = in.Find("figures"); figures != nullptr) {
    for (const JsonMember& member : figures->members) {
      const auto& ends = member.value.elements;
      out->figures.push_back({member.name, ends[0].integer, ends[1].integer});
    }
  }
  if (const JsonValue* events = in.Find("events"); events != nullptr) {
    for (const JsonValue& element : events->elements) {
      ExpectedEvents expected;
      TRY_ASSIGN(expected.text,
                 ReadEventText(document, element, "an expected event", &expected.times));
      out->events.push_back(std::move(expected));
    }
  }
  return in.Finish();
}

}  // namespace tidegate::sim
