// The etcd v3 JSON gateway on PD's port: which requests read the registry and which write to it,
// and what they ask for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/port/port.h"

namespace tidegate::lab {

/// Does `target` belong to the gateway ("/v3/kv/range")?
bool IsGatewayPath(std::string_view target);

/// What follows the API's name in `target` ("/kv/range"). The gateway's paths go by etcd's version,
/// which goes by PD's. Errors: kNotFound: no such API at this PD.
Result<std::string_view> GatewayPath(std::string_view target, std::string_view pd_version);

/// Standard base64 with its padding; nothing: it is none.
std::optional<std::string> DecodeBase64(std::string_view text);

/// A read of one key, or of all that begin with one.
struct RegistryRead {
  std::string root;  ///< without the slash at its end
  bool whole_tree = false;
};

/// Reads a request's body. Errors: kNotFound: no such path at this PD; kUnavailable: a range
/// that is no prefix; kBadInput: no proper body.
Result<RegistryRead> ReadGatewayRequest(std::string_view target, const std::string& body,
                                        std::string_view pd_version);

/// Is `target` one of the writes, put, deleterange and txn?
bool IsGatewayWrite(std::string_view target);

/// The same for these, as what the world is to do (sim/world/etcd.h). Errors: kUnavailable also for
/// whatever the lab's etcd has no room for.
Result<engine::port::RunHook> ReadGatewayWrite(std::string_view target, const std::string& body,
                                               std::string_view pd_version);

/// Of a listing of everything that begins with `read`'s key: what the request asked for.
Result<std::string> GatewayAnswer(const RegistryRead& read, const std::string& listing);

}  // namespace tidegate::lab
