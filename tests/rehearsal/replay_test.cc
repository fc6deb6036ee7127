// Recordings: a run is replayed from its trace alone, event by event, whoever was its engine; what
// leaves the recording is said, and what can't be replayed is refused.
#include "rehearsal/replay.h"

#include <boost/test/unit_test.hpp>

#include "base/files.h"
#include "rehearsal/captures.h"
#include "tests/rehearsal/rehearse.h"
#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"
#include "trace/file.h"

namespace tidegate::test {
namespace {

using trace::EventKind;

rehearsal::Replayed MustReplay(const trace::Trace& recorded,
                               const rehearsal::ReplayOptions& options = {}) {
  Result<rehearsal::Replayed> replayed = rehearsal::Replay(recorded, "run.jsonl", options);
  BOOST_REQUIRE_MESSAGE(replayed.has_value(), Why(replayed));
  return *std::move(replayed);
}

std::string Left(const rehearsal::Replayed& replayed) {
  if (!replayed.divergence.has_value()) return "";
  return replayed.divergence->recorded + " | " + replayed.divergence->replayed;
}

void ExpectSame(const rehearsal::RunResult& run, const trace::Trace& recorded) {
  const rehearsal::Replayed again = MustReplay(recorded);
  const std::string& name = run.trace.header.scenario;
  BOOST_TEST(Left(again) == "", name);
  BOOST_TEST(again.result.digest == run.digest, name);
  BOOST_TEST(JsonOf(again.result) == JsonOf(run), name);
  BOOST_TEST(Explained(again.result) == Explained(run), name);
}

// The files of --captures, one behind the other.
std::string Captured(const rehearsal::RunResult& run) {
  const TempDir folder;
  BOOST_REQUIRE(rehearsal::WriteCaptures(run, 1'540'000'000'000, folder.path()).has_value());
  std::string all;
  for (const std::string extension : {".log", ".json"}) {
    const Result<std::vector<std::string>> files = ListFiles(folder.path(), extension);
    BOOST_REQUIRE_MESSAGE(files.has_value(), Why(files));
    for (const std::string& file : *files) {
      all += file.substr(folder.path().size()) + "\n" + *ReadFile(file);
    }
  }
  return all;
}

std::string ErrorOf(const trace::Trace& recorded) {
  const Result<rehearsal::Replayed> replayed = rehearsal::Replay(recorded, "run.jsonl", {});
  return replayed.has_value() ? "(replayed)" : replayed.error().ToString();
}

trace::Trace Copy(const trace::Trace& from) {
  trace::Trace to;
  to.header = from.header;
  to.events = from.events;
  for (std::size_t i = 1; i < from.texts.size(); ++i) {
    to.texts.Intern(from.texts.Get(static_cast<trace::TextId>(i)));
  }
  return to;
}

std::size_t IndexOf(const trace::Trace& trace, EventKind kind) {
  std::size_t i = 0;
  while (i < trace.events.size() && trace.events[i].kind != kind) ++i;
  BOOST_REQUIRE(i < trace.events.size());
  return i;
}

const rehearsal::RunResult& Small() {
  static const Rehearsed run = Rehearse(LoadScenario("kafka-to-cluster/small.json"));
  return run.result;
}

BOOST_AUTO_TEST_SUITE(replay)

// Engines that crash and come back, refuse, turn back, are told a wrong time, do things twice;
// nodes that hang or reboot; every procedure.
BOOST_AUTO_TEST_CASE(every_run_is_replayed_from_its_trace) {
  for (const std::string file :
       {"kafka-to-cluster/small.json", "kafka-to-cluster/engine-crash.json",
        "kafka-to-cluster/torn-record.json", "kafka-to-cluster/turn-back.json",
        "kafka-to-cluster/reboot-after.json", "kafka-to-cluster/supervise.json",
        "kafka-to-cluster/captured-backlog.json", "kafka-to-cluster/outage-budget.json",
        "kafka-to-cluster/hazards/h10-pump-without-heartbeat.json",
        "local-to-cluster/wrong-procedure.json", "local-to-cluster/small.json",
        "full-import/engine-crash.json", "rolling-manual/pd-tso-back.json",
        "rolling-manual/supervise-reboot.json", "rolling-ansible/drainer-hangs.json",
        "rolling-ansible/engine-crash.json", "incidents/tiup-reports-success-too-early.json",
        "incidents/new-drainer-started-before-old-drained.json"}) {
    const sim::Scenario scenario = LoadScenario(file);
    const Rehearsed run = Rehearse(scenario);
    ExpectSame(run.result, run.result.trace);
    for (const sim::ScenarioVariant& variant : scenario.variants) {
      const Rehearsed other = Rehearse(scenario, variant.engine, {});
      ExpectSame(other.result, other.result.trace);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bad_engine_is_replayed_too) {
  for (const std::string variant :
       {"repeats-actions", "loses-its-journal-tail", "believes-a-stale-status"}) {
    const Rehearsed run =
        Rehearse(LoadScenario("kafka-to-cluster/engine-crash.json"), {.variant = variant});
    ExpectSame(run.result, run.result.trace);
  }
}

// Whoever looked on from beside moved timestamps of PD, and does so again: the same files come of
// it. Engines that wait, crash, hang, in every procedure.
BOOST_AUTO_TEST_CASE(a_run_with_captures_is_replayed_with_them) {
  for (const std::string file :
       {"kafka-to-cluster/small.json", "kafka-to-cluster/engine-crash.json",
        "rolling-manual/engine-crash.json", "rolling-ansible/drainer-hangs.json",
        "full-import/small.json"}) {
    const Rehearsed run = Rehearse(LoadScenario(file), {.captures = true});
    ExpectSame(run.result, run.result.trace);
    BOOST_TEST(Captured(MustReplay(run.result.trace).result) == Captured(run.result), file);
    BOOST_TEST(!run.result.taken.empty(), file);
  }
}

// The looks are a part of what happened: without them the world is another.
BOOST_AUTO_TEST_CASE(captures_move_what_comes_after) {
  const Rehearsed run = Rehearse(LoadScenario("rolling-manual/small.json"), {.captures = true});
  trace::Trace changed = Copy(run.result.trace);
  changed.header.watched = false;
  BOOST_TEST(Left(MustReplay(changed)) != "");
}

BOOST_AUTO_TEST_CASE(a_file_is_enough) {
  const TempDir folder;
  for (const std::string name : {"run.jsonl", "run.tgt"}) {
    BOOST_REQUIRE(trace::WriteTrace(Small().trace, folder / name).has_value());
    const Result<trace::Trace> saved = trace::ReadTrace(folder / name);
    BOOST_REQUIRE_MESSAGE(saved.has_value(), Why(saved));
    ExpectSame(Small(), *saved);
  }
}

// A recording of another world: the first event that differs is named, and the run still ends.
BOOST_AUTO_TEST_CASE(what_leaves_the_recording_is_named) {
  trace::Trace changed = Copy(Small().trace);
  const std::size_t at = IndexOf(changed, EventKind::kAnswered);
  changed.events[at].n = 418;
  const rehearsal::Replayed replayed = MustReplay(changed);
  BOOST_REQUIRE(replayed.divergence.has_value());
  BOOST_TEST(replayed.divergence->event == at);
  BOOST_TEST(replayed.divergence->recorded.find("418") != std::string::npos, Left(replayed));
  BOOST_TEST(replayed.divergence->replayed.find("418") == std::string::npos, Left(replayed));
  BOOST_TEST((replayed.result.verdict.outcome != verifier::Outcome::kPass));
}

// Somebody swapped what was asked for something else of the same kind.
BOOST_AUTO_TEST_CASE(a_changed_input_is_seen) {
  trace::Trace changed = Copy(Small().trace);
  trace::Event& event = changed.events[IndexOf(changed, EventKind::kActionStarted)];
  for (const trace::Event& other : changed.events) {
    const bool swap = other.kind == event.kind && other.code == event.code && other.n != event.n;
    if (!swap) continue;
    event.n = other.n;
    break;
  }
  BOOST_TEST(Left(MustReplay(changed)) != "");
}

BOOST_AUTO_TEST_CASE(a_recording_that_goes_on_longer_is_seen) {
  trace::Trace changed = Copy(Small().trace);
  changed.events.push_back(changed.events.back());
  BOOST_TEST(Left(MustReplay(changed)).ends_with(" | no more events"));
  changed.events.resize(changed.events.size() - 2);
  BOOST_TEST(Left(MustReplay(changed)).starts_with("no more events | "));
}

BOOST_AUTO_TEST_CASE(what_can_not_be_replayed_is_refused) {
  trace::Trace changed = Copy(Small().trace);
  changed.header.run_plan.clear();
  BOOST_TEST(ErrorOf(changed) == "run.jsonl: the trace holds no run plan: it can't be replayed");
  changed.header.run_plan = "{\"seed\":3}";
  BOOST_TEST(ErrorOf(changed).starts_with("run.jsonl:run_plan:1:"), ErrorOf(changed));
  changed.header = Small().trace.header;
  changed.header.nodes[0].name = "somebody";
  BOOST_TEST(ErrorOf(changed) ==
             "run.jsonl: the header's run plan is of another cluster than its nodes");
  changed.header = Small().trace.header;
  const std::size_t at = IndexOf(changed, EventKind::kAsked);
  const std::string place = "run.jsonl:event " + std::to_string(at) + ":";
  changed.events[at].n = 0;
  BOOST_TEST(ErrorOf(changed) == place.substr(0, place.size() - 1) +
                                     ": what the engine did here is not in the trace by value");
  changed.events[at].n = changed.texts.Intern("8:10.0.4.1,9:drainer");
  BOOST_TEST(ErrorOf(changed).starts_with(place + "byte 11: a recorded input has "),
             ErrorOf(changed));
}

// Halted somewhere, the world shows where everything is.
BOOST_AUTO_TEST_CASE(halted_it_shows_the_world) {
  const Rehearsed run = Rehearse(LoadScenario(
      "kafka-to-cluster/small.json", {R"(faults=[{"hang": "old-drainer-1", "at": "19s"}])"}));
  const rehearsal::Replayed halted = MustReplay(run.result.trace, {.until = 20 * kSecond});
  BOOST_TEST(Left(halted) == "");
  BOOST_REQUIRE(halted.view.has_value());
  BOOST_TEST(!halted.view->over);
  JsonWriter writer(JsonWriter::Style::kIndented);
  rehearsal::WriteWorldJson(*halted.view, &writer);
  ExpectGolden("rehearsal/golden/replay-until.txt",
               rehearsal::WorldText(*halted.view) + "\n" + writer.Take() + "\n");
}

// Wherever it is halted, what has happened by then is what was recorded by then.
BOOST_AUTO_TEST_CASE(halted_anywhere_it_has_done_what_was_recorded) {
  const trace::Trace& recorded = Small().trace;
  for (std::size_t i = 0; i < recorded.events.size(); i += kSanitized ? 400 : 100) {
    const Time until = recorded.events[i].time;
    std::uint64_t count = 0;
    while (count < recorded.events.size() && recorded.events[count].time <= until) ++count;
    const rehearsal::Replayed halted = MustReplay(recorded, {.until = until});
    BOOST_TEST(Left(halted) == "");
    BOOST_TEST(halted.view->event_count == count, until);
    BOOST_TEST(halted.view->time == until);
  }
  const rehearsal::Replayed after = MustReplay(recorded, {.until = kHour});
  BOOST_TEST(after.view->over);
  BOOST_TEST(after.view->event_count == recorded.events.size());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
