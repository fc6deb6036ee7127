// Writes to PD's etcd by somebody with a client of its own, as plain words of a hook, so that they
// are recorded as any action is:
//
//   etcd put KEY VALUE
//   etcd delete KEY one|prefix
//   etcd txn {compare KEY CLAUSE OPERAND} then {OP} else {OP}
//
// CLAUSE: absent, present, never (no operand), equal, not-equal, greater, less (of the value).
// OP: put KEY VALUE | range KEY one|prefix | delete KEY one|prefix; put-prev and delete-prev tell
// what was there, too. The answer's body is that of the etcd v3 JSON gateway.
//
// An entry is kept as its fields, so what is put must be a node's status of the cluster era; it
// reads back as the product writes it; what is deleted must be such an entry, too. Anything else is
// refused whole, with HTTP status 501.
#pragma once

#include <string>
#include <vector>

#include "engine/port/port.h"
#include "sim/world.h"

namespace tidegate::sim {

bool IsEtcd(const engine::port::RunHook& hook);

/// Whose entries it would write: the one node's, or PD's where that is nobody or several.
NodeId EtcdTarget(const World& world, const std::vector<std::string>& argv);

/// Carries it out, as one transaction, for somebody on the machine of `from`. An etcd that does not
/// answer: kTimedOut.
engine::port::Answer RunEtcd(World& world, NodeId from, const std::vector<std::string>& argv);

}  // namespace tidegate::sim
