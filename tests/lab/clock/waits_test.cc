// Every kind of timed wait, 500 s of virtual time each: both clocks say exactly that afterwards,
// and it takes a moment of real time. While it waits, the program must be truly asleep.
#include <array>
#include <boost/test/unit_test.hpp>
#include <set>
#include <sstream>
#include <string>

#include "tests/lab/clock/harness.h"

namespace tidegate::test {
namespace {

struct Expected {
  const char* name;
  const char* seconds;
  const char* end;
};

constexpr const char* kWhole = "500.000000000";
constexpr const char* kPart = "200.000000000";
constexpr const char* kNone = "0.000000000";

constexpr std::array<Expected, 83> kExpected = {{
    {"sleep", kWhole, "slept"},
    {"usleep", kWhole, "slept"},
    {"nanosleep", kWhole, "slept"},
    {"clock_nanosleep_real", kWhole, "slept"},
    {"clock_nanosleep_mono", kWhole, "slept"},
    {"clock_nanosleep_real_abs", kWhole, "slept"},
    {"clock_nanosleep_mono_abs", kWhole, "slept"},
    {"thrd_sleep", kWhole, "slept"},
    {"this_thread_sleep_for", kWhole, "slept"},
    {"this_thread_sleep_until", kWhole, "slept"},
    {"sleep_interrupted", kPart, "300 s were left"},
    {"sleep_until_the_past", kNone, "slept"},
    {"busy_in_wait", kNone, "came through"},
    {"poll", kWhole, "timed out"},
    {"poll_woken", kPart, "ready"},
    {"poll_without_fds", kWhole, "timed out"},
    {"poll_ready", kNone, "ready"},
    {"poll_interrupted", kPart, "interrupted"},
    {"ppoll", kWhole, "timed out"},
    {"ppoll_woken", kPart, "ready"},
    {"select", kWhole, "timed out"},
    {"select_woken", kPart, "ready"},
    {"select_without_fds", kWhole, "timed out"},
    {"select_beside_hang_up", kWhole, "timed out"},
    {"pselect", kWhole, "timed out"},
    {"pselect_woken", kPart, "ready"},
    {"epoll_wait", kWhole, "timed out"},
    {"epoll_wait_woken", kPart, "ready"},
    {"epoll_pwait", kWhole, "timed out"},
    {"epoll_pwait_woken", kPart, "ready"},
    {"epoll_pwait2", kWhole, "timed out"},
    {"sigtimedwait", kWhole, "timed out"},
    {"sigtimedwait_woken", kPart, "a signal"},
    {"cond_timedwait_real", kWhole, "timed out"},
    {"cond_timedwait_mono", kWhole, "timed out"},
    {"cond_clockwait_real", kWhole, "timed out"},
    {"cond_clockwait_mono", kWhole, "timed out"},
    {"cond_timedwait_woken", kPart, "got it"},
    {"cond_broadcast", kWhole, "all woke"},
    {"sem_timedwait", kWhole, "timed out"},
    {"sem_timedwait_woken", kPart, "got it"},
    {"sem_clockwait", kWhole, "timed out"},
    {"sem_clockwait_woken", kPart, "got it"},
    {"mutex_timedlock", kWhole, "timed out"},
    {"mutex_timedlock_woken", kPart, "got it"},
    {"mutex_clocklock", kWhole, "timed out"},
    {"mutex_crowd", kWhole, "all had it"},
    {"rwlock_timedwrlock", kWhole, "timed out"},
    {"timedjoin", kWhole, "timed out"},
    {"cv_wait_for", kWhole, "timed out"},
    {"cv_wait_until", kWhole, "timed out"},
    {"future_wait_for", kWhole, "timed out"},
    {"future_wait_until", kWhole, "timed out"},
    {"future_woken", kPart, "ready"},
    {"counting_semaphore", kWhole, "timed out"},
    {"alarm", kWhole, "as often as asked"},
    {"alarm_cancelled", kWhole, "as often as asked"},
    {"setitimer", kWhole, "as often as asked"},
    {"timer_mono", kWhole, "as often as asked"},
    {"timer_mono_abs", kWhole, "as often as asked"},
    {"timer_real_abs", kWhole, "as often as asked"},
    {"timer_thread", kWhole, "as often as asked"},
    {"timerfd_mono", kWhole, "expired once"},
    {"timerfd_mono_abs", kWhole, "expired once"},
    {"timerfd_real", kWhole, "expired once"},
    {"timerfd_real_abs", kWhole, "expired once"},
    {"timerfd_counts", kWhole, "five"},
    {"timerfd_number_reused", kWhole, "untouched"},
    {"timerfd_number_reused_unseen", kWhole, "untouched"},
    {"timerfd_number_reused_by_eventfd", kWhole, "untouched"},
    {"alarm_not_inherited", kWhole, "the parent's alone"},
    {"alarm_across_exec", kWhole, "ended by it"},
    {"timer_ends_at_exec", kWhole, "gone"},
    {"cnd_timedwait", kWhole, "timed out"},
    {"cnd_timedwait_woken", kPart, "got it"},
    {"cnd_broadcast", kPart, "got it"},
    {"mtx_timedlock", kWhole, "timed out"},
    {"mtx_timedlock_woken", kPart, "got it"},
    {"mq_timedreceive", kWhole, "timed out"},
    {"mq_timedreceive_woken", kPart, "got it"},
    {"mq_timedsend", kWhole, "timed out"},
    {"mq_timedsend_woken", kPart, "got it"},
    {"semtimedop", kWhole, "timed out"},
}};

// These look again and again in virtual time.
bool Polls(const std::string& name) {
  return name == "rwlock_timedwrlock" || name == "timedjoin" || name == "semtimedop";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clock_waits)

BOOST_AUTO_TEST_CASE(every_wait_takes_exactly_its_time) {
  for (const Expected& expected : kExpected) {
    const bool polls = Polls(expected.name);
    const LockstepEnd end =
        RunUnderLockstep({.argv = {TIDEGATE_CLOCK_WAITS, expected.name}, .watch_sleep = !polls});
    const std::string line = std::string(expected.name) + " " + expected.seconds + " " +
                             expected.seconds + " " + expected.end + "\n";
    BOOST_CHECK_MESSAGE(end.problem.empty(), expected.name << ": " << end.problem);
    BOOST_TEST(end.status == 0, expected.name);
    BOOST_TEST(end.output == line);
    // 500 s in less than five, on a machine that is busy with other tests.
    BOOST_TEST(end.real_ms < 5000, expected.name);
    BOOST_TEST(end.wakes <= (polls ? 1000U : 10U), expected.name);
  }
}

BOOST_AUTO_TEST_CASE(every_wait_of_the_program_is_expected) {
  const LockstepEnd end = RunUnderLockstep({.argv = {TIDEGATE_CLOCK_WAITS}});
  std::set<std::string> expected;
  for (const Expected& each : kExpected) expected.insert(each.name);
  std::set<std::string> there;
  std::istringstream lines(end.output);
  for (std::string line; std::getline(lines, line);) there.insert(line);
  BOOST_TEST(there == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::test
