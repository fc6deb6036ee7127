#include "engine/real/journal_file.h"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>

#include "base/files.h"
#include "engine/journal.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

port::JournalRecord Record(std::uint64_t sequence, std::string name) {
  port::JournalRecord record;
  record.sequence = sequence;
  record.kind = port::JournalRecord::Kind::kStep;
  record.name = std::move(name);
  record.value = "started";
  return record;
}

JournalFile Opened(const std::string& path) {
  Result<JournalFile> file = JournalFile::Open(path);
  BOOST_REQUIRE_MESSAGE(file.has_value(), test::Why(file));
  return *std::move(file);
}

BOOST_AUTO_TEST_SUITE(journal_file)

BOOST_AUTO_TEST_CASE(lines_are_there_when_it_is_opened_again) {
  const test::TempDir dir;
  {
    JournalFile file = Opened(dir / "j");
    BOOST_TEST(file.contents().empty());
    BOOST_TEST(file.Append("one\n").has_value());
    BOOST_TEST(file.Append("two\n").has_value());
  }
  JournalFile again = Opened(dir / "j");
  BOOST_TEST(again.contents() == "one\ntwo\n");
  BOOST_TEST(again.Append("three\n").has_value());
  BOOST_TEST(*ReadFile(dir / "j") == "one\ntwo\nthree\n");
}

BOOST_AUTO_TEST_CASE(nobody_else_may_read_it) {
  const test::TempDir dir;
  const JournalFile file = Opened(dir / "j");
  struct stat facts {};
  BOOST_REQUIRE(stat((dir / "j").c_str(), &facts) == 0);
  BOOST_TEST((facts.st_mode & 0777) == 0600U);
}

BOOST_AUTO_TEST_CASE(one_engine_at_a_time) {
  const test::TempDir dir;
  std::optional<JournalFile> first = Opened(dir / "j");
  const Result<JournalFile> second = JournalFile::Open(dir / "j");
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == ErrorCode::kRefused));
  BOOST_TEST(second.error().message == "another binlog-upgrade is at work here");
  first.reset();
  BOOST_TEST(JournalFile::Open(dir / "j").has_value());
}

BOOST_AUTO_TEST_CASE(a_lock_goes_with_its_owner) {
  const test::TempDir dir;
  {
    const Result<FileLock> lock = FileLock::Take(dir / "l");
    BOOST_REQUIRE(lock.has_value());
    BOOST_TEST(!FileLock::Take(dir / "l").has_value());
  }
  BOOST_TEST(FileLock::Take(dir / "l").has_value());
  BOOST_TEST((FileLock::Take(dir / "no/such/l").error().code == ErrorCode::kIo));
}

// A crash in the middle of each byte of the last record: what is whole stays, and writing goes on
// behind it.
BOOST_AUTO_TEST_CASE(a_torn_tail_of_any_length_is_cut_off) {
  const std::string first = EncodeRecord(Record(1, "deploy-pump"));
  const std::string second = EncodeRecord(Record(2, "stop-tidb"));
  for (std::size_t cut = 1; cut < second.size(); ++cut) {
    const test::TempDir dir;
    BOOST_REQUIRE(WriteFileAtomically(dir / "j", first + second.substr(0, cut)).has_value());
    JournalFile file = Opened(dir / "j");
    const Result<Journal> journal = DecodeJournal(file.contents(), "j");
    BOOST_REQUIRE_MESSAGE(journal.has_value(), test::Why(journal));
    BOOST_TEST(journal->torn);
    BOOST_TEST(journal->records.size() == 1U);
    BOOST_REQUIRE(file.Truncate(journal->good_bytes).has_value());
    BOOST_REQUIRE(file.Append(second).has_value());
    BOOST_TEST(*ReadFile(dir / "j") == first + second);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
