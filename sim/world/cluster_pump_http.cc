// HTTP of a cluster-era Pump, and the faults that concern it alone (tidb-binlog: pump/server.go,
// pump/status.go, pump/metrics.go).

#include <fmt/format.h>

#include <charconv>

#include "sim/world/cluster_pump.h"
#include "sim/world/cluster_status.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {
namespace {

using trace::EventKind;
using trace::RegistryState;
using Root = RegistryRecord::Root;

constexpr std::string_view kDebugBinlog = "/debug/binlog/";
constexpr std::string_view kDebugGc = "/debug/gc/trigger";

HttpResponse NotFound() {
  return {404, "text/plain; charset=utf-8", "404 page not found\n", false};
}
HttpResponse NotAllowed() { return {405, "text/plain; charset=utf-8", "", false}; }

std::string_view TypeName(std::uint8_t type) {
  switch (static_cast<trace::BinlogType>(type)) {
    case trace::BinlogType::kPrewrite: return "Prewrite";
    case trace::BinlogType::kCommit: return "Commit";
    default: return "Rollback";  // a fake is one whose timestamps are equal
  }
}

}  // namespace

HttpResponse ClusterPump::OnHttp(const HttpRequest& request) {
  const std::string& path = request.path;
  HttpResponse response;
  if (path.rfind("/state/", 0) == 0) {
    if (request.method != "PUT") return NotAllowed();
    StateChange change = JudgeStateChange(path, world_.pd().IdOf(id_), state_);
    if (change.accepted) {
      // The answer is sent first; closing is asynchronous (pump/server.go ApplyAction).
      state_ = change.close ? RegistryState::kClosing : RegistryState::kPausing;
      closing_ = true;
      world_.kernel().After(id_, kMillisecond, kClose, change.close ? 1 : 0);
    }
    return change.response;
  }
  if (path.rfind("/debug/", 0) == 0 && path.rfind("/debug/pprof", 0) != 0) return Debug(request);
  if (path != "/status" && path != "/drainers" && path != "/metrics" &&
      path.rfind("/debug/pprof", 0) != 0) {
    return NotFound();
  }
  if (request.method != "GET") return NotAllowed();
  if (path == "/status") {
    Tso now = 0;
    const bool reached =
        world_.pd().List(id_, Root::kPumps, &list_) && world_.pd().GetTso(id_, &now);
    response.body = ClusterPumpStatusBody(list_, now, reached ? "" : "context deadline exceeded");
  } else if (path == "/drainers") {
    const bool reached = world_.pd().List(id_, Root::kDrainers, &list_);
    response.body = ClusterDrainersBody(reached, list_);
  } else if (path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = Metrics();
  } else {  // net/http/pprof, on the default mux
    response.content_type = "text/html; charset=utf-8";
    response.body = "<html>\n<head>\n<title>/debug/pprof/</title>\n</head>\n</html>\n";
  }
  return response;
}

// pump/server.go BinlogByTS and TriggerGC; which of them there are depends on the release.
HttpResponse ClusterPump::Debug(const HttpRequest& request) {
  HttpResponse response;
  if (request.path == kDebugGc && dialect_->debug_pages == DebugPages::kBinlogAndGc) {
    if (request.method != "POST") return NotAllowed();
    Collect();
    response.body = "trigger gc success";
    return response;
  }
  if (request.path.rfind(kDebugBinlog, 0) != 0 || dialect_->debug_pages == DebugPages::kNone) {
    return NotFound();
  }
  if (request.method != "GET") return NotAllowed();
  const std::string text = request.path.substr(kDebugBinlog.size());
  Tso ts = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), ts);
  if (code != std::errc() || end != text.data() + text.size()) {
    response.body = fmt::format("invalid parameter ts: {}", text);
    return response;
  }
  const Binlog* binlog = store_.Find(ts);
  if (binlog == nullptr) {
    response.body = "leveldb: not found";
    return response;
  }
  const bool is_prewrite = binlog->commit_ts != ts;  // they lie below their start_ts
  response.body = fmt::format("tp:{} start_ts:{} commit_ts:{} ddl_job_id:{} \n\n PrewriteValue: \n",
                              is_prewrite ? "Prewrite" : TypeName(binlog->type), binlog->start_ts,
                              is_prewrite ? 0 : binlog->commit_ts, binlog->ddl_job_id);
  if (binlog->body != UINT32_MAX) {
    const TxnBody& body = world_.body(binlog->body);
    const RowChange* rows = world_.rows(body);
    for (std::uint32_t i = 0; i < body.row_count; ++i) {
      fmt::format_to(std::back_inserter(response.body), "mutations:<table_id:{} > ",
                     rows[i].table + 100);
    }
  }
  // Only a prewrite has a key, and only releases that look at MVCC themselves ask for it here.
  if (is_prewrite && dialect_->orphan != OrphanRule::kLockResolverAfter600s) {
    response.body += MvccText(binlog->start_ts);
  }
  return response;
}

