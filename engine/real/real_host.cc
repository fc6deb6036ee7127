#include "engine/real/real_host.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <set>
#include <thread>

#include "base/files.h"
#include "engine/journal.h"
#include "engine/real/etcd_gateway.h"
#include "engine/real/http_client.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;

constexpr std::size_t kAsksAtOnceMax = 16;
constexpr std::size_t kMessageBytesMax = 500;
constexpr int kSshFailed = 255;  // ssh(1): its own errors; the command's status otherwise
constexpr int kUnitNotLoaded = 5;
constexpr int kNoProgram = 127;  // POSIX shell: command not found

Time SteadyNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Time WallNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string Message(const Command& command, const CommandResult& result) {
  std::string text = result.errors.substr(0, kMessageBytesMax);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text.empty() ? fmt::format("{} ended with {}", command.argv[0], result.status) : text;
}

bool OverSsh(const Command& command) { return command.argv[0] == "ssh"; }

// What every command's failure means; kOk stands for exit status 0.
Answer AnswerOf(const Command& command, const CommandResult& result) {
  switch (result.end) {
    case CommandResult::End::kTimedOut: return {AnswerCode::kTimedOut, 0, ""};
    case CommandResult::End::kOutputFull: return {AnswerCode::kTruncated, 0, ""};
    case CommandResult::End::kNotFound:
      return {AnswerCode::kFailed, 0, fmt::format("no program '{}'", command.argv[0])};
    case CommandResult::End::kNotStarted:
      return {AnswerCode::kFailed, 0, fmt::format("{}: {}", command.argv[0], result.errors)};
    case CommandResult::End::kSignaled:
      return {AnswerCode::kFailed, result.status,
              fmt::format("{} was killed by signal {}", command.argv[0], result.status)};
    case CommandResult::End::kExited: break;
  }
  if (result.status == 0) return {AnswerCode::kOk, 0, result.output};
  if (OverSsh(command) && result.status == kSshFailed) {
    return {AnswerCode::kConnectionReset, 0, Message(command, result)};
  }
  return {AnswerCode::kFailed, result.status, Message(command, result)};
}

// An SQL endpoint that nobody listed, or a path that is none.
Answer Unrenderable(const Error& error) {
  const bool unknown = error.code == ErrorCode::kNotFound;
  return {unknown ? AnswerCode::kNotFound : AnswerCode::kFailed, 0, error.ToString()};
}

// How a failed command of one kind of query or action is told apart further.
struct Refine {
  const Command& command;
  const CommandResult& result;
  Answer answer;

  Answer operator()(const port::BinaryVersion&) {
    const bool missing = OverSsh(command) ? result.status == kNoProgram
                                          : result.end == CommandResult::End::kNotFound;
    if (missing) return {AnswerCode::kNotFound, 0, ""};
    if (answer.ok() && answer.body.empty()) answer.body = result.errors;
    return answer;
  }
  // Where the playbooks have never put svstat nothing runs under it.
  Answer operator()(const port::ShowUnit& q) {
    const bool missing = OverSsh(command) ? result.status == kNoProgram
                                          : result.end == CommandResult::End::kNotFound;
    return port::UnderSupervise(q.unit) && missing ? Answer{AnswerCode::kNotFound, 0, ""} : answer;
  }
  Answer operator()(const port::ReadRemoteFile&) {
    const bool missing = answer.code == AnswerCode::kFailed &&
                         result.errors.find("No such file or directory") != std::string::npos;
    return missing ? Answer{AnswerCode::kNotFound, 0, ""} : answer;
  }
  Answer operator()(const port::QuerySql&) { return Sql(); }
  Answer operator()(const port::RunSql&) { return Sql(); }
  Answer operator()(const port::StopProcess&) { return Unit(); }
  Answer operator()(const port::StartProcess&) { return Unit(); }
  Answer operator()(const port::SetUnitEnabled&) { return Unit(); }

  // systemctl(1), exit status: 5 "Unit not loaded" of stop and start; enable and disable end with 1
  // and say that the unit file does not exist.
  Answer Unit() {
    if (answer.code != AnswerCode::kFailed) return answer;
    const bool missing = result.status == kUnitNotLoaded ||
                         result.errors.find("does not exist") != std::string::npos;
    if (missing) answer.code = AnswerCode::kNotFound;
    return answer;
  }
  // mysql(1): ERROR 2003 can't connect, the errno in parentheses
  Answer Sql() {
    if (answer.code != AnswerCode::kFailed) return answer;
    if (result.errors.find("ERROR 2003") == std::string::npos) return answer;
    const bool refused = result.errors.find("(111") != std::string::npos;
    answer.code = refused ? AnswerCode::kConnectionRefused : AnswerCode::kTimedOut;
    return answer;
  }
  template <typename Other>
  Answer operator()(const Other&) {
    return answer;
  }
};

}  // namespace

// What one call of the executor leaves to be told to it, in order.
struct RealHost::Turn {
  std::deque<port::Input> inputs;
  std::multiset<Time> wakes;
};

RealHost::RealHost(RealHostOptions options, JournalFile* journal, Operator* people)
    : options_(std::move(options)),
      templates_(options_.templates),
      journal_(journal),
      people_(people),
      started_wall_(WallNow()),
      started_steady_(SteadyNow()) {}

// Wall time at the start, then the steady clock: it never goes back within one run.
Time RealHost::Now() const { return started_wall_ + (SteadyNow() - started_steady_); }

bool RealHost::Interrupted() const {
  return options_.interrupted != nullptr && *options_.interrupted != 0;
}

