// The owner's side of the clock: what starts, what ends, who is woken, who is who.
#include "lab/clock/lockstep.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <sstream>

#include "tests/lab/clock/harness.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

// One command under a clock that the test moves itself.
class Bench {
 public:
  explicit Bench(const std::string& script) {
    auto created = lab::Lockstep::Create(
        {.directory = folder_.path(), .preload = TIDEGATE_CLOCK_PRELOAD, .epoch_ns = 0, .seed = 1});
    BOOST_REQUIRE_MESSAGE(created.has_value(), Why(created));
    clock_ = *std::move(created);
    BOOST_REQUIRE(pipe2(ends_, O_CLOEXEC) == 0);
    const Status started = clock_->Spawn({.argv = {"bash", "-c", script},
                                          .env = {"PATH=/usr/bin:/bin"},
                                          .cwd = "/",
                                          .stdin_fd = -1,
                                          .stdout_fd = ends_[1],
                                          .stderr_fd = ends_[1]});
    BOOST_REQUIRE_MESSAGE(started.has_value(), Why(started));
    close(ends_[1]);
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~Bench() { close(ends_[0]); }

  lab::Lockstep& clock() { return *clock_; }
  void Settle() {
    while (!clock_->Quiescent(false)) {
    }
  }
  void GoTo(Time at) {
    Settle();
    clock_->Set(at);
  }
  /// What it has printed since the last time.
  std::string Read() {
    char buffer[4096];
    const ssize_t size = read(ends_[0], buffer, sizeof buffer);
    at_end_ = size == 0;
    return size <= 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(size));
  }
  bool at_end() const { return at_end_; }

 private:
  TempDir folder_;
  std::unique_ptr<lab::Lockstep> clock_;
  int ends_[2];
  bool at_end_ = false;
};

std::vector<pid_t> Pids(const std::string& text) {
  std::istringstream in(text);
  std::vector<pid_t> pids;
  for (pid_t pid = 0; in >> pid;) pids.push_back(pid);
  return pids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clock_lockstep)

