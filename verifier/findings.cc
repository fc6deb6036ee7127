#include "verifier/findings.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tidegate::verifier {

bool Findings::Again(const Check& check, std::uint64_t sort, Tso transaction) {
  for (Entry& entry : entries_) {
    if (entry.check != &check || entry.sort != sort) continue;
    ++entry.count;
    std::vector<Tso>& known = entry.draft.subjects.transactions;
    if (transaction != 0 && known.size() < kSubjectsMax &&
        std::find(known.begin(), known.end(), transaction) == known.end()) {
      known.push_back(transaction);
    }
    return true;
  }
  return false;
}

void Findings::Report(const Check& check, std::uint64_t sort, Draft draft) {
  CHECK(!draft.why.empty());
  entries_.push_back({.check = &check, .sort = sort, .count = 1, .draft = std::move(draft)});
}

}  // namespace tidegate::verifier
