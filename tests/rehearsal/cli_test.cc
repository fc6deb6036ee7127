// tidegate as its users start it: the built program, its exit codes, what it prints, what it
// writes.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "engine/real/spawn.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

using engine::CommandResult;

const std::string kRoot = std::string(TIDEGATE_SOURCE_DIR) + "/";
const std::string kSmall = kRoot + "scenarios/kafka-to-cluster/small.json";
const std::string kTurnBack = kRoot + "scenarios/kafka-to-cluster/turn-back.json";

CommandResult Tidegate(std::vector<std::string> words) {
  engine::Command command;
  command.argv = {TIDEGATE_PROGRAM};
  for (std::string& word : words) command.argv.push_back(std::move(word));
  command.timeout = 2 * kMinute;
  return engine::RunCommand(command);
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string LastLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

JsonDocument Json(const std::string& text) {
  Result<JsonDocument> document = JsonDocument::Parse(text, "output");
  BOOST_REQUIRE_MESSAGE(document.has_value(), Why(document));
  return *std::move(document);
}

std::string TextAt(const JsonDocument& document, std::string_view key) {
  const JsonValue* value = document.root().Find(key);
  return value == nullptr ? "(none)" : value->text;
}

std::string BadFile(const TempDir& folder, const std::string& text) {
  const std::string path = folder / "bad.json";
  BOOST_REQUIRE(WriteFileAtomically(path, text).has_value());
  return path;
}

// The text of a trace with its first `part` changed, and the digest that it then needs.
std::string Changed(const TempDir& folder, std::string text, const std::string& part,
                    const std::string& other) {
  text.replace(text.find(part), part.size(), other);
  BOOST_REQUIRE(WriteFileAtomically(folder / "changed.jsonl", text).has_value());
  const std::string errors = Tidegate({"replay", folder / "changed.jsonl"}).errors;
  const std::string before = "but that of this trace is '";
  const std::size_t digest = errors.find(before);
  BOOST_REQUIRE_MESSAGE(digest != std::string::npos, errors);
  const std::string key = "\"digest\":\"";
  text.replace(text.rfind(key) + key.size(), 32, errors.substr(digest + before.size(), 32));
  BOOST_REQUIRE(WriteFileAtomically(folder / "changed.jsonl", text).has_value());
  return folder / "changed.jsonl";
}

BOOST_AUTO_TEST_SUITE(cli)

BOOST_AUTO_TEST_CASE(a_pass_prints_plan_steps_verdict_and_figures) {
  const CommandResult run = Tidegate({"rehearse", kSmall, "--seed", "5"});
  BOOST_TEST(run.status == 0);
  for (const std::string part :
       {"seed 5", "steps\n", "stop-tidb", "T0 = ", "verdict: pass", "virtual duration",
        "transactions", "events", "writers were down", "writes that failed",
        "worst replication lag", "draining took", "checkpoint handed over", "the manual's own gate",
        "checks: ", "digest ", "real time"}) {
    BOOST_TEST(Has(run.output, part), part);
  }
  BOOST_TEST(run.errors == "");
}

BOOST_AUTO_TEST_CASE(without_a_seed_one_is_drawn_and_printed) {
  const CommandResult run = Tidegate({"rehearse", kSmall, "--quiet"});
  BOOST_TEST(run.status == 0);
  BOOST_TEST(Has(run.output, "seed "));
}

BOOST_AUTO_TEST_CASE(the_doctor_names_the_clock_that_fits) {
  const CommandResult run = Tidegate({"doctor", "--engine", "date; sleep 3", kSmall});
  for (const std::string part : {"this machine\n", "network namespace", "engine: date; sleep 3\n",
                                 "a clock gets into: date sleep\n", "hosts", "--clock lockstep"}) {
    BOOST_TEST(Has(run.output, part), part);
  }
  const bool works = !Has(run.output, "  NO  ");
  BOOST_TEST(run.status == (works ? 0 : 5));
  BOOST_TEST(Has(run.output, "both runs are the same") == works, run.output);
  const CommandResult looks = Tidegate({"doctor", "--engine", "sleep 3", kSmall, "--only-look"});
  BOOST_TEST(!Has(looks.output, "two runs"), looks.output);
  if (works) {
    const CommandResult leaks =
        Tidegate({"doctor", "--json", kSmall, "--engine",
                  "curl -s http://10.0.4.1:8249/$(cat /proc/sys/kernel/random/uuid); exit 6"});
    BOOST_TEST(leaks.status == 7);
    const JsonDocument runs = Json(leaks.output);
    BOOST_REQUIRE(runs.root().Find("runs") != nullptr);
    BOOST_TEST((runs.root().Find("runs")->Find("difference")->Find("event") != nullptr));
  }
  const CommandResult json = Tidegate({"doctor", "--json", "--engine", "sleep 3"});
  BOOST_TEST(TextAt(Json(json.output), "clock") == "lockstep");
  BOOST_TEST(Tidegate({"doctor", "--engine", "/nowhere/upgrade.sh"}).status == 2);
}

BOOST_AUTO_TEST_CASE(a_mistyped_engine_is_no_command) {
  const CommandResult run = Tidegate({"rehearse", kSmall, "--engine", "litral"});
  BOOST_TEST(run.status == 2);
  BOOST_TEST(Has(run.errors,
                 "--engine: 'litral' is neither an engine of ours nor a program on PATH; did you "
                 "mean 'literal'?"),
             run.errors);
}

BOOST_AUTO_TEST_CASE(a_failing_run_ends_with_the_command_that_reproduces_it) {
  const std::vector<std::string> words = {
      "rehearse", kSmall, "--seed", "7", "--engine-variant", "leaves-the-socket"};
  const CommandResult run = Tidegate(words);
  BOOST_TEST(run.status == 1);
  const std::string last = LastLine(run.output);
  BOOST_TEST(Has(last, "./tidegate rehearse " + kSmall + " --seed 7"), last);
  BOOST_TEST(Has(last, "--engine-variant leaves-the-socket"), last);
}

BOOST_AUTO_TEST_CASE(exit_codes) {
  BOOST_TEST(Tidegate({"--help"}).status == 0);
  BOOST_TEST(Tidegate({}).status == 2);
  BOOST_TEST(Tidegate({"rehearse", kSmall + "x"}).status == 2);
  BOOST_TEST(Tidegate({"rehearse", kTurnBack, "--quiet"}).status == 6);
  BOOST_TEST(Tidegate({"rehearse", kTurnBack, "--expect"}).status == 0);
  BOOST_TEST(Tidegate({"rehearse", kSmall, "--seed", "1", "--quiet", "--set",
                       R"(faults=[{"kill":"pd-1","on":{"event":"ddl-applied"},"nth":9999}])"})
                 .status == 4);
  BOOST_TEST(
      Tidegate({"rehearse", kSmall, "--seed", "1", "--expect", "--set", "expect.verdict=fail"})
          .status == 1);
}

BOOST_AUTO_TEST_CASE(unknown_words_are_answered_with_the_nearest) {
  const CommandResult option = Tidegate({"rehearse", kSmall, "--enginee", "ours"});
  BOOST_TEST(option.status == 2);
  BOOST_TEST(Has(option.errors, "did you mean '--engine'"), option.errors);
  const CommandResult command = Tidegate({"rehearsal", kSmall});
  BOOST_TEST(command.status == 2);
  BOOST_TEST(Has(command.errors, "did you mean 'rehearse'"), command.errors);
  const CommandResult value = Tidegate({"rehearse", kSmall, "--gate", "prove"});
  BOOST_TEST(value.status == 2);
  const CommandResult variant =
      Tidegate({"rehearse", kSmall, "--engine-variant", "does-nothin", "--quiet"});
  BOOST_TEST(variant.status == 2);
  BOOST_TEST(Has(variant.errors, "does-nothing"), variant.errors);
}

BOOST_AUTO_TEST_CASE(a_bad_scenario_is_named_by_place_and_nothing_is_written) {
  const TempDir folder;
  const std::string trace = folder / "t.jsonl";
  const std::string junit = folder / "j.xml";
  struct Bad {
    std::string text;
    std::string place;
    std::string says;
  };
  for (const Bad& bad : {
           Bad{"{\"name\": \"a\",\n \"wrokload\": {},\n \"expect\": {\"verdict\": \"pass\"}}",
               "bad.json:2:2", "workload"},
           Bad{"{\"name\": \"a\", \"topology\": {},\n \"workload\": {\"transactions\": "
               "\"many\"},\n "
               "\"expect\": {\"verdict\": \"pass\"}}",
               "bad.json:2:31", "integer"},
           Bad{"{\"name\": \"a\", \"topology\": {\"tidbs\": 0},\n \"expect\": {\"verdict\": "
               "\"pass\"}}",
               "bad.json:1:37", "at least 1"},
           Bad{"{\"name\": \"a\", \"topology\": {},\n \"faults\": [{\"kill\": \"tidb-9\", \"at\": "
               "\"1s\"}],\n \"expect\": {\"verdict\": \"pass\"}}",
               "bad.json:2:22", "tidb-"},
           Bad{"{\"name\": \"a\",\n \"topology\": {}", "bad.json:2:", ""},
       }) {
    const std::string file = BadFile(folder, bad.text);
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"rehearse", file, "--trace", trace, "--junit", junit},
          std::vector<std::string>{"scenario", "check", file}}) {
      const CommandResult run = Tidegate(words);
      BOOST_TEST(run.status == 2, bad.text);
      BOOST_TEST(Has(run.errors, bad.place), run.errors);
      BOOST_TEST(Has(run.errors, bad.says), run.errors);
      BOOST_TEST(run.output == "");
    }
    BOOST_TEST(!ReadFile(trace).has_value());
    BOOST_TEST(!ReadFile(junit).has_value());
  }
}

