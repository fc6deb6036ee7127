// TiDB's DDL jobs, and what it answers to people: status port and SQL.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sim/world/control.h"
#include "sim/world/hosts.h"
#include "sim/world/pd.h"
#include "sim/world/service.h"
#include "sim/world/tidb.h"

namespace tidegate::sim {
namespace {

constexpr int kConnectionsShown = 8;  // of attached clients, in /status

}  // namespace

void Tidb::RunMarker(std::uint16_t table, const std::string& name, std::uint64_t action) {
  if (world_.tikv().HasMarker(name)) {  // if not exists: no job
    world_.control().SqlDone(action, {});
    return;
  }
  RunDdl(table, false, action, name);
}

void Tidb::RunDdl(std::uint16_t table, bool cancelled, std::uint64_t action, std::string marker) {
  const Job job{world_.tikv().NextJobId(), table, cancelled, action, std::move(marker)};
  world_.tikv().QueueJob({job.id, table, cancelled, action, job.marker, id_});
  jobs_.push_back(job);
  world_.kernel().After(id_, kDdlStepDelay, kDdlStep, static_cast<std::uint64_t>(job.id));
}

// ddl_worker.go: the transaction that moves the job to the history carries the DDL's binlog.
void Tidb::BeginDdl(const Job& job) {
  Tso start_ts = 0;
  if (!world_.pd().GetTso(id_, &start_ts)) {
    world_.kernel().After(id_, kRetryPause, kDdlStep, static_cast<std::uint64_t>(job.id));
    return;
  }
  world_.tikv().Prewrite(start_ts);
  TxnBody body;
  body.ddl = 1;
  body.cancelled = job.cancelled ? 1 : 0;
  body.ddl_table = job.table;
  body.ddl_shape =
      static_cast<std::uint16_t>(world_.tikv().shape(job.table) + (job.cancelled ? 0 : 1));
  Open open;
  open.body = world_.AddBody(body, {});
  open.ddl_job_id = job.id;
  WritePrewrite(start_ts, open_.emplace(start_ts, open).first->second);
}

void Tidb::FinishDdl(const Open& open, bool done) {
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    if (jobs_[i].id != open.ddl_job_id) continue;
    const std::uint64_t action = jobs_[i].action;
    if (done && !jobs_[i].marker.empty()) world_.tikv().AddMarker(jobs_[i].marker);
    jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(i));
    if (action != 0) {
      world_.control().SqlDone(action,
                               done ? engine::port::Answer{}
                                    : engine::port::Answer{engine::port::AnswerCode::kFailed, 1,
                                                           "ERROR 8066: write binlog failed"});
    }
    return;
  }
}

HttpResponse Tidb::OnHttp(const HttpRequest& request) {
  HttpResponse response;
  response.content_type = "application/json";
  if (request.path == "/status") {
    response.body =
        fmt::format("{{\"connections\":{},\"version\":\"5.7.10-TiDB-{}\",\"git_hash\":\"\"}}",
                    world_.service().IsReachable(id_) ? kConnectionsShown : 0,
                    world_.hosts().running_version(id_));
  } else if (request.path.rfind("/binlog/recover", 0) == 0 && cluster_release_) {
    response.body = fmt::format("{{\"Skipped\":{},\"SkippedCommitterCounter\":0}}",
                                skipping_ ? "true" : "false");
  } else {
    response = {404, "text/plain; charset=utf-8", "404 page not found\n", false};
  }
  return response;
}

engine::port::Answer Tidb::OnSql(std::string_view statement) {
  using engine::port::Answer;
  using engine::port::AnswerCode;
  if (!listening_) return {AnswerCode::kConnectionRefused, 0, ""};
  std::string lower(statement);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower.rfind("admin show ddl jobs", 0) == 0) {
    std::string body =
        "JOB_ID\tDB_NAME\tTABLE_NAME\tJOB_TYPE\tSCHEMA_STATE\tSCHEMA_ID\tTABLE_ID\tROW_COUNT\t"
        "START_TIME\tSTATE\n";
    world_.tikv().ShowJobs(&body);
    return {AnswerCode::kOk, 0, body};
  }
  if (lower.rfind("show tables", 0) == 0) {
    const std::size_t begin = lower.find("tidegate_marker_");
    std::string name = begin == std::string::npos ? "" : lower.substr(begin);
    name = name.substr(0, name.find_first_of("'\"%"));
    const bool there = !name.empty() && world_.tikv().HasMarker(name);
    return {AnswerCode::kOk, 0, there ? "Tables\n" + name + "\n" : ""};
  }
  return {AnswerCode::kFailed, 1,
          fmt::format("ERROR 1105 (HY000): this TiDB runs no such statement: {}",
                      statement.substr(0, 60))};
}

}  // namespace tidegate::sim
