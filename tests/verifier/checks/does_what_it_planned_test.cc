// Known bad: an engine that lost the tail of its journal and repeats an action.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "does-what-it-planned";

BOOST_AUTO_TEST_SUITE(DoesWhatItPlannedTest)

BOOST_AUTO_TEST_CASE(NotInThePlan) {
  const std::string text = R"(
event action-planned n=1 code=3 text=install_new-pump-1
event action-planned n=2 code=1 text=start_new-pump-1
event action-planned n=1 code=0 a=1 text=stop_new-pump-1
engine started ours
event action-started code=3 a=1 text=install_new-pump-1
event action-done code=0 a=1
event action-started code=0 a=4 text=stop_old-pump-1
event action-done code=0 a=4
event action-started code=1 a=2 text=start_new-pump-1
event action-done code=0 a=2
engine done
end quiet
)";
  ExpectFinding(kCheck, text, R"(
order by engine
why: the engine did 'stop_old-pump-1', which is not in its plan
@00:00:00.007 #6 the engine began action 4: stop_old-pump-1
)");
}

BOOST_AUTO_TEST_CASE(OutOfOrder) {
  const std::string text = R"(
event action-planned n=1 code=3 text=install_new-pump-1
event action-planned n=2 code=1 text=start_new-pump-1
event action-planned n=1 code=0 a=1 text=stop_new-pump-1
engine started ours
event action-started code=1 a=2 text=start_new-pump-1
event action-done code=0 a=2
event action-started code=3 a=1 text=install_new-pump-1
event action-done code=0 a=1
engine done
end quiet
)";
  ExpectFinding(kCheck, text, R"(
order by engine
why: the engine did 'install_new-pump-1', number 1 of its plan, after number 2, 'start_new-pump-1'
@00:00:00.005 #4 the engine began action 2: start_new-pump-1
@00:00:00.007 #6 the engine began action 1: install_new-pump-1
)");
}

BOOST_AUTO_TEST_CASE(TwiceWithoutACrash) {
  const std::string text = R"(
event action-planned n=1 code=3 text=install_new-pump-1
event action-planned n=2 code=1 text=start_new-pump-1
event action-planned n=1 code=0 a=1 text=stop_new-pump-1
engine started ours
event action-started code=3 a=1 text=install_new-pump-1
event action-done code=0 a=1
event action-started code=1 a=2 text=start_new-pump-1
event action-done code=0 a=2
event action-started code=1 a=5 text=start_new-pump-1
event action-done code=0 a=5
engine done
end quiet
)";
  ExpectFinding(kCheck, text, R"(
order by engine
why: the engine did 'start_new-pump-1' twice without a crash between
@00:00:00.007 #6 the engine began action 2: start_new-pump-1
@00:00:00.009 #8 the engine began action 5: start_new-pump-1
)");
}

BOOST_AUTO_TEST_CASE(AgainAfterACrashWithoutALook) {
  const std::string text = R"(
event action-planned n=1 code=3 text=install_new-pump-1
event action-planned n=2 code=1 text=start_new-pump-1
event action-planned n=1 code=0 a=1 text=stop_new-pump-1
engine started ours
event action-started code=3 a=1 text=install_new-pump-1
event action-done code=0 a=1
event action-started code=1 a=2 text=start_new-pump-1
event action-done code=0 a=2
event engine-crashed n=1 code=2
event engine-started n=2 text=ours
event action-started code=1 a=5 text=start_new-pump-1
event action-done code=0 a=5
engine done
end quiet
)";
  ExpectFinding(kCheck, text, R"(
order by engine
why: after its crash the engine did 'start_new-pump-1' again without a look at its effect
@00:00:00.007 #6 the engine began action 2: start_new-pump-1
@00:00:00.011 #10 the engine began action 5: start_new-pump-1
)");
}

// The operator's word stands in for a look, where it was asked for about that very action.
BOOST_AUTO_TEST_CASE(AgainAfterACrashAndAQuestion) {
  const auto text = [](const std::string& question) {
    return "event action-planned n=1 code=1 text=start_new-pump-1\n"
           "engine started ours\n"
           "event action-started code=1 a=2 text=start_new-pump-1\n"
           "event engine-crashed n=1 code=2\n"
           "event engine-started n=2 text=ours\n"
           "event operator-asked text=" +
           question +
           "\n"
           "event operator-said text=yes\n"
           "event action-started code=1 a=5 text=start_new-pump-1\n"
           "event action-done code=0 a=5\n"
           "engine done\n"
           "end quiet\n";
  };
  BOOST_TEST(FindingText(JudgeText(text("again:deploy-pump/1")), kCheck) == "");
  BOOST_TEST(FindingText(JudgeText(text("one-way-door")), kCheck) != "");
}

BOOST_AUTO_TEST_CASE(AgainAfterACrashAndALook) {
  const std::string text = R"(
event action-planned n=1 code=3 text=install_new-pump-1
event action-planned n=2 code=1 text=start_new-pump-1
event action-planned n=1 code=0 a=1 text=stop_new-pump-1
engine started ours
event action-started code=3 a=1 text=install_new-pump-1
event action-done code=0 a=1
event action-started code=1 a=2 text=start_new-pump-1
event action-done code=0 a=2
event engine-crashed n=1 code=2
event engine-started n=2 text=ours
event asked a=7 code=2 text=show-unit
event action-started code=1 a=5 text=start_new-pump-1
event action-done code=0 a=5
engine done
end quiet
)";
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(AgainBecauseItFailed) {
  const std::string text = R"(
event action-planned n=1 code=3 text=install_new-pump-1
event action-planned n=2 code=1 text=start_new-pump-1
event action-planned n=1 code=0 a=1 text=stop_new-pump-1
engine started ours
event action-started code=3 a=1 text=install_new-pump-1
event action-done code=7 a=1
event action-started code=3 a=4 text=install_new-pump-1
event action-done code=0 a=4
event action-started code=1 a=2 text=start_new-pump-1
event action-done code=0 a=2
engine done
end quiet
)";
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(TurningBack) {
  const std::string text = R"(
event action-planned n=1 code=3 text=install_new-pump-1
event action-planned n=2 code=1 text=start_new-pump-1
event action-planned n=1 code=0 a=1 text=stop_new-pump-1
engine started ours
event action-started code=3 a=1 text=install_new-pump-1
event action-done code=0 a=1
event action-started code=1 a=2 text=start_new-pump-1
event action-done code=0 a=2
event action-started code=0 a=3 text=stop_new-pump-1
event action-done code=0 a=3
engine done
end quiet
)";
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(SkippingWhatIsThere) {
  const std::string text = R"(
event action-planned n=1 code=3 text=install_new-pump-1
event action-planned n=2 code=1 text=start_new-pump-1
event action-planned n=1 code=0 a=1 text=stop_new-pump-1
engine started ours
event action-started code=1 a=2 text=start_new-pump-1
event action-done code=0 a=2
engine done
end quiet
)";
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
