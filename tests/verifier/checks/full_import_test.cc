// The checks of a full import, and how the data checks take a load: everything at or below the
// dump's timestamp counts as applied by it, and nothing else does.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kStart = "starts-at-the-dump";
constexpr std::string_view kKept = "snapshot-kept";

// One old and one new commit before the dump, one behind it; 20/21 never reached the old Drainer.
constexpr std::string_view kImport = R"(header procedure=full-import
event gc-life-set node=pd a=600000000000
tidb-1 path open socket old-pump-1 tso=1
tidb-1 commit 10/11 a:1=5 pump=old-pump-1
old-drainer load 0 zero
old-drainer hand 10/11
old-drainer apply 11 a:1=5
old-drainer save 11
tidb-1 commit 20/21 a:2=6,a:4=9 pump=old-pump-1
event gc-life-set node=pd a=16200000000000
tidb-1 path close socket old-pump-1 tso=40
tidb-1 path open cluster tso=41
tidb-1 commit 50/51 a:1=7,a:4=0 pump=new-pump-1
event dump-moved node=pd code=0 a=60 b=60
event dump-moved node=pd code=1 a=393216000060 b=60
tidb-1 commit 70/71 a:3=8 pump=new-pump-1
old-drainer down
event load-moved node=mysql code=0 b=60
event table-loaded node=mysql code=0 a=2 b=60
event row-loaded node=mysql code=0 a=1 b=60 c=7
event row-loaded node=mysql code=0 a=2 b=60 c=6
event table-loaded node=mysql code=1 b=60
event table-loaded node=mysql code=2 b=60
event load-moved node=mysql code=1 b=60
event gc-life-set node=pd a=600000000000
new-drainer up
new-drainer load 60 initial initial=60
new-drainer hand 70/71
new-drainer apply 71 a:3=8
new-drainer save 80
engine done
end quiet tso=99
)";

// kImport with one line replaced by others; a line that is not there fails the test.
std::string Changed(std::string_view line, std::string_view by) {
  std::string text(kImport);
  const std::size_t at = text.find(line);
  BOOST_REQUIRE(at != std::string::npos);
  text.replace(at, line.size(), by);
  return text;
}

BOOST_AUTO_TEST_SUITE(FullImportTest)

BOOST_AUTO_TEST_CASE(DoneRight) {
  const verifier::Verdict verdict = JudgeText(kImport);
  // The text leaves out what the rest of the upgrade does.
  BOOST_TEST(ChecksThatFound(verdict) == "reaches-target");
  BOOST_TEST(PremiseCount(verdict, kStart) == 2u);
  BOOST_TEST(PremiseCount(verdict, kKept) == 1u);
  BOOST_TEST(PremiseCount(verdict, "no-lost-commit") == 4u);
  BOOST_TEST(PremiseCount(verdict, "converges") > 0u);
}

// The dump is from before the switch: what went to the old Pumps after it is nowhere.
BOOST_AUTO_TEST_CASE(AnOldCommitIsAboveTheDump) {
  std::string text =
      Changed("event load-moved node=mysql code=1 b=60", "event load-moved node=mysql code=1 b=15");
  text.replace(text.find("code=0 b=60\nevent table"), 11, "code=0 b=15");
  ExpectFinding(kStart, text, R"(
loss by engine
why: commit_ts 21 went to old-pump-1 of the old side and is above 15, the timestamp of the dump that was loaded into mysql
@00:00:00.008 #13 tidb-1 committed key 4 of test.a = 9 (commit_ts 21, shape 0)
@00:00:00.023 #36 the load of the dump as of 15 into mysql ended
loss by engine
why: new-drainer started from commit_ts 60, above 15, the timestamp of the dump that was loaded into mysql
@00:00:00.023 #36 the load of the dump as of 15 into mysql ended
@00:00:00.026 #39 new-drainer resumed from commit_ts 60 (source: initial-commit-ts, store: tidb_binlog.checkpoint, initial-commit-ts: 60)
)");
}

BOOST_AUTO_TEST_CASE(TheOldCheckpointBeatIt) {
  ExpectFinding(kStart,
                Changed("new-drainer load 60 initial initial=60", "new-drainer load 11 stored"),
                R"(
order by engine
why: new-drainer started from commit_ts 11, below 60, the timestamp of the dump that was loaded into mysql
@00:00:00.023 #36 the load of the dump as of 60 into mysql ended
@00:00:00.026 #39 new-drainer resumed from commit_ts 11 (source: stored, store: tidb_binlog.checkpoint, initial-commit-ts: 0)
)");
}

