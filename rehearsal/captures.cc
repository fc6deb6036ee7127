#include "rehearsal/captures.h"

#include <fmt/format.h>

#include "base/files.h"
#include "sim/world/node_log.h"

namespace tidegate::rehearsal {

Result<std::size_t> WriteCaptures(const RunResult& run, std::int64_t epoch_ms,
                                  const std::string& folder) {
  std::size_t count = 0;
  for (const NodeLogText& log : run.logs) {
    TRY(WriteFileAtomically(fmt::format("{}/{}.log", folder, log.node), log.text));
    ++count;
  }
  for (const Taken& taken : run.taken) {
    std::string time = sim::UtcText(epoch_ms + taken.time / kMillisecond, '-');
    time[10] = 'T';
    TRY(WriteFileAtomically(
        fmt::format("{}/{}@{}Z.json", folder, run.trace.header.nodes[taken.node].name, time),
        taken.body));
    ++count;
  }
  return count;
}

}  // namespace tidegate::rehearsal
