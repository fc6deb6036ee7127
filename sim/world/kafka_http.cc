#include "sim/world/kafka_http.h"

#include <fmt/format.h>

#include "base/json.h"
#include "sim/world/old_transport.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

// tipb Pos with `omitempty` on both members.
std::string Offset(std::int64_t offset) {
  return offset == 0 ? "{}" : fmt::format("{{\"offset\":{}}}", offset);
}

std::string Place(std::int64_t suffix, std::int64_t offset) {
  if (suffix == 0) return Offset(offset);
  if (offset == 0) return fmt::format("{{\"suffix\":{}}}", suffix);
  return fmt::format("{{\"suffix\":{},\"offset\":{}}}", suffix, offset);
}

// Tags v1.0 and rc2.3: pump/status.go: plain positions, and no Checkpoint.
std::string PlainPumpStatus(const std::vector<const RegistryRecord*>& pumps, Tso now) {
  std::string latest;
  for (const RegistryRecord* pump : pumps) {
    latest += fmt::format("{}{}:{}", latest.empty() ? "" : ",", JsonQuote(pump->id),
                          pump->form == PositionForm::kLatestPos
                              ? Offset(pump->kafka_offset)
                              : Place(pump->file_suffix, pump->file_offset));
  }
  return fmt::format("{{\"LatestBinlog\":{{{}}},\"CommitTS\":{},\"ErrMsg\":\"\"}}\n", latest, now);
}

std::string PumpStatus(World& world, NodeId id, const KafkaPumpNumbers& numbers) {
  std::vector<const RegistryRecord*> pumps;
  Tso now = 0;
  if (!world.pd().List(id, RegistryRecord::Root::kOldPumps, &pumps)) {
    return "{\"LatestBinlog\":null,\"CommitTS\":0,\"Checkpoint\":{},\"ErrMsg\":\"context deadline "
           "exceeded\"}\n";
  }
  for (const RegistryRecord* pump : pumps) {  // one that can't be decoded ends the whole list
    if (!pump->undecodable) continue;
    return "{\"LatestBinlog\":null,\"CommitTS\":0,\"Checkpoint\":{},\"ErrMsg\":\"error unmarshal "
           "NodeStatus\"}\n";
  }
  if (!world.pd().GetTso(id, &now)) {
    return "{\"LatestBinlog\":null,\"CommitTS\":0,\"Checkpoint\":{},\"ErrMsg\":\"rpc error: code = "
           "Unavailable\"}\n";
  }
  if (numbers.form != PositionForm::kFileAndKafka) return PlainPumpStatus(pumps, now);
  std::string latest;
  for (const RegistryRecord* pump : pumps) {
    latest += fmt::format("{}{}:{{\"file-position\":{},\"kafka-position\":{}}}",
                          latest.empty() ? "" : ",", JsonQuote(pump->id),
                          Offset(pump->file_offset * kBytesPerBinlog), Offset(pump->kafka_offset));
  }
  return fmt::format(
      "{{\"LatestBinlog\":{{{}}},\"CommitTS\":{},\"Checkpoint\":{},\"ErrMsg\":\"\"}}\n", latest,
      now, Offset(numbers.acked * kBytesPerBinlog));
}

std::string PumpMetrics(const KafkaPumpNumbers& numbers) {
  return fmt::format(
      "# TYPE binlog_pump_checkpoint gauge\n"
      "binlog_pump_checkpoint{{label=\"current\"}} {}\n"
      "binlog_pump_checkpoint{{label=\"latest\"}} {}\n"
      "# TYPE binlog_pump_loss_binlog_count counter\n"
      "binlog_pump_loss_binlog_count {}\n"
      "# TYPE binlog_pump_corruption_binlog_count counter\n"
      "binlog_pump_corruption_binlog_count {}\n",
      numbers.acked * kBytesPerBinlog, numbers.file_end * kBytesPerBinlog, numbers.lost_count,
      numbers.torn_count);
}