BOOST_AUTO_TEST_CASE(ItStartsAtThePresent) {
  const std::string text = Changed(
      "new-drainer load 60 initial initial=60\nnew-drainer hand 70/71\nnew-drainer apply 71 "
      "a:3=8\n",
      "new-drainer load 75 now\n");
  ExpectFinding(kStart, text, R"(
loss by engine
why: new-drainer started from commit_ts 75, above 60, the timestamp of the dump that was loaded into mysql
@00:00:00.023 #36 the load of the dump as of 60 into mysql ended
@00:00:00.026 #39 new-drainer resumed from commit_ts 75 (source: now, store: tidb_binlog.checkpoint, initial-commit-ts: 0)
)");
  BOOST_TEST(FindingText(JudgeText(text), "resumes-where-it-stopped") != "");
}

BOOST_AUTO_TEST_CASE(NothingWasLoaded) {
  std::string text(kImport);
  const std::size_t begin = text.find("event load-moved");
  text.erase(begin, text.find("event gc-life-set node=pd a=600000000000\nnew-drainer") - begin);
  ExpectFinding(kStart, text, R"(
loss by engine
why: new-drainer started at mysql before any dump was loaded there
@00:00:00.019 #32 new-drainer resumed from commit_ts 60 (source: initial-commit-ts, store: tidb_binlog.checkpoint, initial-commit-ts: 60)
)");
}

// A restart from its own checkpoint is no second start.
BOOST_AUTO_TEST_CASE(ItGoesOnFromWhatItSaved) {
  const verifier::Verdict verdict =
      JudgeText(Changed("engine done",
                        "new-drainer down killed\nnew-drainer up\nnew-drainer load 80 stored\n"
                        "engine done"));
  BOOST_TEST(FindingText(verdict, kStart) == "");
}

BOOST_AUTO_TEST_CASE(TheLifeTimeIsTooShort) {
  ExpectFinding(kKept,
                Changed("event gc-life-set node=pd a=16200000000000\n", "event workload-stopped\n"),
                R"(
order by engine
why: the dump as of 60 ended 25m after its timestamp, and TiKV kept old versions for 10m
@00:00:00.001 #0 pd keeps old versions for 10m
@00:00:00.014 #24 a dump of pd as of 60 ended (PD at 393216000060)
)");
}

BOOST_AUTO_TEST_CASE(ItIsLoweredWhileTheDumpIsRead) {
  ExpectFinding(
      kKept,
      Changed("event dump-moved node=pd code=1",
              "event gc-life-set node=pd a=600000000000\nevent dump-moved node=pd code=1"),
      R"(
order by engine
why: the dump as of 60 ended 25m after its timestamp, and TiKV kept old versions for 10m
@00:00:00.014 #24 pd keeps old versions for 10m
@00:00:00.015 #25 a dump of pd as of 60 ended (PD at 393216000060)
)");
}

BOOST_AUTO_TEST_CASE(ItIsNotPutBack) {
  ExpectFinding(
      kKept, Changed("event gc-life-set node=pd a=600000000000\nnew-drainer up", "new-drainer up"),
      R"(
order by engine
why: the GC life time was 10m and is 4h30m when the engine is done: TiKV keeps what nobody needs
@00:00:00.001 #0 pd keeps old versions for 10m
@00:00:00.009 #15 pd keeps old versions for 4h30m
)");
}

// A table that the load left out is not done by it.
BOOST_AUTO_TEST_CASE(ALoadThatLeavesATableOutCompletesNothing) {
  const verifier::Verdict verdict =
      JudgeText(Changed("event table-loaded node=mysql code=2 b=60\n", ""));
  BOOST_TEST(FindingText(verdict, "no-lost-commit") != "");
}

BOOST_AUTO_TEST_CASE(ALoadWithOtherRowsDoesNotConverge) {
  const verifier::Verdict verdict =
      JudgeText(Changed("event row-loaded node=mysql code=0 a=2 b=60 c=6",
                        "event row-loaded node=mysql code=0 a=2 b=60 c=7"));
  BOOST_TEST(ChecksThatFound(verdict) == "reaches-target converges");
}

BOOST_AUTO_TEST_CASE(TheOldDrainerWritesUnderTheLoad) {
  std::string text = Changed("old-drainer down\n", "");
  text.replace(text.find("event gc-life-set node=pd a=600000000000\nnew"), 0,
               "old-drainer apply 21 a:2=6,a:4=9\n");
  ExpectFinding("single-downstream-writer", text, R"(
order by engine x2
why: old-drainer applied commit_ts 21 at mysql after the load of a dump had begun to write there
@00:00:00.016 #29 the load of the dump as of 60 into mysql began
@00:00:00.023 #36 old-drainer applied key 2 of test.a = 6 (commit_ts 21, shape 0) to mysql
)");
}

// Saved timestamps may go back to the dump's, and to no other.
BOOST_AUTO_TEST_CASE(AnImportIsANewBaseForCheckpoints) {
  const std::string text = Changed("old-drainer save 11", "old-drainer save 500");
  BOOST_TEST(FindingText(JudgeText(text), "checkpoint-monotonic") == "");
  const std::string twice = Changed("engine done", "new-drainer save 70\nengine done");
  BOOST_TEST(FindingText(JudgeText(twice), "checkpoint-monotonic") != "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
