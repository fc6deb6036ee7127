// The registries of both eras in PD's etcd, read from the v3 JSON gateway's answer. The old one is
// /tidb-binlog/{pumps,cisterns}/ID/{object,alive}, the cluster one
// /tidb-binlog/v1/{pumps,drainers}/ID (tidb-binlog kafka: pump/registry.go; tidb-binlog:
// pkg/node/node.go).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/port/port.h"
#include "engine/status_body.h"

namespace tidegate::engine {

inline constexpr std::string_view kRegistryRoot = "/tidb-binlog";

/// A Pump or Drainer ("cistern") of the Kafka era.
struct OldNode {
  std::string id;
  std::string host;         ///< "ip:port"; "" when there is only an `alive` key
  bool has_object = false;  ///< the key without a lease: it stays when the process crashes
  bool alive = false;
  bool offline = false;  ///< it was stopped cleanly
  Tso offline_ts = 0;
};

struct Registry {
  std::vector<OldNode> pumps;
  std::vector<OldNode> cisterns;
  std::vector<ClusterNode> cluster_pumps;
  std::vector<ClusterNode> cluster_drainers;
};

/// Errors: kUnavailable when no whole answer came, kBadInput with the key that can't be read.
Result<Registry> ParseRegistry(const port::Answer& answer);

/// Bytes of a base64 text (RFC 4648, padding optional). Errors: kBadInput.
Result<std::string> DecodeBase64(std::string_view text);

}  // namespace tidegate::engine
