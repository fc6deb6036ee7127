// A host of engines, seen by the contract test: something that carries out a script, in a small
// world in which each way to answer exists once. What the two worlds call by different names is in
// Places.
#pragma once

#include <string>
#include <vector>

#include "engine/port/port.h"
#include "tests/contract/script.h"

namespace tidegate::test {

struct Places {
  // -- units
  engine::port::ShowUnit unit;  ///< runs, and can be stopped and started
  engine::port::ShowUnit unknown_unit;
  engine::port::ShowUnit broken_unit;  ///< does not start
  engine::port::ShowUnit hung_unit;    ///< does not stop
  // -- files
  std::string host;
  std::string folder;                  ///< where files can be written
  engine::port::BinaryVersion binary;  ///< is "v2.0.7"
  // -- HTTP
  engine::port::HttpGet page;
  std::string page_body;
  engine::port::HttpGet missing_page;  ///< 404
  std::string missing_page_body;
  engine::port::HttpGet closing;  ///< closes without an answer
  engine::port::HttpGet hung;
  engine::port::HttpGet nobody;  ///< no listener
  // -- SQL
  std::string sql;  ///< knows `replace` and `select` of the checkpoint row
  std::string sql_down;
  // -- hooks: two of them take note of themselves; the last one fails
  engine::port::RunHook detach;
  engine::port::RunHook attach;
  engine::port::RunHook failing;
};

/// Where the first incarnation of a script dies: in the middle of `Places::detach`, its first
/// action, or, with a torn tail, while it writes the last record before that.
enum class Cut { kInAction, kTornTail };

class HostUnderTest {
 public:
  virtual ~HostUnderTest() = default;

  virtual const Places& places() = 0;

  /// Carries the script out, to its end. The operator answers "no" to "doubt", else "yes".
  virtual void Run(Script script) = 0;
  /// Carries out `first` until it dies, then `second` as the engine that was resumed.
  virtual void RunWithCrash(Script first, Cut cut, Script second) = 0;

  /// The incarnation that came to the script's end.
  const Incarnation& seen() const { return seen_; }
  /// What became visible outside, in order, each with the number of journal records that could be
  /// read at that moment: "2 hook detach-service", "3 told text".
  virtual std::vector<std::string> Visible() = 0;
  /// The journal as somebody else reads it.
  virtual std::vector<engine::port::JournalRecord> Journal() = 0;

 protected:
  Incarnation seen_;
};

}  // namespace tidegate::test
