// Damage at every byte of a small trace: never a crash, always an Error with its place, or a trace
// of the same meaning (a changed byte of white space, say).
#include <xxhash.h>

#include <boost/test/unit_test.hpp>
#include <cstring>

#include "tests/trace/sample.h"
#include "trace/binary.h"
#include "trace/digest.h"

namespace tidegate::trace {
namespace {

// JSON lines say "trace:LINE:COLUMN"; binary says "trace:byte N" or, within the header's JSON,
// "trace:header:1:COLUMN".
void ExpectPlace(const Error& error, Form form) {
  BOOST_TEST((error.code == ErrorCode::kBadInput));
  const bool of_header = error.where.find("trace:header:1:") == 0;
  const std::string start = form == Form::kJsonl ? "trace:"
                            : of_header          ? "trace:header:"
                                                 : "trace:byte ";
  BOOST_TEST(error.where.find(start) == 0U, error.ToString());
  BOOST_TEST(!error.message.empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(damage)

BOOST_AUTO_TEST_CASE(cut_at_every_byte) {
  const Trace trace = SmallTrace();
  for (const Form form : kForms) {
    const std::string whole = Write(trace, form);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Result<Trace> read = Read(whole.substr(0, length), form);
      // All that a JSON-lines file may lose is its last newline.
      if (form == Form::kJsonl && length + 1 == whole.size()) {
        BOOST_TEST(read.has_value());
        continue;
      }
      BOOST_REQUIRE_MESSAGE(!read.has_value(), length);
      ExpectPlace(read.error(), form);
    }
  }
}

BOOST_AUTO_TEST_CASE(each_byte_changed_in_each_way) {
  const Trace trace = SmallTrace();
  for (const Form form : kForms) {
    const std::string whole = Write(trace, form);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const int flip : {0x01, 0x02, 0x04, 0x10, 0x20, 0x80, 0xFF}) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ flip);
        const Result<Trace> read = Read(changed, form);
        if (read.has_value()) {
          BOOST_REQUIRE_MESSAGE(SameMeaning(trace, *read), at << " ^ " << flip);
        } else {
          ExpectPlace(read.error(), form);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_byte_put_in_or_taken_out_anywhere) {
  const Trace trace = SmallTrace();
  for (const Form form : kForms) {
    const std::string whole = Write(trace, form);
    for (std::size_t at = 0; at <= whole.size(); ++at) {
      for (const char c : {' ', '"', '\n', '0', '\0'}) {
        std::string changed = whole;
        changed.insert(at, 1, c);
        const Result<Trace> read = Read(changed, form);
        BOOST_REQUIRE(!read.has_value() || SameMeaning(trace, *read));
      }
      if (at == whole.size()) break;
      std::string changed = whole;
      changed.erase(at, 1);
      const Result<Trace> read = Read(changed, form);
      BOOST_REQUIRE(!read.has_value() || SameMeaning(trace, *read));
    }
  }
}

// Each bit of each event of every kind, behind a checksum that was made good again: what the rules
// let through, the digest finds.
BOOST_AUTO_TEST_CASE(each_bit_of_an_event_behind_a_good_checksum) {
  constexpr std::size_t kHeadBytes = 24;
  const std::string whole = Write(EveryKind(), Form::kBinary);
  std::size_t at = kBinaryMagic.size();  // of the block of events
  const auto word = [](const std::string& bytes, std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + offset, size);
    return value;
  };
  while (word(whole, at, 4) != 3) at += kHeadBytes + word(whole, at + 8, 8);
  const std::uint64_t length = word(whole, at + 8, 8);
  const std::uint64_t seed =
      (word(whole, at, 4) << 32 | word(whole, at + 4, 4)) ^ (length << 40 | length >> 24);
  BOOST_REQUIRE(length == AllEventSpecs().size() * sizeof(Event));
  std::size_t by_rules = 0;
  for (std::size_t bit = 0; bit < length * 8; ++bit) {
    std::string changed = whole;
    char& byte = changed[at + kHeadBytes + bit / 8];
    byte = static_cast<char>(byte ^ (1 << bit % 8));
    const std::uint64_t sum = XXH3_64bits_withSeed(changed.data() + at + kHeadBytes, length, seed);
    std::memcpy(changed.data() + at + 16, &sum, sizeof sum);
    const Result<Trace> read = Read(changed, Form::kBinary);
    BOOST_REQUIRE_MESSAGE(!read.has_value(), bit);
    BOOST_REQUIRE(read.error().message.find("checksum") == std::string::npos);
    if (read.error().message.find("the digest of") == std::string::npos) ++by_rules;
  }
  BOOST_TEST(by_rules > length * 8 / 3);
}

// The line is good in itself: only the digest tells.
BOOST_AUTO_TEST_CASE(a_changed_event_is_found_by_the_digest_too) {
  const std::string whole = Write(SmallTrace(), Form::kJsonl);
  std::string changed = whole;
  changed.replace(changed.find("\"st\":\"11\""), 9, "\"st\":\"10\"");
  const Result<Trace> read = Read(changed, Form::kJsonl);
  BOOST_REQUIRE(!read.has_value());
  BOOST_TEST(read.error().ToString().find("trace:5:1: 'digest' is '") == 0U);
}

BOOST_AUTO_TEST_CASE(messages_of_the_binary_reader) {
  const std::string whole = Write(SmallTrace(), Form::kBinary);
  BOOST_TEST(Read("tgtrace", Form::kBinary).error().ToString() ==
             "trace:byte 0: this is no trace: it does not begin with \"tgtrace\\n\"");
  BOOST_TEST(Read(whole.substr(0, 20), Form::kBinary).error().ToString() ==
             "trace:byte 8: the file ends within or before the block that begins here, after 0 "
             "events; it was cut");
  std::string changed = whole;
  changed[60] = static_cast<char>(changed[60] ^ 1);
  BOOST_TEST(Read(changed, Form::kBinary).error().ToString() ==
             "trace:byte 8: the block that begins here was changed: its checksum differs");
  changed = whole;
  changed[8 + 15] = '\x7F';  // the highest byte of the header block's length
  BOOST_TEST(Read(changed, Form::kBinary).error().message.find("damaged") != std::string::npos);
  BOOST_TEST(Read(whole + "x", Form::kBinary).error().ToString() ==
             "trace:byte " + std::to_string(whole.size()) +
                 ": something stands behind the trace's last block");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::trace
