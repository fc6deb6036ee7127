#include "engine/real/etcd_gateway.h"

#include <fmt/format.h>

#include "base/json.h"

namespace tidegate::engine {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j) {
      group <<= 8;
      if (j < have) group |= static_cast<unsigned char>(bytes[i + j]);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= have ? kAlphabet[(group >> (18 - 6 * j)) & 63] : '=';
    }
  }
  return out;
}

std::string RangeRequest(std::string_view root) {
  const std::string begin = std::string(root) + "/";
  std::string end = begin;
  end.back() = '/' + 1;  // etcd: a range up to the prefix's successor
  JsonWriter json;
  json.BeginObject();
  json.Key("key").String(EncodeBase64(begin));
  json.Key("range_end").String(EncodeBase64(end));
  json.EndObject();
  return json.Take();
}

port::Answer ListEtcd(const std::vector<HostPort>& pds, const std::string& root, Duration timeout,
                      const Tls* tls) {
  port::Answer last{port::AnswerCode::kNotFound, 0, ""};
  const Duration share = pds.empty() ? timeout : timeout / static_cast<Duration>(pds.size());
  for (const HostPort& pd : pds) {
    for (const std::string_view version : {"v3", "v3beta", "v3alpha"}) {
      HttpRequest request;
      request.host = pd.host;
      request.port = pd.port;
      request.path = fmt::format("/{}/kv/range", version);
      request.post_body = RangeRequest(root);
      request.timeout = share;
      request.tls = tls;
      last = PerformHttp(request);
      if (last.ok()) return last;
      if (last.code != port::AnswerCode::kHttpStatus) break;  // this PD is away; ask the next
    }
    if (last.code == port::AnswerCode::kHttpStatus && last.status == 404) {
      last = {port::AnswerCode::kNotFound, 404, "PD has no etcd v3 JSON gateway"};
    }
  }
  return last;
}

}  // namespace tidegate::engine
