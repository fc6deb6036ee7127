// The fast way to read an event line: it takes only lines as AppendEventLine writes them (keys in
// the row's order, no white space, no escapes outside texts) and says no to everything else, which
// the general way then reads or names the error of. Twice as fast, because each key is one compare
// with what is expected there.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "trace/event_spec.h"
#include "trace/recorder.h"

namespace tidegate::trace {

class CanonicalLine {
 public:
  /// REQUIRES: both outlive the object.
  CanonicalLine(const Header& header, TextTable* texts);

  /// Fills `event`, whose rules are still to be tested; false: read the line in the general way
  /// (a text of it may have been interned already).
  bool Read(std::string_view line, Event* event);

 private:
  struct Cursor;
  struct Field {
    std::string literal;  ///< `,"node":`
    const FieldSpec* spec = nullptr;
    NodeId last_node = 0;  ///< of kNodeName: the likeliest one
  };

  bool ReadValue(Cursor* cursor, Field* field, Event* event);
  bool ReadNode(std::string_view name, Field* field, NodeId* out);
  bool ReadText(Cursor* cursor, TextId* out);

  const Header& header_;
  TextTable* texts_;
  boost::unordered_flat_map<std::string_view, NodeId> node_ids_;  // views of header_
  std::vector<std::vector<Field>> fields_;                        // by kind
};

}  // namespace tidegate::trace
