// The etcd v3 JSON gateway on PD's port: which requests are reads of the registry, and what they
// ask for. Writes are not offered.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidegate::lab {

/// Does `target` belong to the gateway ("/v3/kv/range")?
bool IsGatewayPath(std::string_view target);

/// A read of one key, or of all that begin with one.
struct RegistryRead {
  std::string root;  ///< without the slash at its end
  bool whole_tree = false;
};

/// Reads a request's body. The gateway's paths go by etcd's version, which goes by PD's. Errors:
/// kNotFound: no such path at this PD; kUnavailable: a write, or a range that is no prefix;
/// kBadInput: no proper body.
Result<RegistryRead> ReadGatewayRequest(std::string_view target, const std::string& body,
                                        std::string_view pd_version);

/// Of a listing of everything that begins with `read`'s key: what the request asked for.
Result<std::string> GatewayAnswer(const RegistryRead& read, const std::string& listing);

}  // namespace tidegate::lab
