// Traces in real files.
#include "trace/file.h"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "tests/trace/sample.h"
#include "trace/digest.h"

namespace tidegate::trace {
namespace {

struct Folder {
  Folder()
      : path(std::filesystem::temp_directory_path() /
             ("tidegate-trace-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string File(const std::string& name) const { return (path / name).string(); }
  std::filesystem::path path;
};

class Last : public Listener {
 public:
  void OnEvent(const Event& event, std::uint64_t index) override {
    BOOST_TEST(index == count);
    ++count;
    last = event;
  }
  std::uint64_t count = 0;
  Event last;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(file, Folder)

BOOST_AUTO_TEST_CASE(both_extensions) {
  const Trace trace = EveryKind();
  for (const std::string name : {"a.jsonl", "a.tgt"}) {
    BOOST_REQUIRE(WriteTrace(trace, File(name)).has_value());
    const Result<Trace> read = ReadTrace(File(name));
    BOOST_REQUIRE_MESSAGE(read.has_value(), Why(read));
    BOOST_TEST(SameMeaning(trace, *read));

    Header header;
    TextTable texts;
    Last last;
    BOOST_REQUIRE(StreamTrace(File(name), &header, &texts, &last).has_value());
    BOOST_TEST(last.count == trace.events.size());
    BOOST_TEST((last.last.kind == EventKind::kRowChanged));
    BOOST_TEST(header.engine == "ours");
    BOOST_TEST(texts.Get(last.last.text) == trace.texts.Get(trace.events.back().text));
  }
  // Nothing temporary stays behind.
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++files;
  BOOST_TEST(files == 2U);
}

BOOST_AUTO_TEST_CASE(the_header_is_there_before_the_events) {
  BOOST_REQUIRE(WriteTrace(SmallTrace(), File("a.tgt")).has_value());
  Header header;
  TextTable texts;
  const Result<std::unique_ptr<TraceReader>> reader = OpenTrace(File("a.tgt"), &header, &texts);
  BOOST_REQUIRE(reader.has_value());
  BOOST_TEST(header.nodes.at(0).name == "tidb-1");
  Last last;
  BOOST_REQUIRE((*reader)->ReadEvents(&last).has_value());
  BOOST_TEST((*reader)->event_count() == 3U);
  BOOST_TEST((*reader)->digest() == DigestOf(SmallTrace()));
}

BOOST_AUTO_TEST_CASE(errors) {
  const std::string other = File("a.json");
  const Status written = WriteTrace(SmallTrace(), other);
  BOOST_REQUIRE(!written.has_value());
  BOOST_TEST(written.error().message ==
             "'" + other +
                 "' is no name of a trace: it must end in .jsonl (JSON lines) or .tgt "
                 "(binary)");
  BOOST_TEST(!std::filesystem::exists(other));
  BOOST_TEST((ReadTrace(other).error().code == ErrorCode::kBadInput));
  BOOST_TEST((ReadTrace(File("none.tgt")).error().code == ErrorCode::kNotFound));
  std::filesystem::create_directory(File("folder.tgt"));
  BOOST_TEST((ReadTrace(File("folder.tgt")).error().code == ErrorCode::kBadInput));
  BOOST_TEST((WriteTrace(SmallTrace(), File("none/a.tgt")).error().code == ErrorCode::kNotFound));
}

// The old trace stays when a new one cannot take its place.
BOOST_AUTO_TEST_CASE(a_failed_write_leaves_nothing) {
  std::filesystem::create_directories(File("taken.tgt/inside"));
  BOOST_TEST(!WriteTrace(SmallTrace(), File("taken.tgt")).has_value());
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++files;
  BOOST_TEST(files == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::trace
