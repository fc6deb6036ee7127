// The gates of the hand-over. `proof` stands on every old Drainer when all of these do:
//   1. Lower > T0 in two snapshots, at least one detect interval apart, with Upper advanced between
//      them and, in the second, within one detect interval (and slack) of PD's time now. Lower
//      alone only means queued (tidb-binlog kafka: drainer/collector.go publish).
//   2. The saved checkpoint is at or past M, a timestamp below the marker DDL: a DDL forces a save
//      after all jobs before it (drainer/syncer.go). A checkpoint past T0 never comes: nothing
//      saves it.
//   3. Every pump ever registered is in PumpPos, or was marked offline before the upgrade so long
//      ago that its topic lies behind the checkpoint. One that went offline later is no proof: it
//      marks itself offline before its local tail is in Kafka (pump/server.go Close).
// Without a marker, queue sizes of /metrics and a settled observation stand for 2: evidence, not
// proof, and called that.
#pragma once

#include <vector>

#include "engine/condition.h"
#include "engine/registry.h"

namespace tidegate::engine {

/// How much older than PD's time a fresh Upper may be, beyond one detect interval.
inline constexpr Duration kFreshSlack = 5 * kSecond;
/// A Drainer ignores pumps that went offline this long before its checkpoint
/// (tidb-binlog kafka: drainer/config.go safe-forward-time).
inline constexpr Duration kSafeForward = 20 * kMinute;
/// How long queues must stay empty to count as evidence.
inline constexpr Duration kSettled = 30 * kSecond;

void AppendDrainedQueries(const Drained& gate, const LookContext& context,
                          std::vector<port::Query>* queries);
Verdict EvaluateDrained(const Drained& gate, const LookContext& context,
                        const std::vector<port::Answer>& answers);

void AppendHandOverQueries(const HandOverReady& look, const LookContext& context,
                           std::vector<port::Query>* queries);
Verdict EvaluateHandOver(const HandOverReady& look, const LookContext& context,
                         const std::vector<port::Answer>& answers);

void AppendCarriedQueries(const CheckpointCarried& look, const LookContext& context,
                          std::vector<port::Query>* queries);
Verdict EvaluateCarried(const CheckpointCarried& look, const LookContext& context,
                        const std::vector<port::Answer>& answers);

/// The fact "registry": "id", or "id=OFFLINE_TS" of an offline one, separated by blanks.
std::string RegistryFact(const Registry& registry);

}  // namespace tidegate::engine
