// What the watch's trace lets the verifier say: which checks are judged, that each has a row, and
// that what goes wrong before the watch's eyes is found.
#include "watch/judgeable.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/support/fake_env.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"
#include "trace/digest.h"
#include "trace/file.h"
#include "watch/watcher.h"

namespace tidegate::watch {
namespace {

using engine::FakeEnv;
namespace port = engine::port;

// Watches for two minutes what `act` does to the smallest cluster at 30 s and at 60 s.
trace::Trace Watched(Tso barrier_behind_ms,
                     const std::function<void(FakeEnv&, int minute_half)>& act) {
  FakeEnv env(engine::MakeCluster({.new_pumps = 1}));
  // Of one sink, so that the new Drainer is the old one's successor.
  env.cluster.new_drainers[0].sink = env.cluster.old_drainers[0].sink;
  env.active["10.0.2.101 drainer-8249.service"] = false;
  int done = 0;
  env.intercept = [&](const port::Query&) -> std::optional<port::Answer> {
    while (done < 2 && env.now >= (done + 1) * 30 * kSecond) act(env, ++done);
    return std::nullopt;
  };
  WatchOptions options;
  options.at_most = 2 * kMinute;
  options.look.hosts = true;
  if (barrier_behind_ms != 0) {
    options.barrier = env.TsoNow() - (Tso{barrier_behind_ms} << kTsoLogicalBits);
    env.binaries["10.0.1.1 /srv/tidb/bin/tidb-1"] = "v2.1.0";
  }
  Watcher watcher(Nodes(env.cluster, true), options);
  BOOST_TEST_REQUIRE(env.Run(&watcher));
  return watcher.TakeTrace();
}

std::string Found(const trace::Trace& trace) {
  std::string out;
  for (const verifier::Finding& finding : JudgeWatched(trace).findings) {
    out += finding.check + ": " + finding.why + "\n";
  }
  return out;
}

bool Has(const std::string& text, const std::string& part) {
  const bool has = text.find(part) != std::string::npos;
  if (!has) BOOST_TEST_MESSAGE(text);
  return has;
}

BOOST_AUTO_TEST_SUITE(judgeable)

BOOST_AUTO_TEST_CASE(every_check_is_judged_or_says_why_not) {
  const trace::Trace trace = Watched(0, [](FakeEnv&, int) {});
  const verifier::Verdict verdict = JudgeWatched(trace);
  BOOST_TEST((verdict.outcome == verifier::Outcome::kPass));
  std::vector<std::string> judged;
  for (const verifier::CheckReport& check : verdict.checks) {
    const std::string_view why = WhyNotJudged(check.id);
    BOOST_TEST(why.find("nobody has said") == std::string_view::npos, check.id);
    if (why.empty()) judged.push_back(check.id);
  }
  const std::vector<std::string> expected = {
      "new-pumps-before-switch", "gate-before-new-drainer",  "old-side-kept-until-drained",
      "sink-outlives-old-side",  "single-downstream-writer", "no-shared-home",
      "checkpoint-monotonic"};
  BOOST_TEST(judged == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_tidb_that_stops_before_the_new_pumps_are_online) {
  const trace::Trace trace = Watched(0, [](FakeEnv& env, int half) {
    if (half == 1) env.active["10.0.1.1 tidb-4000.service"] = false;
  });
  BOOST_TEST(Has(Found(trace), "new-pumps-before-switch: tidb-1 was stopped while new-pump-1"));
}

BOOST_AUTO_TEST_CASE(a_new_drainer_that_starts_before_the_drain) {
  const auto start = [](FakeEnv& env, int half) {
    if (half == 1) env.active["10.0.2.1 drainer.service"] = false;
    if (half == 2) env.active["10.0.2.101 drainer-8249.service"] = true;
  };
  BOOST_TEST(Found(Watched(60'000, start)).empty());
  const trace::Trace early = Watched(60'000, [&](FakeEnv& env, int half) {
    if (half == 1) env.lower_behind = kHour;  // and nobody looks at it for a round
    if (half == 2) start(env, 1), start(env, 2);
  });
  BOOST_TEST(Has(Found(early),
                 "gate-before-new-drainer: the engine went on although the last "
                 "answer of old-drainer-1 says Lower"));
  // Nobody knows a barrier: then nobody can say what drained means.
  const trace::Trace blind = Watched(0, start);
  BOOST_TEST(!Has(Found(blind), "gate-before-new-drainer"));
}

BOOST_AUTO_TEST_CASE(an_old_pump_that_stops_under_its_drainer) {
  const trace::Trace trace = Watched(60'000, [](FakeEnv& env, int half) {
    if (half == 1) env.active["10.0.1.1 pump.service"] = false;
  });
  BOOST_TEST(Has(Found(trace),
                 "old-side-kept-until-drained: old-pump-1 was stopped while "
                 "old-drainer-1 still ran"));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_goes_back) {
  const trace::Trace trace = Watched(0, [](FakeEnv& env, int half) {
    if (half == 1) env.checkpoint -= 5;
  });
  BOOST_TEST(Has(Found(trace), "checkpoint-monotonic: old-drainer-1 saved"));
}

BOOST_AUTO_TEST_CASE(its_trace_is_read_back_and_judged_alike) {
  const trace::Trace trace = Watched(0, [](FakeEnv& env, int half) {
    if (half == 1) env.checkpoint -= 5;
  });
  const test::TempDir dir;
  for (const char* name : {"/t.jsonl", "/t.tgt"}) {
    const Status written = trace::WriteTrace(trace, dir.path() + name);
    BOOST_TEST_REQUIRE(written.has_value());
    const tidegate::Result<trace::Trace> read = trace::ReadTrace(dir.path() + name);
    BOOST_REQUIRE_MESSAGE(read.has_value(), test::Why(read));
    BOOST_TEST(trace::DigestOf(*read) == trace::DigestOf(trace));
    BOOST_TEST(Found(*read) == Found(trace));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::watch
