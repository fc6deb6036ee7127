#include "lab/session/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/files.h"
#include "base/redact.h"
#include "lab/hosts/addresses.h"
#include "sim/world/hosts.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::AnswerCode;
using trace::EventKind;

// A program that waits for what does not come is looked at again, so that its limits count.
constexpr Duration kIdleLook = kMinute;
constexpr Duration kLogLook = kSecond;
constexpr Duration kNap = 100 * kMillisecond;
constexpr int kRefusedStatus = 6;
constexpr std::size_t kLastWordsMax = 400;

bool SpeaksHttp(Role role) {
  return role == Role::kPump || role == Role::kDrainer || role == Role::kPd;
}

// As many connections as the front takes, where the machine's hard limit allows them.
void AllowManyFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = FrontLimits{}.connections_max + 1000;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<std::unique_ptr<Session>> Session::Make(SessionOptions options, const sim::RunPlan& plan,
                                               Trees* trees, std::unique_ptr<Pace> pace) {
  TRY_ASSIGN(std::unique_ptr<ControlSocket> control, ControlSocket::Listen(options.control_path));
  AllowManyFiles();
  return {std::unique_ptr<Session>(
      new Session(std::move(options), plan, trees, std::move(pace), std::move(control)))};
}

Session::Session(SessionOptions options, const sim::RunPlan& plan, Trees* trees,
                 std::unique_ptr<Pace> pace, std::unique_ptr<ControlSocket> control)
    : options_(std::move(options)),
      pace_(std::move(pace)),
      control_(std::move(control)),
      front_(FrontLimits{}, plan.epoch_ms),
      trees_(trees),
      translator_(plan, *trees, hands_),
      logs_(plan, *trees, translator_),
      crashes_(plan.faults, options_.journal_path) {
  const Addresses addresses(plan);
  for (const sim::NodePlan& node : plan.nodes) {
    const std::string address = addresses.Of(node.info.host);
    const auto add = [&](std::int64_t number, bool http) {
      if (number <= 0 || FindPort(address, number) != nullptr) return;
      ports_.push_back({node.info.host, address, number,
                        http ? HttpFront::Talk::kHttp : HttpFront::Talk::kSilent,
                        node.info.role == Role::kPd, node.version});
    };
    add(node.info.port, SpeaksHttp(node.info.role));
    add(node.status_port, true);
  }
  if (options_.databases.empty()) return;
  sql_ = std::make_unique<SqlDesk>(plan, hands_, std::move(options_.databases),
                                   options_.attended == nullptr);
}

void Session::Watch(sim::World* world) {
  world_ = world;
  if (sql_ != nullptr) sql_->Watch(world);
}

Status Session::CompareDatabases() { return sql_ == nullptr ? Status() : sql_->Compare(); }

const Session::Port* Session::FindPort(const std::string& address, std::int64_t number) const {
  const auto found = std::find_if(ports_.begin(), ports_.end(), [&](const Port& one) {
    return one.address == address && one.number == number;
  });
  return found == ports_.end() ? nullptr : &*found;
}

void Session::Start(sim::EngineLink* link) {
  CHECK(world_ != nullptr);
  link_ = link;
  hands_.Attach(link);
  pace_->Set(link->now());
  link->Claim({.kind = EventKind::kEngineStarted, .n = 1}, options_.name);
  SyncPorts();
  if (const Status spawned = pace_->Spawn(options_.program); !spawned.has_value()) {
    trouble_ = spawned.error().ToString();
  }
  Settle();
}

void Session::OnInput(const port::Input& input) {
  if (finished_) return;
  if (std::holds_alternative<port::ClockReached>(input.what)) {
    if (!wake_at_.has_value() || link_->now() < *wake_at_) return;  // of a wake-up that was later
    wake_at_.reset();
  }
  pace_->Set(link_->now());
  hands_.Deliver(input);
  if (options_.attended != nullptr) {
    options_.attended->Passed(link_->now(),
                              [this](CallId id, const Reply& reply) { AnswerAttended(id, reply); });
  }
  if (wake_at_.has_value() && pace_->Hurries()) return;  // the next look is near
  Settle();
}