BOOST_AUTO_TEST_CASE(set_overrides_any_field) {
  const CommandResult run =
      Tidegate({"rehearse", kSmall, "--seed", "1", "--set", "workload.transactions=7", "--set",
                "engine.start=1s", "--json"});
  BOOST_TEST(run.status == 0);
  BOOST_TEST(Has(TextAt(Json(run.output), "reproduce"), "--set 'workload.transactions=7'"));
  for (const std::string bad :
       {"workload.transaction=7", "workload=7", "noequals", "faults[3].at=1s"}) {
    const CommandResult refused = Tidegate({"rehearse", kSmall, "--set", bad});
    BOOST_TEST(refused.status == 2, bad);
    BOOST_TEST(refused.errors != "", bad);
  }
}

BOOST_AUTO_TEST_CASE(json_has_its_keys) {
  const CommandResult run = Tidegate({"rehearse", kSmall, "--seed", "3", "--json",
                                      "--engine-variant", "leaves-old-units-enabled"});
  BOOST_TEST(run.status == 0);
  const JsonDocument document = Json(run.output);
  for (const std::string key : {"scenario", "seed", "digest", "verdict", "findings", "checks",
                                "steps", "figures", "reproduce", "host"}) {
    BOOST_TEST((document.root().Find(key) != nullptr), key);
  }
  BOOST_TEST(TextAt(document, "scenario") == "small");
  BOOST_TEST(TextAt(document, "verdict") == "pass");
  BOOST_TEST(TextAt(document, "digest").size() == 32U);
  const JsonValue* findings = document.root().Find("findings");
  BOOST_REQUIRE((findings != nullptr && !findings->elements.empty()));
  for (const std::string key : {"check", "statement", "kind", "cause", "witness", "follows_from"}) {
    BOOST_TEST((findings->elements[0].Find(key) != nullptr), key);
  }
  const JsonValue* checks = document.root().Find("checks");
  BOOST_REQUIRE((checks != nullptr && !checks->elements.empty()));
  BOOST_TEST((checks->elements[0].Find("premise_count") != nullptr));
}

