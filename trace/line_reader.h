// Reads one line of a JSON-lines trace behind its header: an event or the last line. Lines as we
// write them go the fast way (canonical_line.h); this is the general one, driven by kEventSpecs
// like the other: any order of keys, any white space, and every error with its place. Values that
// stand before the kind are gone back to.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>

#include "trace/canonical_line.h"
#include "trace/event_rules.h"
#include "trace/event_spec.h"
#include "trace/json_scan.h"
#include "trace/recorder.h"

namespace tidegate::trace {

/// The last line of a trace.
struct EndLine {
  std::uint64_t count = 0;
  std::string digest;
};

class LineReader {
 public:
  enum class Kind : std::uint8_t { kEvent, kEnd, kBad };

  /// REQUIRES: both outlive the reader.
  LineReader(const Header& header, TextTable* texts);

  /// Fills one of the two. An event holds EventRules.
  Kind Read(std::string_view line, Event* event, EndLine* end);

  /// Of the last Read that gave kBad. The offset is in bytes from the line's first one.
  const std::string& failure() const { return failure_; }
  std::size_t failure_offset() const { return failure_offset_; }

 private:
  static constexpr std::size_t kMembersMax = 16;
  struct Member {
    std::string key;
    std::size_t key_offset = 0;
    std::size_t value_offset = 0;
  };

  bool ReadMembers(JsonScan* scan, Event* event, EndLine* end);
  bool ReadMember(JsonScan* scan, Event* event, EndLine* end);
  bool ReadKind(JsonScan* scan, Event* event);
  bool ReadPending(JsonScan* scan, Event* event);
  bool ReadField(JsonScan* scan, std::string_view key, std::size_t key_offset, Event* event);
  bool ReadValue(JsonScan* scan, const FieldSpec& field, Event* event);
  bool ReadNode(JsonScan* scan, const FieldSpec& field, NodeId* out);
  bool ReadInt(JsonScan* scan, const FieldSpec& field, Event* event);
  bool ReadNumberString(JsonScan* scan, const FieldSpec& field, Event* event);
  bool ReadName(JsonScan* scan, const FieldSpec& field, std::size_t* out);
  bool ReadBits(JsonScan* scan, const FieldSpec& field, Event* event);
  bool ReadCount(JsonScan* scan, EndLine* end);
  /// Marks a bit of seen_; a second time is a failure.
  bool See(std::uint32_t bit, JsonScan* scan, std::string_view key, std::size_t offset);
  bool UnknownKey(JsonScan* scan, std::string_view key, std::size_t offset, const EventSpec& spec);

  const Header& header_;
  TextTable* texts_;
  EventRules rules_;
  CanonicalLine canonical_;
  boost::unordered_flat_map<std::string_view, NodeId> node_ids_;  // views of header_
  std::string failure_;
  std::size_t failure_offset_ = 0;

  // Of the line being read.
  std::uint32_t seen_ = 0;
  std::size_t next_field_ = 0;
  std::array<Member, kMembersMax> pending_;
  std::size_t pending_count_ = 0;
};

}  // namespace tidegate::trace
