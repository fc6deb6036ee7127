#include "tests/lab/kept_lab.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "engine/real/spawn.h"

namespace tidegate::test {

Ended Tidegate(std::vector<std::string> words, const std::string& input) {
  engine::Command command;
  command.argv = {TIDEGATE_PROGRAM};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.input = input;
  command.timeout = 2 * kMinute;
  const engine::CommandResult result = engine::RunCommand(command);
  const bool signaled = result.end == engine::CommandResult::End::kSignaled;
  return {signaled ? 128 + result.status : result.status, result.output, result.errors};
}

OwnTmp::OwnTmp() {
  const char* before = getenv("TMPDIR");
  before_ = before == nullptr ? "" : before;
  setenv("TMPDIR", folder_.path().c_str(), 1);
}

OwnTmp::~OwnTmp() {
  if (before_.empty()) {
    unsetenv("TMPDIR");
  } else {
    setenv("TMPDIR", before_.c_str(), 1);
  }
}

std::vector<std::string> OwnTmp::Names() const {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    out.push_back(entry.path().filename().string());
  }
  return out;
}

KeptLab::KeptLab(const std::string& scenario, std::vector<std::string> words) {
  std::vector<std::string> argv = {TIDEGATE_PROGRAM, "lab",
                                   fmt::format("{}/scenarios/{}", TIDEGATE_SOURCE_DIR, scenario),
                                   "--seed", "1"};
  argv.insert(argv.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  for (std::string& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::array<int, 2> ends{};
  BOOST_REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  close(ends[1]);
  out_ = ends[0];
  Await("the verdict\n");
  const std::size_t at = printed_.find("lab        ") + 11;
  folder_ = printed_.substr(at, printed_.find('\n', at) - at);
}

KeptLab::~KeptLab() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
}

pid_t KeptLab::FirstProcess() const {
  // Once somebody has been in there is one.
  BOOST_REQUIRE(Tidegate({"lab", "--shell", "-c", "true", "--lab", folder_}).status == 0);
  const Result<std::string> children = ReadFile(fmt::format("/proc/{0}/task/{0}/children", pid_));
  BOOST_REQUIRE(children.has_value());
  const pid_t first = std::atoi(children->c_str());
  BOOST_REQUIRE(first > 1);
  return first;
}

void KeptLab::Signal(int signal) const { BOOST_REQUIRE(kill(pid_, signal) == 0); }

bool KeptLab::ReadMore() {
  std::array<char, 65536> buffer{};
  const ssize_t got = read(out_, buffer.data(), buffer.size());
  if (got > 0) printed_.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

void KeptLab::Await(const std::string& text) {
  while (printed_.find(text) == std::string::npos) {
    BOOST_REQUIRE_MESSAGE(ReadMore(), "it ended, and had said only:\n" << printed_);
  }
}

Ended KeptLab::Wait() {
  while (ReadMore()) {
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(pid_, &status, 0) == pid_);
  pid_ = 0;
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), printed_, ""};
}

}  // namespace tidegate::test
