// PD's own HTTP interface, the few pages that scripts look at before an upgrade (pd:
// server/api/router.go, member.go, health.go, version.go; printed by unrolled/render, indented).
// The etcd gateway on the same port is whoever's is attached: it reads RangeJson.

#include <fmt/format.h>

#include "base/json.h"
#include "sim/world/hosts.h"
#include "sim/world/pd.h"

namespace tidegate::sim {

HttpResponse Pd::OnHttp(const HttpRequest& request) {
  HttpResponse response;
  const std::string& path = request.path;
  if (request.method != "GET") return {405, response.content_type, "", false};
  if (path == "/pd/ping" || path == "/pd/api/v1/ping") return response;
  const trace::NodeInfo& info = plan().info;
  JsonWriter json(JsonWriter::Style::kIndented);
  const auto member = [&] {
    json.BeginObject();
    json.Key("name").String(info.name);
    json.Key("member_id").Uint(1);
    json.Key("client_urls").BeginArray();
    json.String(fmt::format("http://{}:{}", info.host, info.port)).EndArray();
  };
  if (path == "/pd/api/v1/members") {
    json.BeginObject();
    json.Key("header").BeginObject().Key("cluster_id").Uint(world_.plan().cluster_id).EndObject();
    json.Key("members").BeginArray();
    member();
    json.EndObject().EndArray();
    for (const char* key : {"leader", "etcd_leader"}) {
      json.Key(key);
      member();
      json.EndObject();
    }
    json.EndObject();
  } else if (path == "/pd/health" || path == "/pd/api/v1/health") {
    json.BeginArray();
    member();
    json.Key("health").Bool(serves_etcd_).EndObject().EndArray();
  } else if (path == "/pd/api/v1/version") {
    json.BeginObject();
    json.Key("version").String(world_.hosts().running_version(id_)).EndObject();
  } else {
    return {404, response.content_type, "404 page not found\n", false};
  }
  response.content_type = "application/json; charset=UTF-8";
  response.body = json.Take();
  return response;
}

}  // namespace tidegate::sim