BOOST_AUTO_TEST_CASE(several_files_give_an_array) {
  const CommandResult run = Tidegate({"rehearse", kSmall, kTurnBack, "--seed", "1", "--json"});
  const JsonDocument document = Json(run.output);
  BOOST_REQUIRE((document.root().kind == JsonKind::kArray));
  BOOST_TEST(document.root().elements.size() == 2U);
}

BOOST_AUTO_TEST_CASE(junit_tells_failures) {
  const TempDir folder;
  const std::string file = folder / "j.xml";
  const CommandResult run =
      Tidegate({"rehearse", kSmall, kTurnBack, "--seed", "1", "--quiet", "--junit", file});
  BOOST_TEST(run.status == 6);
  const Result<std::string> xml = ReadFile(file);
  BOOST_REQUIRE(xml.has_value());
  BOOST_TEST(xml->rfind("<?xml", 0) == 0U);
  BOOST_TEST(Has(*xml, "tests=\"2\" failures=\"1\""), *xml);
  std::size_t open = 0;
  std::size_t closed = 0;
  for (std::size_t at = 0; (at = xml->find("<testcase", at)) != std::string::npos; ++at) ++open;
  for (std::size_t at = 0; (at = xml->find("</testcase>", at)) != std::string::npos; ++at) ++closed;
  BOOST_TEST(open == 2U);
  BOOST_TEST(closed == 1U);  // the one that passed closes itself
  BOOST_TEST(Has(*xml, "./tidegate rehearse"));
}

