#include "tests/contract/real_under_test.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <utility>

#include "base/files.h"
#include "engine/journal.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

namespace port = engine::port;

constexpr char kLoopback[] = "127.0.0.1";
// What no parser, no C string and no line reader must change on the way.
const std::string kBody("{\"Synced\": true ,\r\n\"\xC3\xA9\xFF\":\"\0\x01\"}  ", 32);

}  // namespace

// Takes note of what was told, beside how much of the journal could be read then.
class RealUnderTest::Person final : public engine::Operator {
 public:
  explicit Person(RealUnderTest* test) : test_(test) {}
  void Tell(const port::Tell& tell) override {
    using Kind = port::Tell::Kind;
    if (tell.kind == Kind::kWarning) Note("told " + tell.text);
    if (tell.kind == Kind::kQuestion) Note("asked " + tell.name);
    if (tell.kind == Kind::kFinished) Note("finished " + tell.text);
  }
  std::string Ask(const port::Tell& question) override {
    return question.name == "doubt" ? "no" : "yes";
  }

 private:
  void Note(const std::string& what) {
    const StubWorld& world = test_->world_;
    world.Write("visible", world.Read("visible") + std::to_string(test_->Journal().size()) + " " +
                               what + "\n");
  }
  RealUnderTest* test_;
};

RealUnderTest::RealUnderTest() {
  server_ = std::make_unique<LoopbackServer>(
      kLoopback, 0,
      [this](const std::string& target, const std::string&) { return Answer(target); });
  FindPlaces();
}

RealUnderTest::~RealUnderTest() = default;

void RealUnderTest::FindPlaces() {
  world_.AddUnit("up.service", "active");
  world_.AddUnit("broken.service", "broken");
  world_.AddUnit("hung.service", "hung");
  world_.AddBinary("bin/tidb-server", "v2.0.7");
  Places& p = places_;
  p.unit = {kLoopback, "up.service"};
  p.unknown_unit = {kLoopback, "unknown.service"};
  p.broken_unit = {kLoopback, "broken.service"};
  p.hung_unit = {kLoopback, "hung.service"};
  p.host = kLoopback;
  p.folder = world_ / "files";
  p.binary = {kLoopback, world_ / "bin/tidb-server"};
  p.page = {kLoopback, server_->port(), "/status"};
  p.page_body = kBody;
  p.missing_page = {kLoopback, server_->port(), "/missing"};
  p.missing_page_body = "404 page not found\n";
  p.closing = {kLoopback, server_->port(), "/closing"};
  p.hung = {kLoopback, server_->port(), "/hung"};
  p.nobody = {kLoopback, FreePort(kLoopback), "/status"};
  p.sql = "sink";
  p.sql_down = "down";
  p.detach = {"detach-service", {world_.hook(), "detach-service"}};
  p.attach = {"attach-service", {world_.hook(), "attach-service"}};
  p.failing = {"failing", {world_.hook(), "failing"}};
  pds_ = {{kLoopback, p.nobody.port}, {kLoopback, server_->port()}};
}

Reply RealUnderTest::Answer(const std::string& target) const {
  if (target == "/status") return {.body = kBody};
  if (target == "/closing") return {.way = Reply::Way::kClose};
  if (target == "/hung") return {.way = Reply::Way::kHang};
  if (target == "/v3/kv/range") return {.body = "{\"kvs\":[],\"count\":\"0\"}"};
  return {.status = 404, .body = "404 page not found\n"};
}

engine::RealHostOptions RealUnderTest::Options() const {
  engine::RealHostOptions options;
  options.templates.sql["sink"] = {kLoopback, 3306, ""};
  options.templates.sql["down"] = {kLoopback, 1, ""};
  options.pds = pds_;
  options.backup_dir = world_ / "backup";
  return options;
}

// As `binlog-upgrade resume` does: read, cut the torn end off, go on.
Status RealUnderTest::Carry(Script script, std::uint32_t incarnation) {
  TRY_ASSIGN(engine::JournalFile file, engine::JournalFile::Open(journal_path()));
  TRY_ASSIGN(engine::Journal journal, engine::DecodeJournal(file.contents(), file.path()));
  TRY(file.Truncate(journal.good_bytes));
  ScriptedEngine engine(std::move(script), std::move(journal.records), incarnation, &seen_);
  Person person(this);
  return engine::RealHost(Options(), &file, &person).Run(&engine);
}

void RealUnderTest::Run(Script script) {
  seen_ = {};
  const Status ended = Carry(std::move(script), 1);
  BOOST_REQUIRE_MESSAGE(ended.has_value(), Why(ended));
}

void RealUnderTest::RunWithCrash(Script first, Cut cut, Script second) {
  world_.Write("die", "");
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    const Status ended = Carry(std::move(first), 1);
    _exit(ended.has_value() ? 0 : 1);
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_REQUIRE_MESSAGE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                        "the host was not killed in its first action");
  if (cut == Cut::kTornTail) {
    std::filesystem::resize_file(journal_path(), world_.Read("journal").size() - 10);
  }
  seen_ = {};
  const Status ended = Carry(std::move(second), 2);
  BOOST_REQUIRE_MESSAGE(ended.has_value(), Why(ended));
}

bool RealUnderTest::FailsOnFullDisk(Script script, std::size_t journal_bytes_max) {
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{journal_bytes_max, journal_bytes_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    const Status ended = Carry(std::move(script), 1);
    _exit(ended.has_value() ? 0 : 1);
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

std::vector<port::JournalRecord> RealUnderTest::Journal() {
  const Result<engine::Journal> journal = engine::DecodeJournal(world_.Read("journal"), "journal");
  return journal.has_value() ? journal->records : std::vector<port::JournalRecord>();
}

}  // namespace tidegate::test
