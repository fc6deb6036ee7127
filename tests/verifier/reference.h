// A naive verifier for no-lost-commit, checkpoint-not-ahead and converges: it holds the whole
// trace, asks each question again from the first event on, and shares nothing with the model but
// the words. Quadratic on purpose: what it says is plain enough to be believed.
#pragma once

#include <set>
#include <string>

#include "trace/recorder.h"

namespace tidegate::test {

struct ReferenceAnswer {
  std::set<Tso> lost;   ///< no-lost-commit: commit_ts of each transaction that it must name
  std::set<Tso> ahead;  ///< checkpoint-not-ahead: covered by a save before it was whole
  std::set<std::string> differing;  ///< converges: "2 rows of table a", one a table
  bool converges_judged = false;
};

/// Of the sink named "mysql". REQUIRES: the trace has rows and no DDL; a keyless row is inserted
/// once and never changed; each transaction has each row once; Drainers resume nowhere.
ReferenceAnswer AskReference(const trace::Trace& trace);

}  // namespace tidegate::test
