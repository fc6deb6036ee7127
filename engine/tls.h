// Where the certificates are that a cluster with `enable_tls` asks for: PD, Pump, Drainer and
// TiDB's status port then speak TLS and want a client certificate of the cluster's CA
// (tidb-ansible: enable_tls; tidb: server/http_status.go; tidb-binlog: cmd/pump/pump.toml
// [security]).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tidegate::engine {

/// Files on the machine where the engine runs, PEM.
struct TlsFiles {
  std::string ca;
  std::string cert;
  std::string key;
  std::vector<std::string> plain;  ///< "HOST:PORT" of servers that speak plain HTTP all the same
};

/// What the inventory (`enable_tls` of [all:vars]) and the site file (`tls`) say; nothing: plain
/// HTTP. `site_path` may be empty. Errors: kBadInput when TLS is on and nobody says where the
/// files are; what reading the two can bring.
Result<std::optional<TlsFiles>> LoadTlsFiles(const std::string& inventory_path,
                                             const std::string& site_path);

}  // namespace tidegate::engine