// The signals are let in while it sleeps and at no other moment: none falls between look and sleep.
void RealHost::SleepUntil(Time at) const {
  sigset_t interrupts;
  sigset_t before;
  sigemptyset(&interrupts);
  sigaddset(&interrupts, SIGINT);
  sigaddset(&interrupts, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &interrupts, &before);
  while (Now() < at && !Interrupted()) {
    const Duration left = at - Now();
    const timespec length = {left / kSecond, left % kSecond};
    ppoll(nullptr, 0, &length, &before);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Status RealHost::Run(Engine* engine) {
  Turn turn;
  bool abort = options_.abort;
  turn.inputs.push_back({Now(), port::ClockReached{}});
  while (!engine->finished()) {
    if (turn.inputs.empty()) {
      if (turn.wakes.empty()) {
        return Error{ErrorCode::kIo, "the engine waits for nothing; its journal is whole", ""};
      }
      const Time at = *turn.wakes.begin();
      SleepUntil(at);
      if (!Interrupted()) turn.wakes.erase(turn.wakes.begin());
      turn.inputs.push_back({Now(), port::ClockReached{}});
    }
    port::Input input = std::move(turn.inputs.front());
    turn.inputs.pop_front();
    input.now = Now();
    TRY(Handle(input, engine, &turn));
    if (abort || Interrupted()) {
      if (options_.interrupted != nullptr && Interrupted()) options_.interrupted = nullptr;
      abort = false;
      turn.inputs.push_front({Now(), port::OperatorSaid{"", "abort"}});
    }
  }
  return {};
}

Status RealHost::Handle(const port::Input& input, Engine* engine, Turn* turn) {
  std::vector<port::Output> outputs;
  engine->Handle(input, &outputs);
  std::vector<port::Ask> asks;
  for (port::Output& output : outputs) {
    if (const auto* persist = std::get_if<port::Persist>(&output)) {
      CHECK(journal_ != nullptr);
      TRY(journal_->Append(EncodeRecord(persist->record)));
    } else if (const auto* perform = std::get_if<port::Perform>(&output)) {
      Answer answer = Perform(perform->action, perform->timeout);
      turn->inputs.push_back({0, port::ActionDone{perform->id, std::move(answer)}});
    } else if (auto* ask = std::get_if<port::Ask>(&output)) {
      asks.push_back(std::move(*ask));
    } else if (const auto* wake = std::get_if<port::WakeAt>(&output)) {
      turn->wakes.insert(wake->at);
    } else if (const auto* tell = std::get_if<port::Tell>(&output)) {
      people_->Tell(*tell);
      if (tell->kind == port::Tell::Kind::kFinished) return {};
      if (tell->kind == port::Tell::Kind::kQuestion) {
        turn->inputs.push_back({0, port::OperatorSaid{tell->name, people_->Ask(*tell)}});
      }
    }
  }
  AnswerAsks(asks, turn);
  return {};
}

// All at once, so that ten hosts that hang cost one time-out; told in the order of asking.
void RealHost::AnswerAsks(const std::vector<port::Ask>& asks, Turn* turn) const {
  std::vector<Answer> answers(asks.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < asks.size(); i = next++) {
      answers[i] = Look(asks[i].query, asks[i].timeout);
    }
  };
  if (asks.size() == 1) {
    work();
  } else {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < std::min(asks.size(), kAsksAtOnceMax); ++i)
      workers.emplace_back(work);
  }
  for (std::size_t i = 0; i < asks.size(); ++i) {
    turn->inputs.push_back(
        {0, port::ObservationCame{asks[i].id, asks[i].incarnation, std::move(answers[i])}});
  }
}

Answer RealHost::Perform(const port::Action& action, Duration timeout) const {
  if (const auto* backup = std::get_if<port::KeepBackup>(&action)) return KeepBackup(*backup);
  const Result<std::vector<Command>> commands = templates_.Render(action);
  if (!commands) return Unrenderable(commands.error());
  for (Command command : *commands) {
    command.timeout = timeout;
    const CommandResult result = RunCommand(command);
    const Answer answer = std::visit(Refine{command, result, AnswerOf(command, result)}, action);
    if (!answer.ok()) return answer;
  }
  return {AnswerCode::kOk, 0, ""};
}

Answer RealHost::Look(const port::Query& query, Duration timeout) const {
  if (const auto* get = std::get_if<port::HttpGet>(&query)) {
    HttpRequest request;
    request.host = get->host;
    request.port = get->port;
    request.path = get->path;
    request.timeout = timeout;
    request.tls = options_.tls.get();
    return PerformHttp(request);
  }
  if (const auto* list = std::get_if<port::ListRegistry>(&query)) {
    return ListEtcd(options_.pds, list->root, timeout, options_.tls.get());
  }
  if (const auto* connect = std::get_if<port::ConnectTcp>(&query)) {
    return ConnectTcp(connect->host, connect->port, timeout);
  }
  Result<Command> command = templates_.Render(query);
  if (!command) return Unrenderable(command.error());
  command->timeout = timeout;
  const CommandResult result = RunCommand(*command);
  return std::visit(Refine{*command, result, AnswerOf(*command, result)}, query);
}

Answer RealHost::KeepBackup(const port::KeepBackup& backup) const {
  if (mkdir(options_.backup_dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return {AnswerCode::kFailed, 0,
            fmt::format("can't make {}: {}", options_.backup_dir, std::strerror(errno))};
  }
  std::string name = backup.name;
  std::replace(name.begin(), name.end(), '/', '_');
  const Status written = WriteFileAtomically(options_.backup_dir + "/" + name, backup.bytes);
  if (!written) return {AnswerCode::kFailed, 0, written.error().ToString()};
  return {AnswerCode::kOk, 0, ""};
}

}  // namespace tidegate::engine
