// TiDB's DDL jobs, and what it answers to people: status port and SQL.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sim/world/cluster_status.h"
#include "sim/world/control.h"
#include "sim/world/hosts.h"
#include "sim/world/pd.h"
#include "sim/world/service.h"
#include "sim/world/tidb.h"

namespace tidegate::sim {
namespace {

constexpr int kConnectionsShown = 8;  // of attached clients, in /status

// "2019-04-28 09:29:57", by the calendar's rule of 400 years (H. Hinnant: days from civil).
std::string UtcOfMs(std::int64_t ms) {
  const std::int64_t seconds = ms / 1000;
  const std::int64_t days = seconds / 86'400 + 719'468;  // since 0000-03-01
  const std::int64_t era = days / 146'097;
  const std::int64_t of_era = days % 146'097;
  const std::int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * of_year + 2) / 153;
  const std::int64_t day = of_year - (153 * month + 2) / 5 + 1;
  const std::int64_t shown = month < 10 ? month + 3 : month - 9;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", year + era * 400 + (shown <= 2 ? 1 : 0),
                     shown, day, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

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
    // server/http_handler.go binlogRecover: no op and nowait clear the flag, reset the counter.
    const std::size_t at = request.path.find("op=");
    const std::string op = at == std::string::npos ? "" : request.path.substr(at + 3);
    if (op.empty() || op.rfind("nowait", 0) == 0) skipping_ = false;
    if (op.rfind("reset", 0) == 0) skipped_commits_ = 0;
    response.body = fmt::format("{{\"Skipped\":{},\"SkippedCommitterCounter\":{}}}",
                                skipping_ ? "true" : "false", skipped_commits_);
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
  // What people and scripts ask to see whether it is there.
  if (lower.rfind("select 1", 0) == 0) return {AnswerCode::kOk, 0, "1\n1\n"};
  if (lower.rfind("select version()", 0) == 0) {
    return {AnswerCode::kOk, 0,
            fmt::format("version()\n5.7.10-TiDB-{}\n", world_.hosts().running_version(id_))};
  }
  if (lower.rfind("admin show ddl jobs", 0) == 0) {
    std::string body =
        "JOB_ID\tDB_NAME\tTABLE_NAME\tJOB_TYPE\tSCHEMA_STATE\tSCHEMA_ID\tTABLE_ID\tROW_COUNT\t"
        "START_TIME\tSTATE\n";
    world_.tikv().ShowJobs(&body);
    return {AnswerCode::kOk, 0, body};
  }
  if (lower.find("tikv_gc_life_time") != std::string::npos) return GcLife(statement);
  if (lower.rfind("show tables", 0) == 0) {
    const std::size_t begin = lower.find("tidegate_marker_");
    std::string name = begin == std::string::npos ? "" : lower.substr(begin);
    name = name.substr(0, name.find_first_of("'\"%"));
    const bool there = !name.empty() && world_.tikv().HasMarker(name);
    return {AnswerCode::kOk, 0, there ? "Tables\n" + name + "\n" : ""};
  }
  if (cluster_release_ && lower.rfind("show pump status", 0) == 0) {
    return {AnswerCode::kOk, 0, ShowStatus(true)};
  }
  if (cluster_release_ && lower.rfind("show drainer status", 0) == 0) {
    return {AnswerCode::kOk, 0, ShowStatus(false)};
  }
  if (cluster_release_ && lower.rfind("change pump to node_state", 0) == 0) {
    return ChangeState(statement, true);
  }
  if (cluster_release_ && lower.rfind("change drainer to node_state", 0) == 0) {
    return ChangeState(statement, false);
  }
  return {AnswerCode::kFailed, 1,
          fmt::format("ERROR 1105 (HY000): this TiDB runs no such statement: {}",
                      statement.substr(0, 60))};
}

// mysql.tidb holds the GC worker's variables (tidb: gcworker/gc_worker.go).
engine::port::Answer Tidb::GcLife(std::string_view statement) {
  using engine::port::AnswerCode;
  if (statement.rfind("select", 0) == 0) {
    return {AnswerCode::kOk, 0, "VARIABLE_VALUE\n" + world_.tikv().gc_life() + "\n"};
  }
  const std::size_t begin = statement.find('\'');
  const std::size_t end = statement.find('\'', begin + 1);
  const std::string text(begin == std::string_view::npos || end == std::string_view::npos
                             ? std::string_view()
                             : statement.substr(begin + 1, end - begin - 1));
  const Result<Duration> life = ParseDuration(text);
  if (!life) return {AnswerCode::kFailed, 1, "ERROR 1232 (42000): Incorrect argument type"};
  world_.tikv().SetGcLife(text, *life);
  return {AnswerCode::kOk, 0, ""};
}

// executor/show.go: columns NodeID, Address, State, Max_Commit_Ts, Update_Time, from etcd.
std::string Tidb::ShowStatus(bool pumps) {
  using Root = RegistryRecord::Root;
  std::vector<const RegistryRecord*> records;
  world_.pd().List(id_, pumps ? Root::kPumps : Root::kDrainers, &records);
  std::string body = "NodeID\tAddress\tState\tMax_Commit_Ts\tUpdate_Time\n";
  for (const RegistryRecord* record : records) {
    fmt::format_to(std::back_inserter(body), "{}\t{}\t{}\t{}\t{}\n", record->id, record->host,
                   ClusterStateName(record->state), record->max_commit_ts,
                   UtcOfMs(TsoPhysicalMs(record->update_ts)));
  }
  return body;
}

// executor/change.go: reads the entry, sets its state and writes it back, as binlogctl update-*.
engine::port::Answer Tidb::ChangeState(std::string_view statement, bool pump) {
  using engine::port::AnswerCode;
  std::vector<std::string> words;
  for (std::size_t at = statement.find('\''); at != std::string_view::npos;
       at = statement.find('\'', at + 1)) {
    const std::size_t end = statement.find('\'', at + 1);
    if (end == std::string_view::npos) break;
    words.emplace_back(statement.substr(at + 1, end - at - 1));
    at = end;
  }
  if (words.size() != 2) {
    return {AnswerCode::kFailed, 1, "ERROR 1064 (42000): You have an error in your SQL syntax"};
  }
  using trace::RegistryState;
  for (const RegistryState state :
       {RegistryState::kOnline, RegistryState::kPausing, RegistryState::kPaused,
        RegistryState::kClosing, RegistryState::kOffline}) {
    if (ClusterStateName(state) != words[0]) continue;
    using Root = RegistryRecord::Root;
    const Root root = pump ? Root::kPumps : Root::kDrainers;
    if (world_.pd().Overwrite(root, words[1], state)) return {AnswerCode::kOk, 0, ""};
    return {AnswerCode::kFailed, 1, fmt::format("ERROR 1105 (HY000): node {} not found", words[1])};
  }
  return {AnswerCode::kFailed, 1, fmt::format("ERROR 1105 (HY000): state {} is illegal", words[0])};
}

}  // namespace tidegate::sim