// A port opens or closes only when a process or a fault does something.
void Session::OnEvent(const trace::Event& event, std::uint64_t) {
  if (sql_ != nullptr) sql_->Saw(event);
  if (event.kind == EventKind::kNodeUp) logs_.Began(event.node, *world_);
  if (event.kind == EventKind::kNodeDown) {
    logs_.Ended(event.node, static_cast<trace::DownCause>(event.code), world_->TextOf(event.text),
                *world_);
  }
  if (link_ == nullptr || finished_) return;
  if (event.kind == EventKind::kNodeDown) hands_.WentDown(event);
  switch (event.kind) {
    case EventKind::kNodeUp:
    case EventKind::kNodeDown:
    case EventKind::kRegistryMoved: WakeAt(link_->now()); break;
    default: break;
  }
}

void Session::Crash(trace::CrashPoint point) {
  if (finished_ || back_at_.has_value() || link_ == nullptr) return;
  Die({point});
}

// SIGKILL to the engine and to all that it runs on the control machine, as a loss of power there.
// What was asked of the world and has begun goes on. False: that was its end.
bool Session::Die(const Crashes::Crash& crash) {
  pace_->KillAll();
  waiting_.clear();
  link_->Claim({.kind = EventKind::kEngineCrashed,
                .code = static_cast<std::uint16_t>(crash.point),
                .a = static_cast<std::int64_t>(crash.record),
                .n = incarnation_},
               "");
  if (const Status cut = crashes_.CutJournal(crash); !cut.has_value()) {
    trouble_ = cut.error().ToString();
  }
  if (options_.program_again.has_value()) {
    back_at_ = link_->now() + options_.again_after;
    WakeAt(*back_at_);
    return true;
  }
  link_->Claim({.kind = EventKind::kEngineFinished,
                .code = static_cast<std::uint16_t>(trace::EngineEnd::kFailed)},
               "killed by the scenario");
  finished_ = true;
  return false;
}

void Session::BeginAgain() {
  back_at_.reset();
  link_->Claim({.kind = EventKind::kEngineStarted, .n = ++incarnation_}, options_.name);
  if (const Status spawned = pace_->Spawn(*options_.program_again); !spawned.has_value()) {
    trouble_ = spawned.error().ToString();
  }
  stirred_ = true;
}

void Session::SyncPorts() {
  for (const Port& one : ports_) {
    const bool open = world_->hosts().FindListener(one.host, one.number) != kNoNode;
    if (open == IsOpen(one)) continue;
    stirred_ = true;
    if (!open) {
      front_.Close(one.address, one.number);
      if (sql_ != nullptr) sql_->front().Close(one.address, one.number);
    } else if (const Status status = Open(one); !status.has_value() && trouble_.empty()) {
      trouble_ = status.error().ToString();
    }
  }
}

bool Session::IsOpen(const Port& port) const {
  if (front_.IsOpen(port.address, port.number)) return true;
  return sql_ != nullptr && sql_->front().IsOpen(port.address, port.number);
}

Status Session::Open(const Port& port) {
  if (sql_ != nullptr && sql_->Serves(port.address, port.number)) {
    return sql_->front().Open(port.address, port.number);
  }
  return front_.Open(port.address, port.number, port.talk);
}

bool Session::Pump() {
  bool worked = std::exchange(stirred_, false);
  worked |= front_.Poll(link_->now());
  worked |= control_->Poll();
  if (pace_->Repeats()) worked |= !front_.AllSent();
  for (HttpArrival& arrival : front_.TakeArrivals()) Queue(std::move(arrival));
  for (ControlCall& call : control_->TakeCalls()) Queue(std::move(call));
  for (const CallId id : control_->TakeDead()) QueueDeath(id);
  if (sql_ == nullptr) return worked;
  worked |= sql_->Poll();
  if (pace_->Repeats()) worked |= !sql_->front().AllSent();
  for (SqlArrival& arrival : sql_->front().TakeArrivals()) Queue(std::move(arrival));
  if (trouble_.empty()) trouble_ = sql_->trouble();
  return worked;
}

