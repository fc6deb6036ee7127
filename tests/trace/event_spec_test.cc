// The table of kinds itself, and the port's answers that it mirrors.
#include "trace/event_spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "base/files.h"
#include "engine/port/port.h"
#include "tests/trace/sample.h"
#include "trace/event_rules.h"

namespace tidegate::trace {

BOOST_AUTO_TEST_SUITE(event_spec)

BOOST_AUTO_TEST_CASE(every_kind_is_found_by_its_name) {
  std::set<std::string_view> names;
  for (const EventSpec& spec : AllEventSpecs()) {
    BOOST_TEST(names.insert(spec.name).second);
    BOOST_TEST((EventKindNamed(spec.name) == spec.kind));
    BOOST_TEST(&SpecOf(spec.kind) == &spec);
  }
  BOOST_TEST((EventKindNamed("txn-comitted") == EventKind::kCount));
  BOOST_TEST((EventKindNamed("") == EventKind::kCount));
}

BOOST_AUTO_TEST_CASE(each_enumeration_has_a_name_for_its_last_value) {
  const auto covers = [](auto last, std::size_t names) {
    BOOST_TEST(static_cast<std::size_t>(last) + 1 == names);
  };
  covers(DownCause::kFailedToStart, kDownCauseNames.size());
  covers(Flavour::kCluster, kFlavourNames.size());
  covers(WriteFailure::kReadOnly, kWriteFailureNames.size());
  covers(BinlogType::kFake, kBinlogTypeNames.size());
  covers(DropReason::kTooLarge, kDropReasonNames.size());
  covers(RegistryState::kOffline, kRegistryStateNames.size());
  covers(CheckpointSource::kZero, kCheckpointSourceNames.size());
  covers(RunEnd::kEventLimit, kRunEndNames.size());
  covers(CrashPoint::kTornTail, kCrashPointNames.size());
  covers(EngineEnd::kFailed, kEngineEndNames.size());
  BOOST_TEST(static_cast<std::size_t>(TxnFlag::kUnlogged) == 1U << (kTxnFlagNames.size() - 1));
  BOOST_TEST(static_cast<std::size_t>(ApplyFlag::kRetry) == 1U << (kApplyFlagNames.size() - 1));
}

// The trace may not include the port: its list of answers is a copy, word for word but for spaces.
BOOST_AUTO_TEST_CASE(answers_are_those_of_the_port) {
  BOOST_REQUIRE(kAnswerNames.size() == engine::port::kAnswerCodeNames.size());
  for (std::size_t i = 0; i < kAnswerNames.size(); ++i) {
    std::string name(engine::port::kAnswerCodeNames[i]);
    std::replace(name.begin(), name.end(), ' ', '-');
    BOOST_TEST(kAnswerNames[i] == name);
  }
}

BOOST_AUTO_TEST_CASE(rules_hold_for_the_sample_and_no_slot_can_break_them) {
  const Trace trace = EveryKind();
  const EventRules rules(trace.header);
  const std::size_t texts = trace.texts.size();
  for (const Event& event : trace.events) {
    BOOST_TEST(rules.Hold(event, texts), rules.Broken(event, texts));
    const EventSpec& spec = SpecOf(event.kind);
    const auto broken = [&](Event changed) {
      BOOST_TEST(!rules.Hold(changed, texts), spec.name);
      BOOST_TEST(rules.Broken(changed, texts).find("no rule") == std::string::npos);
    };
    Event changed = event;
    changed.time = -1;
    broken(changed);
    changed = event;
    changed.reserved = 1;
    broken(changed);
    changed = event;
    changed.node = 5;
    broken(changed);
    changed = event;
    changed.peer = 5;
    broken(changed);
    changed = event;
    changed.text = static_cast<TextId>(texts);
    broken(changed);
    if (HasSecondText(event.kind)) {
      changed = event;
      changed.n = static_cast<TextId>(texts);
      broken(changed);
    }
    for (const FieldSpec& field : spec.fields) {
      changed = event;
      if (field.type == FieldType::kNodeName && field.required) {
        (field.slot == Slot::kNode ? changed.node : changed.peer) = kNoNode;
        broken(changed);
      } else if (field.type == FieldType::kEnum) {
        changed.code = static_cast<std::uint16_t>(field.names.size());
        broken(changed);
      } else if (field.type == FieldType::kTable) {
        changed.code = static_cast<std::uint16_t>(trace.header.tables.size());
        broken(changed);
        changed.code = kNoTable;
        BOOST_TEST(rules.Hold(changed, texts) == !field.required);
      } else if (field.type == FieldType::kTso && field.slot == Slot::kA) {
        changed.a = -1;
        broken(changed);
      } else if (field.type == FieldType::kBits) {
        changed.code = field.slot == Slot::kCode ? std::uint16_t{8} : changed.code;
        changed.d = field.slot == Slot::kD ? 4 : 0;
        broken(changed);
      }
    }
  }
  Event none;
  BOOST_TEST(!rules.Hold(none, texts));
  BOOST_TEST(rules.Broken(none, texts) == "there is no event kind 56");
}

BOOST_AUTO_TEST_CASE(a_slot_that_the_row_does_not_list_is_named) {
  const Trace trace = EveryKind();
  Event event{.time = 1, .kind = EventKind::kClientsAttached, .node = 0, .a = 7};
  BOOST_TEST(EventRules(trace.header).Broken(event, 1) ==
             "event 'clients-attached' sets slot 'a' to 7, which its row does not list");
}

// docs/trace.md lists each kind with its fields, in this form.
BOOST_AUTO_TEST_CASE(docs_list_every_kind) {
  constexpr std::string_view kClasses[] = {"truth", "boundary", "claim"};
  constexpr std::string_view kTypes[] = {"node",     "table", "int",  "tso",
                                         "position", "text",  "enum", "flags"};
  const Result<std::string> docs = ReadFile(TIDEGATE_SOURCE_DIR "/docs/trace.md");
  BOOST_REQUIRE(docs.has_value());
  for (const EventSpec& spec : AllEventSpecs()) {
    std::string fields;
    for (const FieldSpec& field : spec.fields) {
      const bool optional = !field.required &&
                            (field.type == FieldType::kNodeName || field.type == FieldType::kTable);
      fields += fmt::format("{}`{}` {}{}", fields.empty() ? "" : ", ", field.name,
                            kTypes[static_cast<std::size_t>(field.type)], optional ? "?" : "");
      if (!field.names.empty()) fields += fmt::format(" ({})", fmt::join(field.names, ", "));
    }
    const std::string row = fmt::format("| `{}` | {} | {} |\n", spec.name,
                                        kClasses[static_cast<std::size_t>(spec.event_class)],
                                        fields.empty() ? "none" : fields);
    BOOST_TEST(docs->find(row) != std::string::npos, "docs/trace.md lacks the row " << row);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::trace