// kvrpcpb.MvccGetByKeyResponse as the text of a protobuf message.
std::string ClusterPump::MvccText(Tso start_ts) {
  Tikv::TxnStatus status;
  if (!world_.tikv().GetTxnStatus(id_, start_ts, false, 0, &status)) {
    return "GetMvccByEncodedKey failed: context deadline exceeded";
  }
  std::string out = "\n\n GetMvccByEncodedKey: \ninfo:<";
  switch (status.state) {
    case Tikv::TxnState::kLocked: out += fmt::format("lock:<start_ts:{} > ", start_ts); break;
    case Tikv::TxnState::kCommitted:
      out += fmt::format("writes:<start_ts:{} commit_ts:{} > ", start_ts, status.commit_ts);
      break;
    case Tikv::TxnState::kRolledBack:
      out += fmt::format("writes:<type:Rollback start_ts:{0} commit_ts:{0} > ", start_ts);
      break;
    case Tikv::TxnState::kUnknown: break;
  }
  return out + "> ";
}

// tidb-binlog: pump/metrics.go, pump/storage/metrics.go; timestamps are physical milliseconds.
std::string ClusterPump::Metrics() const {
  return fmt::format(
      "# TYPE binlog_pump_rpc_duration_seconds histogram\n"
      "binlog_pump_rpc_duration_seconds_count{{method=\"WriteBinlog\",label=\"succ\"}} {}\n"
      "# TYPE binlog_pump_loss_binlog_count counter\n"
      "binlog_pump_loss_binlog_count {}\n"
      "# TYPE binlog_pump_detected_drainer_binlog_purge_count counter\n"
      "binlog_pump_detected_drainer_binlog_purge_count {}\n"
      "# TYPE binlog_pump_storage_gc_ts gauge\n"
      "binlog_pump_storage_gc_ts {}\n"
      "# TYPE binlog_pump_storage_done_gc_ts gauge\n"
      "binlog_pump_storage_done_gc_ts {}\n"
      "# TYPE binlog_pump_storage_max_commit_ts gauge\n"
      "binlog_pump_storage_max_commit_ts {}\n",
      write_rpcs_, lost_count_, lag_count_, TsoPhysicalMs(store_.gc_ts()),
      TsoPhysicalMs(store_.gc_ts()), TsoPhysicalMs(store_.max_commit_ts()));
}

bool ClusterPump::OnFault(const FaultPlan& fault, bool heal) {
  switch (fault.kind) {
    case FaultKind::kLoseBinlogs: writes_to_fail_ = heal ? 0 : fault.amount; return true;
    case FaultKind::kLoseAcks: acks_to_lose_ = heal ? 0 : fault.amount; return true;
    case FaultKind::kDiskFull: disk_full_ = !heal; return true;
    case FaultKind::kShortWrite: short_write_next_ = !heal; return true;
    case FaultKind::kPowerLoss:
      if (heal) return true;
      for (const Binlog& lost : store_.LoseTail(static_cast<std::size_t>(fault.amount))) {
        world_.Record({.kind = EventKind::kBinlogDropped,
                       .node = id_,
                       .code = static_cast<std::uint16_t>(trace::DropReason::kTornTail),
                       .a = lost.start_ts,
                       .b = lost.commit_ts});
      }
      return true;
    default: return false;
  }
}

}  // namespace tidegate::sim
