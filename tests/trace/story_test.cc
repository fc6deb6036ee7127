#include "trace/story.h"

#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/trace/sample.h"

namespace tidegate::trace {

BOOST_AUTO_TEST_SUITE(story)

// Each kind has its own sentence, on one line, that names its node.
BOOST_AUTO_TEST_CASE(every_kind_has_a_sentence) {
  const Trace trace = EveryKind();
  std::set<std::string> sentences;
  for (const Event& event : trace.events) {
    const std::string sentence = Sentence(event, trace.header, trace.texts);
    BOOST_TEST(sentences.insert(sentence).second, sentence);
    BOOST_TEST(sentence.find_first_of("\n\r\t") == std::string::npos, sentence);
    BOOST_TEST(sentence.back() != '.');
    for (const FieldSpec& field : SpecOf(event.kind).fields) {
      if (field.slot == Slot::kNode)
        BOOST_TEST(sentence.find("tidb-1") != std::string::npos, sentence);
      if (field.slot == Slot::kPeer) {
        BOOST_TEST(sentence.find("drainer-1") != std::string::npos, sentence);
      }
      if (field.slot == Slot::kText)
        BOOST_TEST(sentence.find("text ") != std::string::npos, sentence);
    }
  }
}

BOOST_AUTO_TEST_CASE(wording) {
  Trace trace = EveryKind();
  const auto say = [&](const Event& event) { return Sentence(event, trace.header, trace.texts); };
  BOOST_TEST(say({.kind = EventKind::kTxnCommitted, .node = 0, .a = 1, .b = 2, .n = 2}) ==
             "tidb-1 committed a transaction (start_ts 1, commit_ts 2, 2 rows)");
  BOOST_TEST(
      say({.kind = EventKind::kTxnCommitted, .node = 0, .code = 3, .a = 1, .b = 2, .n = 1}) ==
      "tidb-1 committed a transaction (start_ts 1, commit_ts 2, 1 row; ddl, marker)");
  BOOST_TEST(say({.kind = EventKind::kRowApplied,
                  .node = 2,
                  .peer = 3,
                  .code = 0,
                  .a = 5,
                  .b = 9,
                  .c = 12,
                  .d = 1}) ==
             "drainer-1 applied key 5 of shop.orders = 12 (commit_ts 9, shape 0) to mysql-1: "
             "safe-mode");
  BOOST_TEST(say({.kind = EventKind::kBinlogAcked, .node = 1, .peer = 0, .code = 0, .a = 7}) ==
             "old-pump-1 acknowledged a prewrite binlog from tidb-1 (start_ts 7)");
  BOOST_TEST(say({.kind = EventKind::kNodeDown,
                  .node = 1,
                  .code = 1,
                  .text = trace.texts.Intern("out of\nmemory")}) ==
             "old-pump-1 was killed: out of\\nmemory");
  BOOST_TEST(say({.kind = EventKind::kAnswered,
                  .node = 3,
                  .code = 5,
                  .a = 4,
                  .text = trace.texts.Intern(std::string(200, 'x')),
                  .n = 503}) == "question 4 on drainer-1 was answered: http-status, status 503: " +
                                    std::string(160, 'x') + "… (200 bytes)");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::trace
