#include "engine/real/real_host.h"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "engine/cluster_builder.h"
#include "engine/executor.h"
#include "engine/journal.h"
#include "engine/plan.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;

const std::string kFixtures = std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/";

// Says yes, and keeps what it was told.
class Listener : public Operator {
 public:
  void Tell(const port::Tell& tell) override { tells.push_back(tell); }
  std::string Ask(const port::Tell&) override { return "yes"; }
  std::vector<port::Tell> tells;
};

struct Bench {
  Bench() : journal(*JournalFile::Open(dir / "j")) {
    options.templates.resources_dir = dir / "resources";
    options.backup_dir = dir / "backup";
  }
  RealHost Host() { return RealHost(options, &journal, &listener); }

  test::TempDir dir;
  JournalFile journal;
  Listener listener;
  RealHostOptions options;
};

BOOST_AUTO_TEST_SUITE(real_host)

BOOST_AUTO_TEST_CASE(files_are_written_and_read_back) {
  Bench bench;
  const RealHost host = bench.Host();
  const std::string path = bench.dir / "deep/er/run_x.sh";
  const std::string content = std::string("#!/bin/sh\necho \0 '", 18) + "\n";
  BOOST_TEST(host.Perform(port::WriteFile{"localhost", path, content}).ok());
  BOOST_TEST(*ReadFile(path) == content);
  struct stat facts {};
  BOOST_REQUIRE(stat(path.c_str(), &facts) == 0);
  BOOST_TEST((facts.st_mode & 0777) == 0755U);
  const Answer read = host.Look(port::ReadRemoteFile{"localhost", path}, 5 * kSecond);
  BOOST_TEST(read.ok());
  BOOST_TEST(read.body == content);
  // A second write replaces it, an empty one too.
  BOOST_TEST(host.Perform(port::WriteFile{"localhost", path, ""}).ok());
  BOOST_TEST(host.Look(port::ReadRemoteFile{"localhost", path}, 5 * kSecond).body == "");
  BOOST_TEST((host.Look(port::ReadRemoteFile{"localhost", path + "x"}, 5 * kSecond).code ==
              AnswerCode::kNotFound));
  BOOST_TEST((host.Look(port::ReadRemoteFile{"localhost", bench.dir.path()}, 5 * kSecond).code ==
              AnswerCode::kFailed));
}

BOOST_AUTO_TEST_CASE(binaries_are_installed_and_asked_for_their_version) {
  Bench bench;
  const RealHost host = bench.Host();
  const std::string source = "#!/bin/sh\necho 'Release Version: v2.1.0'\n";
  BOOST_REQUIRE(
      host.Perform(port::WriteFile{"h", bench.dir / "resources/v2.1.0/bin/pump", source}).ok());
  const std::string path = bench.dir / "deploy/bin/pump";
  BOOST_TEST(
      (host.Look(port::BinaryVersion{"h", path}, 5 * kSecond).code == AnswerCode::kNotFound));
  BOOST_TEST(host.Perform(port::InstallBinary{"h", "pump", "v2.1.0", path}).ok());
  const Answer version = host.Look(port::BinaryVersion{"h", path}, 5 * kSecond);
  BOOST_TEST(version.ok());
  BOOST_TEST(version.body == "Release Version: v2.1.0\n");
  const Answer missing = host.Perform(port::InstallBinary{"h", "pump", "v9.9.9", path});
  BOOST_TEST((missing.code == AnswerCode::kFailed));
  BOOST_TEST(missing.body.find("v9.9.9/bin/pump: No such file") != std::string::npos);
  // The old binary is still whole.
  BOOST_TEST(*ReadFile(path) == source);
}

BOOST_AUTO_TEST_CASE(hooks_tell_how_they_ended) {
  Bench bench;
  const RealHost host = bench.Host();
  BOOST_TEST(host.Perform(port::RunHook{"detach-service", {"true"}}).ok());
  const Answer failed =
      host.Perform(port::RunHook{"detach-service", {"sh", "-c", "echo no >&2; exit 4"}});
  BOOST_TEST((failed.code == AnswerCode::kFailed));
  BOOST_TEST(failed.status == 4);
  BOOST_TEST(failed.body == "no");
  BOOST_TEST(host.Perform(port::RunHook{"x", {"/no/such"}}).body == "no program '/no/such'");
}

BOOST_AUTO_TEST_CASE(backups_are_kept_for_their_owner_alone) {
  Bench bench;
  const RealHost host = bench.Host();
  BOOST_TEST(host.Perform(port::KeepBackup{"a/b.checkpoint", "row"}).ok());
  BOOST_TEST(host.Perform(port::KeepBackup{"a/b.checkpoint", "row"}).ok());
  BOOST_TEST(*ReadFile(bench.dir / "backup/a_b.checkpoint") == "row");
  struct stat facts {};
  BOOST_REQUIRE(stat((bench.dir / "backup").c_str(), &facts) == 0);
  BOOST_TEST((facts.st_mode & 0777) == 0700U);
}

BOOST_AUTO_TEST_CASE(unknown_endpoints_are_not_found) {
  Bench bench;
  BOOST_TEST((bench.Host().Look(port::QuerySql{"nobody", "select 1"}, kSecond).code ==
              AnswerCode::kNotFound));
}

// The engine as shipped against hosts that are not there: it refuses in the preflight, having done
// nothing, and the journal can be read back.
BOOST_AUTO_TEST_CASE(an_upgrade_of_an_absent_cluster_is_refused_before_step_1) {
  Bench bench;
  Result<Cluster> cluster =
      LoadCluster({kFixtures + "inventories/small.ini", kFixtures + "inventories/small.target.ini",
                   kFixtures + "sites/small.json"});
  BOOST_REQUIRE_MESSAGE(cluster.has_value(), test::Why(cluster));
  // Nobody listens on port 1 of the loopback: refused at once.
  cluster->pds = {{"127.0.0.1", 1}};
  for (Drainer& drainer : cluster->old_drainers) {
    drainer.process.host = "127.0.0.1";
    drainer.process.port = 1;
  }
  for (Tidb& tidb : cluster->tidbs) {
    tidb.process.host = "127.0.0.1";
    tidb.status_port = 1;
  }
  Result<Plan> plan = BuildPlan(*cluster, PlanOptions{});
  BOOST_REQUIRE_MESSAGE(plan.has_value(), test::Why(plan));
  bench.options.pds = cluster->pds;
  bench.options.abort = true;  // do not wait the preflight's whole minute
  Executor executor(*std::move(plan), ExecutorOptions{});
  RealHost host = bench.Host();
  BOOST_TEST(host.Run(&executor).has_value());
  BOOST_TEST(executor.finished());
  BOOST_TEST((executor.outcome() == "aborted" || executor.outcome() == "refused"),
             executor.outcome());
  const Result<std::string> text = ReadFile(bench.dir / "j");
  const Result<Journal> journal = DecodeJournal(*text, "j");
  BOOST_REQUIRE_MESSAGE(journal.has_value(), test::Why(journal));
  BOOST_TEST(!journal->records.empty());
  for (const port::JournalRecord& record : journal->records) {
    BOOST_TEST((record.kind != port::JournalRecord::Kind::kIntent), record.name);
  }
  BOOST_TEST(text->find("s3cret") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
