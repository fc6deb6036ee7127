#include "sim/world/downstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sim/world/hosts.h"

namespace tidegate::sim {
namespace {

using engine::port::Answer;
using engine::port::AnswerCode;

constexpr std::size_t kRowsUsual = 500;  // of a small run, which spends a lot on growing tables

std::string Lower(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '`') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

// The word behind `keyword` in a lower-cased statement: the table that it is about.
std::string WordAfter(const std::string& statement, std::string_view keyword) {
  const std::size_t at = statement.find(keyword);
  if (at == std::string::npos) return "";
  const std::size_t begin = statement.find_first_not_of(' ', at + keyword.size());
  if (begin == std::string::npos) return "";
  return statement.substr(begin, statement.find_first_of(" (;", begin) - begin);
}

}  // namespace

Downstream::Downstream(World& world, NodeId id)
    : Node(world, id), shapes_(world.plan().tables.size(), 0) {
  rows_.reserve(kRowsUsual);
  // What could be taken back is kept only where that can come to pass.
  const std::string& kind = plan().version;
  may_tear_ = (kind == "file" || kind == "pb") &&
              std::any_of(world.plan().faults.begin(), world.plan().faults.end(),
                          [](const FaultPlan& f) { return f.kind == FaultKind::kPowerLoss; });
}

bool Downstream::LoadCheckpoint(NodeId from, const std::string& store, std::string* out) const {
  out->clear();
  if (hung_ || !world_.kernel().CanCall(from, id_)) return false;
  const auto found = stores_.find(store);
  if (found != stores_.end()) *out = found->second;
  return true;
}

void Downstream::OnStopSignal() {
  world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
}

void Downstream::OnMessage(const Envelope& envelope) {
  if (may_tear_ && DiedWith(envelope)) return;
  if (hung_) {
    waiting_.push_back(envelope);
    return;
  }
  Begin(envelope);
}

void Downstream::Begin(const Envelope& envelope) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(executing_.size());
    executing_.push_back(envelope);
  } else {
    slot = free_.back();
    free_.pop_back();
    executing_[slot] = envelope;
  }
  world_.kernel().After(id_, world_.plan().exec_latency + slow_, kDone, slot);
}

void Downstream::OnTimer(What, std::uint64_t a, std::uint32_t) {
  const Envelope request = executing_[a];
  if (hung_) {  // it hung while it executed: nothing is decided until it goes on
    waiting_.push_back(request);
    free_.push_back(static_cast<std::uint32_t>(a));
    return;
  }
  free_.push_back(static_cast<std::uint32_t>(a));
  if (may_tear_ && DiedWith(request)) return;
  if (static_cast<Msg>(request.what) == Msg::kSaveCheckpoint) {
    CheckpointWrite& write = world_.checkpoint_writes()[request.a];
    const Tso commit_ts = write.commit_ts;
    world_.Record({.kind = trace::EventKind::kCheckpointSaved,
                   .node = id_,
                   .peer = request.from,
                   .b = commit_ts,
                   .text = world_.Intern(write.body),
                   .n = world_.Intern(write.store)});
    stores_[write.store] = write.body;
    world_.checkpoint_writes().Give(request.a);
    world_.Send(id_, request.from, Msg::kCheckpointSaved, static_cast<std::uint64_t>(commit_ts));
    return;
  }
  bool ok = to_fail_ <= 0;
  if (!ok) --to_fail_;
  // One batch is one downstream transaction: all or nothing.
  const JobBatch& batch = world_.job_batches()[request.a];
  const bool too_large = std::any_of(batch.jobs.begin(), batch.jobs.end(),
                                     [](const Job& job) { return job.oversized != 0; });
  if (too_large || !ok) {
    ok = false;  // "Message was too large", or whatever the fault is
  } else if (batch.jobs.size() == 1) {
    ok = Apply(batch.jobs.front(), request.from);
  } else {
    staged_.clear();
    for (const Job& job : batch.jobs) ok = ok && (Apply(job, kNoNode));
    if (ok) {
      for (const Job& job : batch.jobs) Apply(job, request.from);
    }
  }
  if (ok && acks_to_lose_ > 0) {  // the connection breaks when the transaction has committed
    --acks_to_lose_;
    ok = false;
    for (Job& job : world_.job_batches()[request.a].jobs) job.retry = 1;  // it will come again
  }
  world_.Send(id_, request.from, Msg::kExecuted, request.a, (request.b << 1U) | (ok ? 0U : 1U));
}

// With drainer == kNoNode it only tells whether the job would succeed.
bool Downstream::Apply(const Job& job, NodeId drainer) {
  if (job.ddl == 0) return ApplyRow(job, drainer);
  // "column exists" and its like are ignored by Drainer (pkg/sql/sql.go IgnoreDDLError), so a
  // replayed DDL succeeds and changes nothing.
  if (drainer == kNoNode) return true;
  if (job.retry != 0 && shapes_[job.table] >= job.shape) return true;  // "column exists"
  if (may_tear_) Remember(job, drainer);
  shapes_[job.table] = std::max(shapes_[job.table], job.shape);
  Record(job, drainer, true);
  return true;
}

