#include "watch/watcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/gates.h"
#include "engine/look.h"
#include "engine/preflight_parts.h"
#include "engine/status_body.h"
#include "engine/version_table.h"

namespace tidegate::watch {
namespace {

using engine::Fails;
using engine::Holds;
using engine::Never;
using engine::Unknown;
using engine::Verdict;
namespace port = engine::port;
using TellKind = port::Tell::Kind;

constexpr Duration kAnswerMax = 5 * kSecond;
// How long empty queues, fresh windows and a second snapshot may take at most to show, once
// everything else stands: what a look without waiting gives them.
constexpr Duration kSettlesWithin = engine::kSettled + 30 * kSecond;

// Clauses of our own; those of the gate begin at 64 (engine/gates.cc).
enum Clause { kBarrier = 1, kOldWriter, kRegistry, kPlace };

}  // namespace

Watcher::Watcher(Nodes nodes, WatchOptions options)
    : nodes_(std::move(nodes)), options_(options), seen_(&nodes_) {
  options_.look.queue_sizes = options_.goal == Goal::kProof;
  barrier_ = options_.barrier;
}

void Watcher::Handle(const port::Input& input, Outputs* outputs) {
  now_ = input.now;
  if (finished()) return;
  if (const auto* said = std::get_if<port::OperatorSaid>(&input.what)) {
    if (said->answer == "abort") Finish(End::kInterrupted, "interrupted", outputs);
    return;
  }
  if (const auto* came = std::get_if<port::ObservationCame>(&input.what)) {
    if (came->id < first_id_ || came->id - first_id_ >= round_.questions().size()) return;
    Question& question = round_.questions()[came->id - first_id_];
    if (question.answered) return;
    question.answer = came->answer;
    question.answered = true;
    seen_.Answered(question, came->id, now_);
    if (--waiting_ == 0) OnRound(outputs);
    return;
  }
  const bool due = rounds_ == 0 || now_ >= round_began_ + options_.interval;
  if (waiting_ == 0 && due) StartRound(outputs);
}

void Watcher::StartRound(Outputs* outputs) {
  if (rounds_++ == 0) {
    began_ = now_;
    seen_.Begin(now_);
  }
  round_began_ = now_;
  round_ = Round(nodes_, options_.look);
  first_id_ = next_id_;
  waiting_ = round_.questions().size();
  for (const Question& question : round_.questions()) {
    seen_.Asked(question, next_id_, now_);
    outputs->emplace_back(port::Ask{next_id_++, 1, question.query, kAnswerMax});
  }
}

void Watcher::OnRound(Outputs* outputs) {
  for (const Change& change : seen_.OnRound(round_, now_)) {
    Tell(TellKind::kFact, change.who, change.what, outputs);
  }
  const Tso pd_now = round_.PdTime(nodes_, &pump_with_time_);
  if (pd_now > 0) pd_now_ = pd_now;
  LearnBaseline();
  JudgeBarrier(outputs);
  // Who was just adopted was not asked yet.
  if (!Adopt(outputs)) Decide(JudgeGoal(), outputs);
  if (!finished()) outputs->emplace_back(port::WakeAt{round_began_ + options_.interval});
}

// Who is registered and was not known is asked from the next round on.
bool Watcher::Adopt(Outputs* outputs) {
  const Result<engine::Registry> registry = Registered();
  if (!registry) return false;
  const std::vector<std::string> adopted = nodes_.Adopt(*registry);
  for (const std::string& name : adopted) {
    Tell(TellKind::kFact, name, "is registered, and watched from now on", outputs);
  }
  return !adopted.empty();
}

Result<engine::Registry> Watcher::Registered() const {
  return engine::ParseRegistry(round_.Of(port::ListRegistry{std::string(engine::kRegistryRoot)}));
}

// What the gate compares with later: the Pumps that were ever registered, as far as this watch can
// know, and where each old Drainer stood.
void Watcher::LearnBaseline() {
  const engine::Cluster& cluster = nodes_.cluster();
  const Result<engine::Registry> registry = Registered();
  if (!baseline_ && registry) {
    std::string known = engine::RegistryFact(*registry);
    // A Pump of the inventory without a key: a Local one deletes its key when it is stopped.
    for (const engine::Pump& pump : cluster.old_pumps) {
      const std::string address = fmt::format("{}:{}", pump.process.host, pump.process.port);
      const bool listed =
          std::any_of(registry->pumps.begin(), registry->pumps.end(), [&](const auto& node) {
            return node.has_object &&
                   (node.id == pump.node_id || node.id == address || node.host == address);
          });
      if (listed) continue;
      known += (known.empty() ? "" : " ") + (pump.node_id.empty() ? address : pump.node_id);
    }
    facts_.Set("registry", known);
    baseline_ = true;
  }
  for (const engine::Drainer& drainer : cluster.old_drainers) {
    const std::string name = "checkpoint/" + drainer.process.name;
    if (facts_.Find(name) != nullptr || drainer.sink.type.empty()) continue;
    const engine::CheckpointPlace place = engine::OldCheckpointPlace(drainer, cluster.era);
    const port::Answer& answer = round_.Of(place.query);
    const Result<engine::Checkpoint> saved = engine::ParseCheckpoint(place, answer);
    if (answer.ok() && saved && saved->present && saved->commit_ts > 0) {
      facts_.Set(name, std::to_string(saved->commit_ts));
    }
  }
}

bool Watcher::TidbsStopped() const {
  const engine::Cluster& cluster = nodes_.cluster();
  if (cluster.tidbs.empty() || !options_.look.hosts) return false;
  return std::all_of(cluster.tidbs.begin(), cluster.tidbs.end(), [&](const engine::Tidb& tidb) {
    return JudgeStopped(tidb).state == Verdict::State::kHolds;
  });
}

// Both ports refuse and the unit, which must be there, is inactive.
Verdict Watcher::JudgeStopped(const engine::Tidb& tidb) const {
  const engine::Process& process = tidb.process;
  const port::Answer& shown = round_.Of(port::ShowUnit{process.host, process.unit});
  const bool supervise = port::UnderSupervise(process.unit);
  if (shown.code == port::AnswerCode::kNotFound ||
      (!supervise && shown.ok() && engine::UnitProperty(shown.body, "LoadState") != "loaded")) {
    return Unknown(kBarrier, fmt::format("{} has no unit {}, so that whether {} has ended can't be "
                                         "seen",
                                         process.host, process.unit, process.name));
  }
  Verdict down =
      engine::JudgeDown(process.host, process.unit, process.port, shown,
                        round_.Of(port::ConnectTcp{process.host, process.port}), kBarrier);
  const port::Query http = port::HttpGet{process.host, tidb.status_port, "/status"};
  if (down.state == Verdict::State::kHolds &&
      round_.Of(http).code != port::AnswerCode::kConnectionRefused) {
    return Fails(kBarrier, fmt::format("the status port {} of {} does not refuse", tidb.status_port,
                                       process.name));
  }
  return down;
}

// A TiDB that runs a version which can write to the old side only; "" when there is none.
std::string Watcher::OldWriter() const {
  for (const engine::Tidb& tidb : nodes_.cluster().tidbs) {
    const Result<engine::TidbStatus> status = engine::ParseTidbStatus(
        round_.Of(port::HttpGet{tidb.process.host, tidb.status_port, "/status"}));
    if (!status) continue;
    const Result<engine::Version> version = engine::ParseVersion(status->version);
    if (!version) continue;
    const engine::Flavours flavours = engine::BinlogFlavours(*version);
    if (!flavours.known || flavours.cluster) continue;
    return fmt::format("{} runs {}, which writes to the old side", tidb.process.name,
                       status->version);
  }
  return "";
}

void Watcher::JudgeBarrier(Outputs* outputs) {
  const std::string writer = OldWriter();
  if (!writer.empty() && barrier_ != 0) {
    const bool news = barrier_void_ != writer;
    barrier_void_ = writer;
    // One that was told stays what was told: it holds again when that writer is gone.
    if (options_.barrier == 0) barrier_ = 0;
    barrier_recorded_ = false;
    memory_ = {};
    if (news) Tell(TellKind::kWarning, "", "the barrier does not stand: " + writer, outputs);
  } else if (writer.empty() && options_.barrier != 0) {
    barrier_void_.clear();
  }
  const bool stopped = TidbsStopped();
  if (stopped && stopped_before_ && barrier_ == 0 && pd_now_ > 0 &&
      round_.PdTime(nodes_, nullptr) == pd_now_) {
    barrier_ = pd_now_;
    barrier_void_.clear();
    Tell(TellKind::kFact, "T0", std::to_string(barrier_), outputs);
  }
  stopped_before_ = stopped;
  if (barrier_ == 0 || barrier_recorded_ || !barrier_void_.empty()) return;
  barrier_recorded_ = true;
  seen_.BarrierStands(barrier_, now_);
  seen_.Fact("T0", barrier_, now_);
  if (options_.marker != 0) seen_.Fact("M", options_.marker, now_);
}

std::string Watcher::WhyNoBarrier() const {
  const std::string writer = OldWriter();
  if (!writer.empty()) {
    return fmt::format("no barrier stands: {}; T0 can only be taken while every TiDB is stopped",
                       writer);
  }
  if (!options_.look.hosts) {
    return "no barrier is known: whether every TiDB has ended, and its connection to the old "
           "socket with it, can't be seen without looking at the units; give --templates ssh while "
           "TiDB is stopped, or --barrier TSO";
  }
  for (const engine::Tidb& tidb : nodes_.cluster().tidbs) {
    const Verdict down = JudgeStopped(tidb);
    if (down.state == Verdict::State::kHolds) continue;
    return fmt::format(
        "no barrier is known, and {}: T0 can only be taken while every TiDB is "
        "stopped; begin the watch before that, or give --barrier TSO",
        down.text);
  }
  if (pd_now_ == 0) return "no barrier is known: no Pump gives a PD timestamp";
  return "no barrier is known: every TiDB must be seen stopped once more";
}

Verdict Watcher::JudgeGoal() {
  if (options_.goal == Goal::kObserve) return Unknown(0, "");
  if (options_.goal == Goal::kProof && options_.marker == 0 && !options_.accept_evidence) {
    return Never(
        "no marker was given, and without one nothing proves that what the old Drainer has queued "
        "came to the downstream. While no client is connected and before TiDB is stopped, take a "
        "PD timestamp (CommitTS of a Pump's /status), run a DDL in a replicated schema, and give "
        "--marker TSO; or settle for empty queues with --accept-evidence");
  }
  if (barrier_ == 0) return Unknown(kBarrier, WhyNoBarrier());
  if (!barrier_void_.empty()) return Fails(kOldWriter, barrier_void_);
  if (options_.goal == Goal::kBarrier) return Holds(fmt::format("T0 is {}", barrier_));
  if (pd_now_ > 0 && barrier_ > pd_now_) {
    return Never(
        fmt::format("the barrier {} is ahead of PD's time {}: it is no timestamp of this "
                    "cluster, or not of the past",
                    barrier_, pd_now_));
  }
  if (options_.marker > barrier_) {
    return Never(
        fmt::format("the marker {} is above the barrier {}: it was to run before TiDB "
                    "was stopped",
                    options_.marker, barrier_));
  }
  return JudgeProof();
}

Verdict Watcher::JudgeProof() {
  const engine::Cluster& cluster = nodes_.cluster();
  const Result<engine::Registry> registry = Registered();
  if (!registry) {
    return Unknown(kRegistry,
                   fmt::format("the registry can't be read: {}", registry.error().message));
  }
  if (facts_.Find("registry")->empty()) {
    return Unknown(kRegistry,
                   "no old Pump is registered: this PD does not belong to that pipeline");
  }
  const Verdict strangers = engine::JudgeStrangers(cluster, *registry);
  if (strangers.state != Verdict::State::kHolds) return Unknown(kRegistry, strangers.text);
  if (cluster.old_drainers.empty()) {
    return Unknown(kRegistry, "no old Drainer is known, in no file and not in the registry");
  }
  for (const engine::Drainer& drainer : cluster.old_drainers) {
    if (options_.marker == 0) break;
    std::string why = WhyUnreadable(drainer, cluster.era, options_.look);
    if (!why.empty()) return Unknown(kPlace, std::move(why));
  }
  facts_.Set("T0", std::to_string(barrier_));
  facts_.Set("M", std::to_string(options_.marker));
  engine::Drained gate;
  gate.gate = engine::Gate::kProof;
  gate.marker = options_.marker != 0;
  gate.evidence = true;
  // The gate asks one Pump for PD's time: here any Pump that gave it.
  engine::Cluster asked = cluster;
  asked.new_pumps = PumpsWithTime(cluster);
  if (asked.new_pumps.empty()) return Unknown(kRegistry, "no Pump is known");
  return AskGate(gate, asked);
}

// Both rounds of the gate's questions were asked in ours already.
Verdict Watcher::AskGate(const engine::Drained& gate, const engine::Cluster& cluster) {
  Verdict verdict;
  for (int round = 0; round < 2; ++round) {
    const engine::LookContext context{
        cluster, facts_, now_, static_cast<std::uint32_t>(pump_with_time_), round, &memory_};
    std::vector<port::Query> queries;
    engine::AppendQueries(gate, context, &queries);
    std::vector<port::Answer> answers;
    for (const port::Query& query : queries) answers.push_back(round_.Of(query));
    verdict = engine::Evaluate(gate, context, answers);
    if (verdict.state != Verdict::State::kAskMore) break;
  }
  // Behind a marker empty queues are asked for on top; the proof is none the less for it.
  constexpr std::string_view kWithout = "; evidence, not proof: queues";
  const std::size_t at = verdict.text.find(kWithout);
  if (gate.marker && at != std::string::npos) {
    verdict.text.replace(at, kWithout.size(), ", queues");
  }
  return verdict;
}

void Watcher::Decide(const Verdict& verdict, Outputs* outputs) {
  const bool over = options_.at_most != 0 && now_ - began_ >= options_.at_most;
  if (options_.goal == Goal::kObserve) {
    if (over) Finish(End::kHolds, "the time is over", outputs);
    return;
  }
  if (verdict.state == Verdict::State::kHolds) {
    seen_.Gate(true, verdict.text, now_);
    Tell(TellKind::kGateOpened, "", verdict.text, outputs);
    return Finish(End::kHolds, verdict.text, outputs);
  }
  if (verdict.state == Verdict::State::kNever) return Finish(End::kShut, verdict.text, outputs);
  if (verdict.clause != shut_clause_) {
    shut_clause_ = verdict.clause;
    shut_since_ = now_;
    seen_.Gate(false, verdict.text, now_);
    Tell(TellKind::kGateShut, "",
         fmt::format("{}; since {}", verdict.text, FormatClock(shut_since_)), outputs);
  }
  const std::string why = fmt::format("{} (since {})", verdict.text, FormatClock(shut_since_));
  if (over) {
    return Finish(End::kShut, fmt::format("waited {}: {}", FormatDuration(options_.at_most), why),
                  outputs);
  }
  if (options_.wait) return;
  // Without waiting, only what no single look can show is waited for.
  const bool settles = memory_.drainers.empty()
                           ? options_.goal == Goal::kBarrier && stopped_before_
                           : std::all_of(memory_.drainers.begin(), memory_.drainers.end(),
                                         [](const auto& drainer) { return drainer.taken; });
  if (!settles || now_ - began_ >= kSettlesWithin) Finish(End::kShut, why, outputs);
}

void Watcher::Finish(End end, std::string why, Outputs* outputs) {
  end_ = end;
  why_ = std::move(why);
  const char* name = end == End::kHolds ? "done" : end == End::kShut ? "refused" : "aborted";
  Tell(TellKind::kFinished, name, why_, outputs);
}

void Watcher::Tell(TellKind kind, std::string name, std::string text, Outputs* outputs) {
  port::Tell tell;
  tell.kind = kind;
  tell.step = "watch";
  tell.name = std::move(name);
  tell.text = std::move(text);
  outputs->emplace_back(std::move(tell));
}

}  // namespace tidegate::watch