void Session::Settle() {
  if (logs_.Append(*world_)) {
    stirred_ = true;
    logged_at_ = link_->now();
  }
  while (trouble_.empty()) {
    SyncPorts();
    const bool worked = Pump();
    if (sql_ != nullptr && sql_->Owes()) return;  // the world is about to change
    pace_->Owes(hands_.outstanding_count() > 0);
    if (!pace_->Settled(worked, !waiting_.empty(), &front_)) {
      trouble_ = pace_->trouble();
      if (options_.attended == nullptr || !options_.attended->end().has_value()) continue;
      return Finish(*options_.attended->end());  // people need not wait for who never rests
    }
    if (const std::optional<Crashes::Crash> crash = crashes_.TakeDue()) {
      if (!Die(*crash)) return;
      continue;
    }
    if (!waiting_.empty()) {
      if (pace_->Repeats()) {
        SyncTrees();
        ApplyLeast();
      } else {
        ApplyAll();
      }
      continue;
    }
    if (back_at_.has_value()) {
      if (link_->now() < *back_at_) return WakeAt(*back_at_);
      BeginAgain();
      continue;
    }
    const std::optional<int> status = Ended();
    if (status.has_value()) {
      SyncTrees();
      return Finish(*status);
    }
    if (pace_->WakeOne()) {
      stirred_ = true;
      continue;
    }
    if (!Rest(worked)) break;
  }
  if (!trouble_.empty()) return Finish(-1);
  if (options_.attended != nullptr) options_.attended->Rest();
  const std::optional<Time> next = NextWake();
  // What is written between two short naps is told with the next input.
  if (!next.has_value() || *next - link_->now() > kNap) SyncTrees();
  if (!next.has_value() && hands_.outstanding_count() > 0) return;
  // Who waits for what does not come may be following a log.
  const bool logs = link_->now() - logged_at_ < kIdleLook;
  WakeAt(next.value_or(link_->now() + (logs ? kLogLook : kIdleLook)));
}

// One wake-up at a time: the earliest that was asked for.
void Session::WakeAt(Time at) {
  if (wake_at_.has_value() && *wake_at_ <= at) return;
  wake_at_ = at;
  link_->WakeAt(at);
}

void Session::Queue(HttpArrival arrival) {
  Waiting waiting;
  waiting.only_looks = arrival.method == "GET" || arrival.method == "HEAD";
  if (pace_->Repeats()) {
    waiting.endpoint = fmt::format("{}:{}", arrival.host, arrival.port);
    waiting.bytes = fmt::format("{} {} {}", arrival.method, arrival.target, arrival.body);
  }
  waiting.connection = arrival.connection;
  waiting.apply = [this, arrival = std::move(arrival)]() mutable { ApplyHttp(std::move(arrival)); };
  waiting_.push_back(std::move(waiting));
}

void Session::Queue(SqlArrival arrival) {
  Waiting waiting;
  waiting.endpoint = fmt::format("{}:{}", arrival.host, arrival.port);
  waiting.bytes = fmt::format("{} {}", arrival.sequence, arrival.payload);
  waiting.peer_port = arrival.peer_port;
  waiting.only_looks = SqlDesk::OnlyLooks(arrival);
  waiting.apply = [this, arrival = std::move(arrival)] { sql_->Apply(arrival); };
  waiting_.push_back(std::move(waiting));
}

void Session::Queue(ControlCall call) {
  const Result<Request> request = ReadRequest(call.line);
  if (!request.has_value()) {
    control_->Reply(call.id, WriteReply({125, "", request.error().ToString() + "\n"}));
    stirred_ = true;
    return;
  }
  if (options_.attended != nullptr && request->program == "lab") {
    const auto answer = [this](CallId id, const Reply& reply) { AnswerAttended(id, reply); };
    return options_.attended->Take(call.id, *request, link_->now(), answer);
  }
  Waiting waiting;
  waiting.endpoint = request->host + " " + request->program;
  waiting.bytes =
      fmt::format("{} {} {}", fmt::join(request->argv, " "), request->path, request->input);
  waiting.pid = call.pid;
  waiting.apply = [this, id = call.id, request = *request] { ApplyCall(id, request); };
  waiting_.push_back(std::move(waiting));
}