std::string DrainerMetrics(const KafkaDrainerNumbers& numbers) {
  std::string out = fmt::format(
      "# TYPE binlog_drainer_window gauge\n"
      "binlog_drainer_window{{marker=\"lower\"}} {}\n"
      "binlog_drainer_window{{marker=\"upper\"}} {}\n"
      "# TYPE binlog_drainer_position gauge\n"
      "binlog_drainer_position {}\n"
      "# TYPE binlog_drainer_queue_size gauge\n"
      "binlog_drainer_queue_size{{name=\"syncer_input\"}} {}\n"
      "# TYPE binlog_drainer_error_binlog_count counter\n"
      "binlog_drainer_error_binlog_count {}\n"
      "# TYPE binlog_drainer_query_tikv_count counter\n"
      "binlog_drainer_query_tikv_count {}\n",
      numbers.lower, numbers.upper, numbers.saved_commit_ts, numbers.input_queue,
      numbers.error_count, numbers.query_tikv_count);
  for (const auto& [id, offset] : numbers.pump_pos) {
    out += fmt::format("binlog_drainer_offset{{nodeID=\"{}\"}} {}\n", id, offset);
  }
  return out;
}

}  // namespace

HttpResponse KafkaPumpHttp(World& world, NodeId id, const HttpRequest& request,
                           const KafkaPumpNumbers& numbers) {
  HttpResponse response;
  if (request.path == "/status") {
    // write-mode kafka: the handler reads a nil checkpoint and panics.
    if (!numbers.mixed && numbers.form == PositionForm::kFileAndKafka) {
      response.closed = true;
    } else {
      response.body = PumpStatus(world, id, numbers);
    }
  } else if (request.path == "/metrics") {
    response.body = PumpMetrics(numbers);
  } else if (request.path == "/drainers") {
    std::vector<const RegistryRecord*> drainers;
    std::string list;
    world.pd().List(id, RegistryRecord::Root::kOldDrainers, &drainers);
    for (const RegistryRecord* drainer : drainers) {
      list += fmt::format(
          "{}{{\"NodeID\":{},\"Host\":{},\"IsAlive\":{},\"IsOffline\":false,\"LatestFilePos\":{{}},"
          "\"LatestKafkaPos\":{{}},\"OfflineTS\":0}}",
          list.empty() ? "" : ",", JsonQuote(drainer->id), JsonQuote(drainer->host),
          drainer->alive_until > world.now() ? "true" : "false");
    }
    response.body = "[" + list + "]\n";
  } else {
    response = {404, "text/plain; charset=utf-8", "404 page not found\n", false};
  }
  return response;
}

HttpResponse KafkaDrainerHttp(const HttpRequest& request, const Dialect& dialect,
                              const KafkaDrainerNumbers& numbers) {
  HttpResponse response;
  if (request.path == "/metrics") {
    response.body = DrainerMetrics(numbers);
    return response;
  }
  if (request.path != "/status") {
    return {404, "text/plain; charset=utf-8", "404 page not found\n", false};
  }
  if (!numbers.ticked && dialect.early_status != EarlyStatus::kZeroObject) {
    response.closed = dialect.early_status == EarlyStatus::kEmptyReply;
    response.body = response.closed ? "" : "null\n";
    return response;
  }
  std::string positions;
  for (const auto& [id, offset] : numbers.pump_pos) {
    positions += fmt::format(
        "{}{}:{}", positions.empty() ? "" : ",", JsonQuote(id),
        numbers.in_files
            ? Place(LocalSuffix(offset), offset % kLocalRecordsPerFile * kBytesPerBinlog)
            : Offset(offset));
  }
  // Polls ask for little else, so it is put together without a format.
  std::string& body = response.body;
  body = "{\"PumpPos\":";
  body += numbers.ticked ? "{" + positions + "}" : "null";
  body += numbers.synced ? ",\"Synced\":true" : ",\"Synced\":false";
  body += ",\"DepositWindow\":{\"Upper\":";
  body += fmt::format_int(numbers.upper).c_str();
  body += ",\"Lower\":";
  body += fmt::format_int(numbers.lower).c_str();
  body += dialect.ts_map == TsMapField::kEmptyString ? "},\"TsMap\":\"\"}\n" : "}}\n";
  return response;
}

}  // namespace tidegate::sim
