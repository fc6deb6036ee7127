// Listing a part of PD's etcd over its v3 JSON gateway, at whichever path that PD's version has it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "engine/cluster.h"
#include "engine/port/port.h"
#include "engine/real/http_client.h"

namespace tidegate::engine {

/// Base64 with padding (RFC 4648).
std::string EncodeBase64(std::string_view bytes);

/// The request body that asks for every key below `root` + "/".
std::string RangeRequest(std::string_view root);

/// Asks one PD after the other until one answers: /v3/kv/range (etcd 3.4), /v3beta (3.3), /v3alpha
/// (3.2). The body is the gateway's own JSON. `timeout` is for all of them: each PD gets its share,
/// so that one that hangs leaves time for the others. Errors: the last PD's answer; kNotFound when
/// none has a gateway.
port::Answer ListEtcd(const std::vector<HostPort>& pds, const std::string& root, Duration timeout,
                      const Tls* tls = nullptr);

}  // namespace tidegate::engine
