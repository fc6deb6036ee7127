#include "verifier/checks/all.h"

#include <iterator>

namespace tidegate::verifier {

// Each factory is defined in the file of its check.
std::unique_ptr<Check> MakePublishOrder(const Context& context);
std::unique_ptr<Check> MakeGateSound(const Context& context);
std::unique_ptr<Check> MakeGateStaysShutBehind(const Context& context);
std::unique_ptr<Check> MakeGateHonest(const Context& context);
std::unique_ptr<Check> MakeGateOpens(const Context& context);
std::unique_ptr<Check> MakeCheckpointMonotonic(const Context& context);
std::unique_ptr<Check> MakeCheckpointNotAhead(const Context& context);
std::unique_ptr<Check> MakeResumesWhereItStopped(const Context& context);
std::unique_ptr<Check> MakeStillReadable(const Context& context);
std::unique_ptr<Check> MakeCheckpointUnderstood(const Context& context);
std::unique_ptr<Check> MakeCommitOrder(const Context& context);
std::unique_ptr<Check> MakeNoLostCommit(const Context& context);
std::unique_ptr<Check> MakeNoPhantom(const Context& context);
std::unique_ptr<Check> MakeNoDoubleApply(const Context& context);
std::unique_ptr<Check> MakeWholeTransaction(const Context& context);
std::unique_ptr<Check> MakeSchemaBeforeRows(const Context& context);
std::unique_ptr<Check> MakeStreamsDisjoint(const Context& context);
std::unique_ptr<Check> MakeConverges(const Context& context);
std::unique_ptr<Check> MakeStartsAtTheDump(const Context& context);
std::unique_ptr<Check> MakeSnapshotKept(const Context& context);
std::unique_ptr<Check> MakeReachesTarget(const Context& context);
std::unique_ptr<Check> MakeAPumpCanWrite(const Context& context);
std::unique_ptr<Check> MakeNewPumpsBeforeSwitch(const Context& context);
std::unique_ptr<Check> MakeServiceDetached(const Context& context);
std::unique_ptr<Check> MakeEveryWriterLogs(const Context& context);
std::unique_ptr<Check> MakeCompatibleWriter(const Context& context);
std::unique_ptr<Check> MakeCompatibleParts(const Context& context);
std::unique_ptr<Check> MakeGateBeforeNewDrainer(const Context& context);
std::unique_ptr<Check> MakeOldSideKeptUntilDrained(const Context& context);
std::unique_ptr<Check> MakeSinkOutlivesOldSide(const Context& context);
std::unique_ptr<Check> MakeSingleDownstreamWriter(const Context& context);
std::unique_ptr<Check> MakeRunsWhatWasInstalled(const Context& context);
std::unique_ptr<Check> MakeNoSharedHome(const Context& context);
std::unique_ptr<Check> MakeConfigCarried(const Context& context);
std::unique_ptr<Check> MakeNotifyUnblocked(const Context& context);
std::unique_ptr<Check> MakeRegistryMoves(const Context& context);
std::unique_ptr<Check> MakeOnePumpAtATime(const Context& context);
std::unique_ptr<Check> MakePumpBeforeDrainer(const Context& context);
std::unique_ptr<Check> MakeStaysRetired(const Context& context);
std::unique_ptr<Check> MakeDoesWhatItPlanned(const Context& context);
std::unique_ptr<Check> MakeBounded(const Context& context);
std::unique_ptr<Check> MakeProgress(const Context& context);
std::unique_ptr<Check> MakeWriteAvailability(const Context& context);
std::unique_ptr<Check> MakeSilentSkip(const Context& context);

namespace {

using Factory = std::unique_ptr<Check> (*)(const Context&);
constexpr Factory kFactories[] = {
    // Procedure
    MakeReachesTarget,
    MakeAPumpCanWrite,
    MakeNewPumpsBeforeSwitch,
    MakeServiceDetached,
    MakeEveryWriterLogs,
    MakeCompatibleWriter,
    MakeCompatibleParts,
    MakeGateBeforeNewDrainer,
    MakeOldSideKeptUntilDrained,
    MakeSinkOutlivesOldSide,
    MakeSingleDownstreamWriter,
    MakeRunsWhatWasInstalled,
    MakeNoSharedHome,
    MakeConfigCarried,
    MakeNotifyUnblocked,
    MakeRegistryMoves,
    MakeOnePumpAtATime,
    MakePumpBeforeDrainer,
    MakeStaysRetired,
    MakeStartsAtTheDump,
    MakeSnapshotKept,
    // Gate
    MakeGateSound,
    MakeGateStaysShutBehind,
    MakeGateHonest,
    MakeGateOpens,
    // Checkpoint
    MakeCheckpointMonotonic,
    MakeCheckpointNotAhead,
    MakeResumesWhereItStopped,
    MakeStillReadable,
    MakeCheckpointUnderstood,
    // Data
    MakePublishOrder,
    MakeCommitOrder,
    MakeNoLostCommit,
    MakeNoPhantom,
    MakeNoDoubleApply,
    MakeWholeTransaction,
    MakeSchemaBeforeRows,
    MakeStreamsDisjoint,
    MakeConverges,
    // Engine and service
    MakeDoesWhatItPlanned,
    MakeBounded,
    MakeProgress,
    MakeWriteAvailability,
    MakeSilentSkip,
};

}  // namespace

std::vector<std::unique_ptr<Check>> MakeAllChecks(const Context& context) {
  std::vector<std::unique_ptr<Check>> checks;
  checks.reserve(std::size(kFactories));
  for (const Factory factory : kFactories) checks.push_back(factory(context));
  return checks;
}

}  // namespace tidegate::verifier