BOOST_AUTO_TEST_CASE(verify_and_explain_judge_a_saved_trace) {
  const TempDir folder;
  for (const std::string name : {"t.jsonl", "t.tgt"}) {
    const std::string file = folder / name;
    const CommandResult run = Tidegate({"rehearse", kSmall, "--seed", "7", "--engine-variant",
                                        "leaves-the-socket", "--json", "--trace", file});
    BOOST_TEST(run.status == 1);
    const CommandResult verify = Tidegate({"verify", file, "--json"});
    BOOST_TEST(verify.status == 1);
    // Byte for byte, up to what says how long it took and where the trace is.
    const auto judged = [](const std::string& text) {
      return text.substr(0, text.find("\"host\""));
    };
    BOOST_TEST(judged(run.output) == judged(verify.output));
    const CommandResult explain = Tidegate({"explain", file});
    BOOST_TEST(explain.status == 1);
    for (const std::string part : {"every-writer-logs", "the rule: ", "   at 00:", "therefore: "}) {
      BOOST_TEST(Has(explain.output, part), part);
    }
  }
  const std::string cut = folder / "cut.jsonl";
  const Result<std::string> whole = ReadFile(folder / "t.jsonl");
  BOOST_REQUIRE(whole.has_value());
  BOOST_REQUIRE(WriteFileAtomically(cut, whole->substr(0, whole->size() / 2)).has_value());
  BOOST_TEST(Tidegate({"verify", cut}).status == 2);
  BOOST_TEST(Tidegate({"verify", folder / "none.jsonl"}).status == 2);
}

BOOST_AUTO_TEST_CASE(seeds_are_summed_up) {
  const CommandResult good = Tidegate({"rehearse", kSmall, "--seeds", "5"});
  BOOST_TEST(good.status == 0);
  BOOST_TEST(good.output == "small: seeds 1 to 5: 5 pass; 5 as expected, 0 not\n");
  const CommandResult bad =
      Tidegate({"rehearse", kSmall, "--seeds", "3", "--engine-variant", "leaves-the-socket"});
  BOOST_TEST(bad.status == 1);
  BOOST_TEST(Has(bad.output, "seeds 1 to 3: 3 fail; 0 as expected, 3 not"), bad.output);
  BOOST_TEST(Has(bad.output, "in full"));
  BOOST_TEST(Has(LastLine(bad.output), "--seed 1"), LastLine(bad.output));
}

BOOST_AUTO_TEST_CASE(exposures_count_when_asked) {
  const std::vector<std::string> words = {
      "rehearse", kSmall, "--seed", "1", "--quiet", "--engine-variant", "leaves-old-units-enabled"};
  BOOST_TEST(Tidegate(words).status == 0);
  std::vector<std::string> strict = words;
  strict.insert(strict.end(), {"--fail-on", "exposure"});
  BOOST_TEST(Tidegate(strict).status == 1);
}

BOOST_AUTO_TEST_CASE(the_table_of_known_bad_engines) {
  engine::Command command;
  command.argv = {"env", "-C", kRoot, TIDEGATE_PROGRAM, "rehearse", "--engine-variant", "all"};
  const CommandResult table = engine::RunCommand(command);
  BOOST_TEST(table.status == 0, table.output);
  BOOST_TEST(!Has(table.output, "NOT CAUGHT"), table.output);
  BOOST_TEST(Has(table.output, "loses-its-journal-tail"));
}

BOOST_AUTO_TEST_CASE(plan_prints_and_changes_nothing) {
  const std::vector<std::string> inputs = {"plan",
                                           "--inventory",
                                           kRoot + "fixtures/inventories/standard.ini",
                                           "--target",
                                           kRoot + "fixtures/inventories/standard.target.ini",
                                           "--site",
                                           kRoot + "fixtures/sites/standard.json"};
  const CommandResult plan = Tidegate(inputs);
  BOOST_TEST(plan.status == 0);
  for (const std::string step : {"deploy-pump", "stop-tidb", "upgrade-tidb", "start-tidb",
                                 "wait-drained", "start-drainer", "retire-old"}) {
    BOOST_TEST(Has(plan.output, step), step);
  }
  BOOST_TEST(Tidegate(inputs).output == plan.output);
  std::vector<std::string> json = inputs;
  json.push_back("--json");
  Json(Tidegate(json).output);
  std::vector<std::string> both = inputs;
  both.insert(both.end(), {"--gate", "both"});
  BOOST_TEST(Tidegate(both).status == 6);
}

BOOST_AUTO_TEST_CASE(scenario_check_reads_them_all_and_the_schema_is_json) {
  const CommandResult check = Tidegate({"scenario", "check", kRoot + "scenarios"});
  BOOST_TEST(check.status == 0, check.errors);
  Json(Tidegate({"scenario", "schema"}).output);
}

