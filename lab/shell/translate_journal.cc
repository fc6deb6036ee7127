// journalctl asks which unit is meant, and what time it is; it reads the rest itself.
#include <fmt/format.h>

#include "lab/shell/errand.h"

namespace tidegate::lab {

// Microseconds of 1970, then the units whose journals are asked for, each by the plan's name: all
// of the host's without words.
void TranslateJournalctl(const Errand::Self& errand) {
  const std::string& host = errand->request.host;
  errand->reply.output =
      fmt::format("{}\n", errand->plan.epoch_ms * 1000 + errand->hands.now() / kMicrosecond);
  std::vector<std::string> units = errand->request.argv;
  if (units.empty()) units = errand->trees.Units(host);
  for (const std::string& unit : units) {
    const NodeId node = errand->trees.NodeOfUnit(host, unit);
    if (node == kNoNode) continue;
    errand->reply.output += errand->plan.nodes[node].info.unit + "\n";
  }
}

}  // namespace tidegate::lab
