#include "lab/session/sql_desk.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::Answer;
using port::AnswerCode;

// A sink that hangs is asked again so often.
constexpr Duration kAskMax = kSecond;

std::string AtDatabase(std::string_view statement) {
  return fmt::format("{}{}", sim::kAtDatabase, statement);
}

}  // namespace

SqlDesk::SqlDesk(const sim::RunPlan& plan, Hands& hands,
                 std::vector<std::unique_ptr<DatabaseSink>> databases, bool patient)
    : plan_(plan),
      addresses_(plan),
      hands_(hands),
      databases_(std::move(databases)),
      patient_(patient) {}

DatabaseSink* SqlDesk::Find(const std::string& address, std::int64_t port) const {
  for (const std::unique_ptr<DatabaseSink>& one : databases_) {
    if (addresses_.Of(one->host()) == address && one->port() == port) return one.get();
  }
  return nullptr;
}

bool SqlDesk::Serves(const std::string& address, std::int64_t port) const {
  return Find(address, port) != nullptr;
}

const sim::Downstream& SqlDesk::SinkOf(const DatabaseSink& database) const {
  return static_cast<const sim::Downstream&>(world_->node(database.node()));
}

void SqlDesk::Note(const Error& error) {
  if (trouble_.empty()) trouble_ = error.ToString();
}

void SqlDesk::Saw(const trace::Event& event) {
  for (const std::unique_ptr<DatabaseSink>& one : databases_) one->mirror().Saw(event);
}

bool SqlDesk::Poll() {
  const bool worked = front_.Poll();
  for (const ConnectionId gone : front_.TakeGone()) {
    for (const std::unique_ptr<DatabaseSink>& one : databases_) one->Forget(gone);
  }
  return std::exchange(stirred_, false) || worked;
}

bool SqlDesk::OnlyLooks(const SqlArrival& arrival) {
  if (arrival.payload.empty()) return true;
  const auto command = static_cast<SqlCommand>(arrival.payload[0]);
  if (command == SqlCommand::kExecute) return false;
  return command != SqlCommand::kQuery ||
         KindOf(arrival.payload.substr(1)) < StatementKind::kWrites;
}

void SqlDesk::Apply(const SqlArrival& arrival) {
  DatabaseSink* database = Find(arrival.host, arrival.port);
  CHECK(database != nullptr);
  StatementKind kind = StatementKind::kOfSession;
  const std::string statement = database->StatementIn(arrival, &kind);
  if (kind == StatementKind::kReads) return Ask(database, arrival, statement);
  if (kind == StatementKind::kWrites) return Perform(database, arrival, statement);
  Run(database, arrival);
}

void SqlDesk::Ask(DatabaseSink* database, const SqlArrival& arrival, const std::string& statement) {
  const auto came = [this, database, arrival, statement](const Answer& answer) {
    if (answer.code == AnswerCode::kTimedOut) {
      if (WaitsStill(arrival)) Ask(database, arrival, statement);
      return;
    }
    if (!answer.ok()) return front_.Drop(arrival.connection);
    Run(database, arrival);
  };
  hands_.Ask(port::QuerySql{database->endpoint(), AtDatabase(statement)}, kAskMax, came);
}

void SqlDesk::Perform(DatabaseSink* database, const SqlArrival& arrival,
                      const std::string& statement) {
  const auto done = [this, database, arrival, statement](const Answer& answer) {
    if (answer.code == AnswerCode::kTimedOut) return AwaitAnswer(database, arrival, statement);
    if (!answer.ok()) return front_.Drop(arrival.connection);
    Run(database, arrival);
  };
  hands_.Perform(port::RunSql{database->endpoint(), AtDatabase(statement)}, done);
}

bool SqlDesk::WaitsStill(const SqlArrival& arrival) const {
  return patient_ && front_.Lives(arrival.connection);
}

// A sink that hangs does what it was told when it goes on.
void SqlDesk::AwaitAnswer(DatabaseSink* database, const SqlArrival& arrival,
                          const std::string& statement) {
  const auto came = [this, database, arrival, statement](const Answer& answer) {
    if (answer.code != AnswerCode::kTimedOut) return Perform(database, arrival, statement);
    if (WaitsStill(arrival)) AwaitAnswer(database, arrival, statement);
  };
  hands_.Ask(port::QuerySql{database->endpoint(), AtDatabase("SELECT 1")}, kAskMax, came);
}

// All that the world did is there before anybody looks.
void SqlDesk::Run(DatabaseSink* database, const SqlArrival& arrival) {
  if (const Status written = database->mirror().Write(SinkOf(*database)); !written.has_value()) {
    return Note(written.error());
  }
  const std::int64_t unix_ns = plan_.epoch_ms * kMillisecond + hands_.now();
  const DatabaseSink::Outcome outcome = database->Do(arrival, unix_ns);
  front_.Reply(arrival.connection, outcome.bytes);
  if (outcome.ends) front_.Drop(arrival.connection);
  stirred_ = true;
  if (outcome.may_change) TellChanges(database);
}

void SqlDesk::TellChanges(DatabaseSink* database) {
  const Result<std::vector<std::string>> changes =
      database->mirror().Differences(SinkOf(*database));
  if (!changes.has_value()) return Note(changes.error());
  for (const std::string& change : *changes) {
    ++owed_;
    hands_.Perform(port::RunSql{database->endpoint(), change}, [this](const Answer&) { --owed_; });
  }
}

void SqlDesk::End() {
  ended_ = true;
  for (const std::unique_ptr<DatabaseSink>& one : databases_) {
    one->ForgetAll();
    one->mirror().WaitForLocks();
    if (const Status written = one->mirror().Write(SinkOf(*one)); !written.has_value()) {
      Note(written.error());
    }
    TellChanges(one.get());
  }
}

Status SqlDesk::Compare() {
  if (!ended_) return {};
  for (const std::unique_ptr<DatabaseSink>& one : databases_) {
    TRY(one->mirror().Write(SinkOf(*one)));
    TRY_ASSIGN(const std::vector<std::string> changes, one->mirror().Differences(SinkOf(*one)));
    if (changes.empty()) continue;
    return Error{
        ErrorCode::kIo,
        fmt::format("the database of {} is not what the simulation wrote to it, and nobody "
                    "was there (a trigger or an event of somebody's?): {}",
                    one->endpoint(), changes[0].substr(0, 200)),
        ""};
  }
  return {};
}

}  // namespace tidegate::lab