BOOST_AUTO_TEST_CASE(a_trace_is_replayed_without_its_engine) {
  const TempDir folder;
  const std::string trace = folder / "run.jsonl";
  BOOST_TEST(Tidegate({"rehearse", kTurnBack, "--trace", trace, "--quiet"}).status == 6);
  const CommandResult again = Tidegate({"replay", trace});
  BOOST_TEST(again.status == 6);
  BOOST_TEST(Has(again.output, " events are as recorded\n"), again.output);
  const CommandResult halted = Tidegate({"replay", trace, "--until", "2s"});
  BOOST_TEST(halted.status == 0);
  BOOST_TEST(Has(halted.output, "the world at 00:00:02.000 (2s)"), halted.output);
  const JsonDocument json = Json(Tidegate({"replay", trace, "--until", "2s", "--json"}).output);
  BOOST_TEST((json.root().Find("world")->Find("nodes") != nullptr));
  BOOST_TEST((json.root().Find("divergence")->kind == JsonKind::kNull));
  BOOST_TEST((Json(Tidegate({"replay", trace, "--json"}).output).root().Find("report") != nullptr));
  const CommandResult line = Tidegate({"replay", trace, "--until", "00:00:02.000"});
  BOOST_TEST(Has(line.output, "the world at 00:00:02.000 (2.000999999s)"), line.output);
  for (const std::string bad : {"soon", "-1s", "1:2:3", "00:00:60", "00:00:02.0", "00:00:02.0000",
                                "00:00:02.", "00:00", "00:-1:00"}) {
    const CommandResult time = Tidegate({"replay", trace, "--until", bad});
    BOOST_TEST(time.status == 2, bad);
    BOOST_TEST(Has(time.errors, "--until"), time.errors);
  }
}

BOOST_AUTO_TEST_CASE(captures_come_of_a_replay_too) {
  const TempDir folder;
  const TempDir again;
  const std::string trace = folder / "run.jsonl";
  const std::string scenario = kRoot + "scenarios/rolling-manual/small.json";
  const std::string kept = folder.path();
  BOOST_TEST(Tidegate({"rehearse", scenario, "--seed", "1", "--captures", kept, "--trace", trace})
                 .status == 0);
  const CommandResult replayed = Tidegate({"replay", trace, "--captures", again.path()});
  BOOST_TEST(replayed.status == 0, replayed.errors);
  const Result<std::vector<std::string>> files = ListFiles(kept, ".json");
  BOOST_REQUIRE((files.has_value() && !files->empty()));
  for (const std::string& file : *files) {
    const Result<std::string> other = ReadFile(again.path() + file.substr(kept.size()));
    BOOST_TEST((other.has_value() && *other == *ReadFile(file)), file);
  }
  BOOST_TEST(Tidegate({"rehearse", kSmall, "--trace", trace, "--quiet"}).status == 0);
  const CommandResult refused = Tidegate({"replay", trace, "--captures", again.path()});
  BOOST_TEST(refused.status == 2);
  BOOST_TEST(Has(refused.errors, "rehearse it with --captures"), refused.errors);
}

BOOST_AUTO_TEST_CASE(a_replay_that_leaves_its_recording_says_so) {
  const TempDir folder;
  const std::string trace = folder / "run.jsonl";
  BOOST_TEST(Tidegate({"rehearse", kSmall, "--trace", trace, "--quiet"}).status == 0);
  const Result<std::string> text = ReadFile(trace);
  BOOST_REQUIRE(text.has_value());
  const CommandResult left =
      Tidegate({"replay", Changed(folder, *text, "\"status\":200", "\"status\":418")});
  BOOST_TEST(left.status == 7);
  BOOST_TEST(Has(left.output, "the replay leaves its recording at event "), left.output);
  const CommandResult bad =
      Tidegate({"replay", Changed(folder, *text, "\"input\":\"", "\"input\":\"x")});
  BOOST_TEST(bad.status == 2);
  BOOST_TEST(Has(bad.errors, "changed.jsonl:event "), bad.errors);
  std::string older = *text;
  older.replace(0, 11, "{\"format\":1");
  BOOST_REQUIRE(WriteFileAtomically(trace, older).has_value());
  const CommandResult refused = Tidegate({"replay", trace});
  BOOST_TEST(refused.status == 2);
  BOOST_TEST(Has(refused.errors, "run.jsonl:1:11: the trace has format version 1; this program "),
             refused.errors);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