void Session::QueueDeath(CallId id) {
  if (options_.attended != nullptr) options_.attended->Gone(id);
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  Waiting waiting;
  waiting.endpoint = found->second.host + " " + found->second.program;
  waiting.bytes = fmt::format("{} {} died", fmt::join(found->second.argv, " "), found->second.path);
  waiting.apply = [this, request = std::move(found->second)] { translator_.CallerDied(request); };
  calls_.erase(found);
  waiting_.push_back(std::move(waiting));
}

void Session::ApplyCall(CallId id, const Request& request) {
  calls_.emplace(id, request);
  const auto reply = [this, id](const Reply& text) {
    if (calls_.erase(id) == 0) return;
    control_->Reply(id, WriteReply(text));
    stirred_ = true;
  };
  const std::optional<port::RunHook> hook = HookIn(options_.hooks, request);
  if (!hook.has_value()) return translator_.Translate(request, reply);
  hands_.Perform(*hook, [reply](const port::Answer& answer) {
    reply({answer.ok() ? 0 : 1, "", answer.ok() ? "" : answer.body + "\n"});
  });
}

// What was written on hosts since the last look is there before what comes next.
void Session::SyncTrees() {
  for (const port::Action& action : trees_->Changed()) {
    hands_.Perform(action, [](const port::Answer&) {});
  }
}

std::uint64_t Session::LineageOf(const Waiting& waiting) {
  if (waiting.peer_port != 0) return pace_->LineageOfPort(waiting.peer_port);
  if (waiting.connection == 0) return pace_->LineageOfProcess(waiting.pid);
  return pace_->LineageOfPort(front_.PeerPortOf(waiting.connection));
}

// Never by arrival, pid or connection: those differ from run to run.
void Session::ApplyLeast() {
  std::size_t least = 0;
  std::optional<std::uint64_t> lineage;
  for (std::size_t i = 1; i < waiting_.size(); ++i) {
    const auto key = [&](std::size_t at) {
      return std::tie(waiting_[at].endpoint, waiting_[at].bytes);
    };
    if (key(i) > key(least)) continue;
    if (key(i) < key(least)) {
      lineage.reset();
    } else {
      if (!lineage.has_value()) lineage = LineageOf(waiting_[least]);
      const std::uint64_t mine = LineageOf(waiting_[i]);
      if (mine >= *lineage) continue;
      lineage = mine;
    }
    least = i;
  }
  const Waiting chosen = std::move(waiting_[least]);
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(least));
  chosen.apply();
}

// Where no two runs are one, what came first is taken first, and files are looked at only before
// what can depend on them.
void Session::ApplyAll() {
  for (const Waiting& one : std::exchange(waiting_, {})) {
    if (!one.only_looks) SyncTrees();
    one.apply();
  }
}

std::string Session::LastWords() const {
  const std::string& log_path = options_.program.log_path;
  const std::string folder = log_path.substr(0, log_path.rfind('/'));
  const Result<std::string> log = ReadFile(log_path);
  if (!log.has_value()) return "";
  std::string_view text = *log;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const std::size_t line = text.rfind('\n');
  if (line != std::string_view::npos) text.remove_prefix(line + 1);
  std::string words(text);
  for (std::size_t at = 0; !folder.empty(); ++at) {
    at = words.find(folder, at);
    if (at == std::string::npos) break;
    words.replace(at, folder.size(), "$LAB");
  }
  return Redact(std::string_view(words).substr(0, kLastWordsMax));
}

void Session::Finish(int status) {
  control_->Poll();  // who ended it hears so
  pace_->KillAll();
  if (sql_ != nullptr) sql_->End();
  trace::EngineEnd end = trace::EngineEnd::kFailed;
  if (status == 0) end = trace::EngineEnd::kDone;
  if (status == kRefusedStatus) end = trace::EngineEnd::kRefused;
  std::string why = fmt::format("exit status {}", status);
  if (status != 0) {
    const std::string words = LastWords();
    if (!words.empty()) why += ": " + words;
  }
  link_->Claim({.kind = EventKind::kEngineFinished, .code = static_cast<std::uint16_t>(end)}, why);
  finished_ = true;
}

}  // namespace tidegate::lab
