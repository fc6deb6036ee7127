// Whose act made it so: the one rule by which a missing transaction is laid at somebody's door. It
// is written down for users in docs/invariants.md.
#pragma once

#include <string>

#include "verifier/finding.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {

struct Blame {
  Cause cause = Cause::kProduct;
  std::string because;  ///< a clause: "old-pump-1 acknowledged it and lost it"
};

/// Why `commit` is not downstream. Product: a component dropped it, without any act of the engine.
/// Engine: the engine went on without it, started the Drainer behind it, or installed what wrote no
/// binlog for it. Scenario: a fault did, and neither of the others explains it.
Blame BlameForMissing(const Model& model, const SinkFacts& sink, const Commit& commit);

/// Did somebody drop the commit's binlog so that no Drainer can get it any more?
bool IsDroppedForGood(const Commit& commit);

/// Will the commit never be applied, as the run stands at its end? `clause` then says why that is
/// certain, `evidence` has the event that makes it so, if one does.
bool IsLostAtEnd(const Model& model, const SinkFacts& sink, const Commit& commit,
                 std::string* clause, std::vector<Evidence>* evidence);

}  // namespace tidegate::verifier