bool Downstream::ApplyRow(const Job& job, NodeId drainer) {
  if (job.shape > shapes_[job.table]) return false;  // unknown column, or no such table
  const bool keyed = world_.plan().tables[job.table].has_key;
  const std::uint64_t key = RowKeyOf(job.table, job.key);
  const auto found = rows_.find(key);
  bool exists = found != rows_.end();
  if (drainer == kNoNode) {  // what earlier statements of the same transaction did counts
    for (const auto& [staged_key, there] : staged_) exists = staged_key == key ? there : exists;
  }
  // A file or a topic takes every message, whatever rows there are.
  const bool strict = job.safe_mode == 0 && keyed && world_.node_plan(id_).info.keyed_sink;
  if (strict && job.op == RowOp::kInsert && exists) return false;  // duplicate entry
  if (drainer == kNoNode) {
    if (strict)
      staged_.emplace_back(key, job.op == RowOp::kUpdate ? exists : job.op == RowOp::kInsert);
    return true;
  }
  if (strict && job.op == RowOp::kUpdate && !exists) return true;  // zero affected rows: no error
  if (may_tear_) Remember(job, drainer);
  if (job.op == RowOp::kDelete) {
    if (exists && --found->second.copies <= 0) rows_.erase(found);
  } else if (!exists) {
    rows_.emplace(key, Row{job.value, 1});
  } else if (keyed) {
    found->second = {job.value, 1};
  } else {
    ++found->second.copies;  // a keyless table holds the row twice now
  }
  Record(job, drainer, false);
  return true;
}

void Downstream::Record(const Job& job, NodeId drainer, bool ddl) {
  trace::Event event{.kind = ddl ? trace::EventKind::kDdlApplied : trace::EventKind::kRowApplied,
                     .node = id_,
                     .peer = drainer,
                     .code = job.table,
                     .b = job.commit_ts,
                     .n = job.shape};
  if (ddl) {
    event.c = job.ddl_job_id;
  } else {
    event.a = job.key;
    event.c = job.value;
    event.d = job.safe_mode != 0 ? static_cast<std::int64_t>(trace::ApplyFlag::kSafeMode) : 0;
    if (job.retry != 0) event.d |= static_cast<std::int64_t>(trace::ApplyFlag::kRetry);
  }
  world_.Record(event);
}

bool Downstream::OnFault(const FaultPlan& fault, bool heal) {
  if (fault.kind == FaultKind::kSlowDownstream) {
    slow_ = heal ? 0 : fault.amount;
    return true;
  }
  if (fault.kind == FaultKind::kFailingDownstream) {
    to_fail_ = heal ? 0 : fault.amount;
    return true;
  }
  if (fault.kind == FaultKind::kLoseAcks) {
    acks_to_lose_ = heal ? 0 : fault.amount;
    return true;
  }
  if (fault.kind != FaultKind::kHungDownstream) return false;
  hung_ = !heal;
  if (heal) {
    std::vector<Envelope> waiting;
    waiting.swap(waiting_);
    for (const Envelope& envelope : waiting) Begin(envelope);
  }
  return true;
}

// The few statements that upgrades run at a sink: reading, replacing and deleting a checkpoint row.
Answer Downstream::OnSql(std::string_view statement) {
  if (hung_) return {AnswerCode::kTimedOut, 0, ""};
  if (statement.starts_with(kAtDatabase)) return {};
  if (statement.starts_with(kByHand)) {
    statement.remove_prefix(kByHand.size());
    if (const std::optional<Answer> done = ByHand(statement)) return *done;
  }
  const std::string lower = Lower(statement);
  if (lower.rfind("select 1", 0) == 0) return {AnswerCode::kOk, 0, "1\n1\n"};
  if (lower.rfind("select", 0) == 0) {
    const auto found = stores_.find(WordAfter(lower, " from "));
    if (found == stores_.end() || found->second.empty()) return {AnswerCode::kOk, 0, ""};
    if (lower.find("clusterid,") == std::string::npos) {
      return {AnswerCode::kOk, 0, "checkPoint\n" + found->second + "\n"};
    }
    return {
        AnswerCode::kOk, 0,
        fmt::format("clusterID\tcheckPoint\n{}\t{}\n", world_.plan().cluster_id, found->second)};
  }
  if (lower.rfind("replace", 0) == 0) {
    const std::size_t begin = statement.find('\'');
    const std::size_t end = statement.rfind('\'');
    if (begin == std::string_view::npos || end <= begin) {
      return {AnswerCode::kFailed, 1, "ERROR 1064 (42000): You have an error in your SQL syntax"};
    }
    stores_[WordAfter(lower, " into ")] = statement.substr(begin + 1, end - begin - 1);
    return {AnswerCode::kOk, 0, ""};
  }
  if (lower.rfind("delete", 0) == 0) {
    stores_.erase(WordAfter(lower, " from "));
    return {AnswerCode::kOk, 0, ""};
  }
  return {AnswerCode::kFailed, 1,
          fmt::format("ERROR 1064 (42000): this sink runs no such statement: {}",
                      statement.substr(0, 60))};
}

}  // namespace tidegate::sim
