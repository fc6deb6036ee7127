// HTTP of a cluster-era Drainer (tidb-binlog: drainer/server.go, status.go, metrics.go).

#include <fmt/format.h>

#include "sim/world/cluster_drainer.h"
#include "sim/world/cluster_status.h"

namespace tidegate::sim {

// drainer/syncer.go: idle longer than synced-check-time, and nothing else. In 2.1 the workers'
// three-second timers refresh the time of the last success whenever dispatch is on.
bool ClusterDrainer::SyncedNow() const {
  switch (dialect_->cluster_synced) {
    case ClusterSynced::kIdleRefreshed:
      if (config_.dispatch) return false;
      break;
    case ClusterSynced::kSuccessOnly: break;
  }
  return world_.now() - loader_.last_success_at() > config_.synced_check_time;
}

HttpResponse ClusterDrainer::OnHttp(const HttpRequest& request) {
  HttpResponse response;
  const std::string& path = request.path;
  if (path.rfind("/state/", 0) == 0) {
    if (request.method != "PUT") return {405, response.content_type, "", false};
    StateChange change = JudgeStateChange(path, world_.pd().IdOf(id_), state_);
    if (change.accepted) {
      state_ = change.close ? trace::RegistryState::kClosing : trace::RegistryState::kPausing;
      closing_ = true;
      world_.kernel().After(id_, kMillisecond, kClose, change.close ? 1 : 0);
    }
    return change.response;
  }
  const bool pprof = path.rfind("/debug/pprof", 0) == 0;
  if (path != "/status" && path != "/commit_ts" && path != "/metrics" && !pprof) {
    return {404, response.content_type, "404 page not found\n", false};
  }
  if (request.method != "GET") return {405, response.content_type, "", false};
  if (path == "/status") {
    if (ticked_ && SyncedNow())
      synced_ = true;  // drainer/collector.go HTTPStatus: until the next tick
    response.body = ClusterDrainerStatusBody({ticked_, pump_pos_, synced_, saved_ts_});
  } else if (path == "/commit_ts") {
    response.content_type = "application/json; charset=UTF-8";
    response.body = ClusterCommitTsBody(saved_ts_);
  } else if (path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = Metrics();
  } else {  // net/http/pprof, on the default mux
    response.content_type = "text/html; charset=utf-8";
    response.body = "<html>\n<head>\n<title>/debug/pprof/</title>\n</head>\n</html>\n";
  }
  return response;
}

// Timestamps are physical milliseconds.
std::string ClusterDrainer::Metrics() const {
  std::string out = "# TYPE binlog_drainer_pump_position gauge\n";
  for (const auto& [id, commit_ts] : pump_pos_) {
    fmt::format_to(std::back_inserter(out), "binlog_drainer_pump_position{{nodeID=\"{}\"}} {}\n",
                   id, TsoPhysicalMs(commit_ts));
  }
  fmt::format_to(std::back_inserter(out),
                 "# TYPE binlog_drainer_checkpoint_tso gauge\n"
                 "binlog_drainer_checkpoint_tso {}\n"
                 "# TYPE binlog_drainer_disorder_binlog_count counter\n"
                 "binlog_drainer_disorder_binlog_count {}\n"
                 "# TYPE binlog_drainer_ddl_jobs_total counter\n"
                 "binlog_drainer_ddl_jobs_total {}\n"
                 "# TYPE binlog_drainer_queue_size gauge\n"
                 "binlog_drainer_queue_size{{name=\"syncer_input\"}} {}\n",
                 TsoPhysicalMs(saved_ts_), disorder_count_, loader_.ddl_count(),
                 loader_.waiting_count());
  return out;
}

}  // namespace tidegate::sim