BOOST_AUTO_TEST_CASE(what_cannot_start) {
  const TempDir folder;
  const auto missing = lab::Lockstep::Create(
      {.directory = folder.path(), .preload = "/nowhere/clock.so", .epoch_ns = 0, .seed = 1});
  BOOST_REQUIRE(!missing.has_value());
  BOOST_TEST((missing.error().message.find("/nowhere/clock.so") != std::string::npos));

  auto clock = lab::Lockstep::Create(
      {.directory = folder.path(), .preload = TIDEGATE_CLOCK_PRELOAD, .epoch_ns = 0, .seed = 1});
  BOOST_REQUIRE_MESSAGE(clock.has_value(), Why(clock));
  const lab::Command no_program = {.argv = {"no-such-program"}, .env = {}, .cwd = ""};
  const Status status = (*clock)->Spawn(no_program);
  BOOST_REQUIRE(!status.has_value());
  BOOST_TEST((status.error().code == ErrorCode::kNotFound));
  BOOST_TEST((status.error().message.find("no-such-program") != std::string::npos));
  const lab::Command no_folder = {.argv = {"true"}, .env = {}, .cwd = "/nowhere"};
  const Status status2 = (*clock)->Spawn(no_folder);
  BOOST_REQUIRE(!status2.has_value());
  BOOST_TEST((status2.error().message.find("folder") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(how_the_command_ends) {
  for (const auto& [script, expected] :
       {std::pair<const char*, int>("exit 3", 3), {"kill -TERM $$", 128 + 15}, {":", 0}}) {
    Bench bench(script);
    while (!bench.clock().ExitStatus().has_value()) bench.clock().Quiescent(false);
    BOOST_TEST(*bench.clock().ExitStatus() == expected, script);
  }
}

// What the command leaves running goes on until all is ended; then nobody holds its output open.
BOOST_AUTO_TEST_CASE(what_is_left_behind) {
  Bench bench("(trap '' TERM HUP; sleep 1000) & echo started");
  while (!bench.clock().ExitStatus().has_value()) bench.clock().Quiescent(false);
  bench.Settle();
  BOOST_TEST(bench.Read() == "started\n");
  BOOST_TEST(bench.Read().empty());
  BOOST_TEST(!bench.at_end());
  BOOST_TEST((bench.clock().NextDeadline() == 1000 * kSecond));
  bench.clock().KillAll();
  BOOST_TEST(bench.Read().empty());
  BOOST_TEST(bench.at_end());
}

// Who is not root gets a user namespace too, and is root in it.
BOOST_AUTO_TEST_CASE(without_being_root) {
  constexpr uid_t kNobody = 65534;
  constexpr int kNotReadable = 77;
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 &&
        (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0)) {
      _exit(2);
    }
    prctl(PR_SET_DUMPABLE, 1);  // a login would be: else /proc/self belongs to root
    if (access(TIDEGATE_CLOCK_PRELOAD, R_OK) != 0) _exit(kNotReadable);
    const LockstepEnd end = RunBash("id -u; sleep 5; (echo $BASHPID); echo $SECONDS");
    const LockstepEnd again = RunBash("id -u; sleep 5; (echo $BASHPID); echo $SECONDS");
    const bool right = end.output.rfind("0\n", 0) == 0 && end.ended == 5 * kSecond;
    _exit(right && end.output == again.output ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  BOOST_TEST((status == 0 || WEXITSTATUS(status) == kNotReadable), status);
}

BOOST_AUTO_TEST_CASE(nothing_stays_in_the_folder) {
  const TempDir folder;
  {
    const auto clock = lab::Lockstep::Create(
        {.directory = folder.path(), .preload = TIDEGATE_CLOCK_PRELOAD, .epoch_ns = 0, .seed = 1});
    BOOST_REQUIRE(clock.has_value());
    BOOST_TEST(!std::filesystem::is_empty(folder.path()));
  }
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

// Setting the time wakes nobody; each waking is one sleeper, and who is due is woken before time
// goes on.
BOOST_AUTO_TEST_CASE(one_sleeper_at_a_time) {
  std::string orders[2];
  for (std::string& order : orders) {
    Bench bench("for i in 1 2 3 4; do (sleep 60; echo $i) & done; (sleep 61; echo 5) & wait");
    bench.Settle();
    BOOST_TEST((bench.clock().NextDeadline() == 60 * kSecond));
    BOOST_TEST(!bench.clock().WakeOne());
    bench.GoTo(60 * kSecond);
    bench.Settle();
    BOOST_TEST(bench.Read().empty());
    for (int i = 0; i < 4; ++i) {
      BOOST_TEST((bench.clock().NextDeadline() == 60 * kSecond));
      BOOST_TEST(bench.clock().WakeOne());
      bench.Settle();
      const std::string line = bench.Read();
      BOOST_TEST(line.size() == 2U, line);
      order += line;
    }
    BOOST_TEST(!bench.clock().WakeOne());
    BOOST_TEST((bench.clock().NextDeadline() == 61 * kSecond));
  }
  BOOST_TEST(orders[0] == orders[1]);
}

// One look proves nothing, nor do two when the world worked between them.
BOOST_AUTO_TEST_CASE(proof_takes_two_looks) {
  Bench bench("sleep 1000");
  bench.Settle();
  BOOST_TEST(bench.clock().Quiescent(false));
  BOOST_TEST(!bench.clock().Quiescent(true));
  BOOST_TEST(bench.clock().Quiescent(false));
  bench.clock().Set(1000 * kSecond);
  BOOST_TEST(bench.clock().WakeOne());
  BOOST_TEST(!bench.clock().Quiescent(false));
}

BOOST_AUTO_TEST_CASE(lineages_repeat) {
  std::vector<std::uint64_t> lineages[2];
  for (std::vector<std::uint64_t>& each : lineages) {
    Bench bench("sleep 9 & echo $!; sleep 9 & echo $!; (sleep 9 & echo $!; wait) & echo $!; wait");
    bench.Settle();
    for (const pid_t pid : Pids(bench.Read())) each.push_back(bench.clock().LineageOf(pid));
    BOOST_TEST(bench.clock().LineageOf(9999) == 0U);
    BOOST_TEST(bench.clock().LineageOf(2) != 0U);
  }
  std::sort(lineages[0].begin(), lineages[0].end());
  std::sort(lineages[1].begin(), lineages[1].end());
  BOOST_TEST(lineages[0].size() == 4U);
  BOOST_TEST(lineages[0] == lineages[1], boost::test_tools::per_element());
  BOOST_TEST((std::unique(lineages[0].begin(), lineages[0].end()) == lineages[0].end()));
  BOOST_TEST(lineages[0].front() != 0U);
}

// A connection's lineage is that of who made it.
BOOST_AUTO_TEST_CASE(lineage_of_a_connection) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  BOOST_REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  BOOST_REQUIRE(listen(listener, 5) == 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string port = std::to_string(ntohs(address.sin_port));
  std::uint64_t lineages[2];
  for (std::uint64_t& lineage : lineages) {
    Bench bench("exec 3<>/dev/tcp/127.0.0.1/" + port + "; sleep 100");
    bench.Settle();
    sockaddr_in peer = {};
    size = sizeof peer;
    const int accepted = accept(listener, reinterpret_cast<sockaddr*>(&peer), &size);
    lineage = bench.clock().LineageOfPort(ntohs(peer.sin_port));
    close(accepted);
    BOOST_TEST(bench.clock().InnerPid(getpid()) == 0);
  }
  close(listener);
  BOOST_TEST(lineages[0] != 0U);
  BOOST_TEST(lineages[0] == lineages[1]);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::test
