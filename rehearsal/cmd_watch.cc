// tidegate watch: the guard of a real upgrade, which somebody else performs.
#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>

#include "base/names.h"
#include "engine/cluster_builder.h"
#include "engine/real/real_host.h"
#include "engine/real/terminal.h"
#include "engine/tls.h"
#include "rehearsal/cli.h"
#include "rehearsal/cluster_options.h"
#include "rehearsal/report.h"
#include "trace/digest.h"
#include "trace/file.h"
#include "watch/judgeable.h"
#include "watch/watcher.h"

namespace tidegate::rehearsal {
namespace {

using engine::Cluster;
using watch::Watcher;

struct Options {
  engine::ClusterPaths paths;
  std::string pd;
  std::string checkpoint;
  std::string defaults_file;
  std::string barrier;
  std::string marker;
  std::string gate;
  std::string timeout;
  std::string interval = "5s";
  std::string trace;
  std::string templates;
  std::string ssh_user;
  bool wait = false;
  bool accept_evidence = false;
  bool json = false;
  bool quiet = false;
};

struct Prepared {
  engine::Cluster cluster;
  engine::RealHostOptions host;
  watch::WatchOptions watch;
  std::optional<engine::Sink> checkpoint_sink;
};

volatile std::sig_atomic_t g_interrupted = 0;

void OnInterrupt(int signal_number) {
  if (g_interrupted != 0) std::signal(signal_number, SIG_DFL);
  g_interrupted = 1;
}

Error BadOption(std::string_view option, std::string_view text, std::string_view wanted) {
  return {ErrorCode::kBadInput, fmt::format("{} '{}': {}", option, text, wanted), ""};
}

Result<engine::HostPort> ReadHostPort(std::string_view option, std::string_view text,
                                      std::int64_t usual_port) {
  engine::HostPort out{std::string(text.substr(0, text.find(':'))), usual_port};
  const std::size_t colon = text.find(':');
  if (out.host.empty()) return BadOption(option, text, "no host");
  if (colon == std::string_view::npos) return out;
  const std::string_view digits = text.substr(colon + 1);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
  if (!whole || out.port < 1 || out.port > 65535) {
    return BadOption(option, text, "a port is a number from 1 to 65535");
  }
  return out;
}

// "http://10.0.1.1:2379,http://10.0.1.2:2379": as --pd-urls of the products. Whether it is TLS says
// the inventory.
Result<std::vector<engine::HostPort>> ReadPds(std::string_view text) {
  std::vector<engine::HostPort> pds;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (one.starts_with(scheme)) one.remove_prefix(scheme.size());
    }
    while (one.ends_with('/')) one.remove_suffix(1);
    TRY_ASSIGN(engine::HostPort pd, ReadHostPort("--pd", one, 2379));
    pds.push_back(std::move(pd));
  }
  return pds;
}

// HOST:PORT[/SCHEMA]
Result<engine::Sink> ReadSink(std::string_view text) {
  const std::size_t slash = text.find('/');
  TRY_ASSIGN(const engine::HostPort place,
             ReadHostPort("--checkpoint", text.substr(0, slash), 3306));
  engine::Sink sink;
  sink.name = place.ToString();
  sink.type = "mysql";
  sink.host = place.host;
  sink.port = place.port;
  if (slash == std::string_view::npos) return sink;
  sink.checkpoint_schema = std::string(text.substr(slash + 1));
  const bool plain = !sink.checkpoint_schema.empty() &&
                     sink.checkpoint_schema.find_first_of("`'\"\\;") == std::string::npos;
  if (!plain) return BadOption("--checkpoint", text, "what stands behind the slash is no schema");
  return sink;
}

Result<Tso> ReadTso(std::string_view option, const std::string& text) {
  if (text.empty()) return 0;
  const Result<Tso> tso = ParseTso(text);
  if (!tso || *tso <= 0) return BadOption(option, text, "no timestamp of PD (a decimal number)");
  return *tso;
}

Result<watch::WatchOptions> ReadWatchOptions(const Options& options) {
  watch::WatchOptions out;
  if (options.gate == "proof") out.goal = watch::Goal::kProof;
  if (options.gate == "barrier") out.goal = watch::Goal::kBarrier;
  out.wait = options.wait;
  if (options.wait && options.gate.empty()) {
    return Error{ErrorCode::kBadInput, "--wait-drained waits for a gate: give --gate proof", ""};
  }
  TRY_ASSIGN(out.interval, ParseDuration(options.interval));
  if (out.interval < kSecond) {
    return BadOption("--interval", options.interval, "at least 1s: what is asked is at work");
  }
  if (!options.timeout.empty()) {
    TRY_ASSIGN(out.at_most, ParseDuration(options.timeout));
  } else if (options.wait) {
    out.at_most = 2 * kHour;
  }
  TRY_ASSIGN(out.barrier, ReadTso("--barrier", options.barrier));
  TRY_ASSIGN(out.marker, ReadTso("--marker", options.marker));
  out.accept_evidence = options.accept_evidence;
  out.look.hosts = !options.templates.empty();
  out.look.checkpoints = options.checkpoint != "none";
  return out;
}

Result<Prepared> Prepare(const Options& options) {
  Prepared out;
  TRY_ASSIGN(out.watch, ReadWatchOptions(options));
  TRY_ASSIGN(out.cluster, engine::LoadCluster(options.paths));
  if (!options.pd.empty()) {
    TRY_ASSIGN(out.cluster.pds, ReadPds(options.pd));
  }
  engine::Site site;
  if (!options.paths.site.empty()) {
    TRY_ASSIGN(site, engine::LoadSite(options.paths.site));
  }
  engine::TemplateOptions& templates = out.host.templates;
  if (options.templates == "ssh") templates.kind = engine::TemplateOptions::Kind::kSsh;
  templates.ssh_user = options.ssh_user;
  engine::AddSqlEndpoints(out.cluster, site, &templates);
  if (!options.checkpoint.empty() && options.checkpoint != "none") {
    TRY_ASSIGN(out.checkpoint_sink, ReadSink(options.checkpoint));
    const engine::Sink& sink = *out.checkpoint_sink;
    templates.sql[sink.name] = {sink.host, sink.port, options.defaults_file};
  }
  out.host.pds = out.cluster.pds;
  out.host.interrupted = &g_interrupted;
  TRY_ASSIGN(const std::optional<engine::TlsFiles> tls,
             engine::LoadTlsFiles(options.paths.inventory, options.paths.site));
  if (tls.has_value()) {
    TRY_ASSIGN(out.host.tls, engine::Tls::Load(*tls));
  }
  return out;
}

// Says how it ended only behind the verdict: a run-book's last line tells why it stopped.
class Guard final : public engine::Terminal {
 public:
  using Terminal::Terminal;
  void Tell(const engine::port::Tell& tell) override {
    if (tell.kind != engine::port::Tell::Kind::kFinished) Terminal::Tell(tell);
  }
};

// Findings as stories, and how often each check that can be judged had something to look at.
void PrintText(const Watcher& watcher, const Report& report) {
  const verifier::Verdict& verdict = *report.verdict;
  if (!verdict.findings.empty()) fmt::print("{}", ExplainText(report));
  std::size_t not_judged = 0;
  std::string judged;
  for (const verifier::CheckReport& check : verdict.checks) {
    if (check.premise_count == 0) {
      ++not_judged;
      continue;
    }
    judged += fmt::format("{}{} ({})", judged.empty() ? "" : ", ", check.id, check.premise_count);
  }
  fmt::print("judged: {}; {} checks had nothing to look at or can't be judged from outside\n",
             judged.empty() ? "nothing" : judged, not_judged);
  fmt::print("verdict: {}: {}\n", verifier::OutcomeName(verdict.outcome), verdict.why);
  const char* word = watcher.end() == Watcher::End::kHolds  ? "done"
                     : watcher.end() == Watcher::End::kShut ? "refused"
                                                            : "aborted";
  fmt::print("{}: {}\n", word, watcher.why());
}

void PrintJson(const Watcher& watcher, const Report& report) {
  JsonWriter json(JsonWriter::Style::kIndented);
  json.BeginObject();
  json.Key("holds").Bool(watcher.end() == Watcher::End::kHolds);
  json.Key("why").String(watcher.why());
  json.Key("barrier").String(watcher.barrier() == 0 ? "" : std::to_string(watcher.barrier()));
  json.Key("report");
  WriteReportJson(report, false, &json);
  json.EndObject();
  fmt::print("{}\n", json.Take());
}

ExitCode CodeOf(const Watcher& watcher, const verifier::Verdict& verdict) {
  if (verdict.outcome == verifier::Outcome::kFail) return ExitCode::kViolated;
  if (watcher.end() == Watcher::End::kShut) return ExitCode::kRefused;
  return ExitCode::kDone;
}

Result<ExitCode> Watch(const Options& options) {
  TRY_ASSIGN(Prepared prepared, Prepare(options));
  watch::Nodes nodes(std::move(prepared.cluster), !options.paths.target.empty());
  if (prepared.checkpoint_sink.has_value()) {
    nodes.SetCheckpointSink(*std::move(prepared.checkpoint_sink));
  }
  const watch::Goal goal = prepared.watch.goal;
  Watcher watcher(std::move(nodes), prepared.watch);
  Guard terminal({.yes = false, .quiet = options.json || options.quiet}, stdin, stdout);
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGTERM, OnInterrupt);
  engine::RealHost host(std::move(prepared.host), nullptr, &terminal);
  TRY(host.Run(&watcher));
  const trace::Trace trace = watcher.TakeTrace();
  if (!options.trace.empty()) {
    TRY(trace::WriteTrace(trace, options.trace));
  }
  const verifier::Verdict verdict = watch::JudgeWatched(trace);
  const std::vector<StepLine> steps;
  Report report;
  report.header = &trace.header;
  report.verdict = &verdict;
  report.steps = &steps;
  report.digest = trace::DigestOf(trace);
  report.trace_path = options.trace;
  if (options.json) {
    PrintJson(watcher, report);
  } else if (options.quiet) {
    // A script reads T0 from here; the reason for a refusal is for people.
    if (goal == watch::Goal::kBarrier && watcher.end() == Watcher::End::kHolds) {
      fmt::print("{}\n", watcher.barrier());
    } else if (watcher.end() == Watcher::End::kShut) {
      fmt::print(stderr, "tidegate: {}\n", watcher.why());
    }
  } else {
    PrintText(watcher, report);
  }
  // Interrupted before the gate was seen open: nobody may take that for an open one.
  if (goal != watch::Goal::kObserve && watcher.end() == Watcher::End::kInterrupted) {
    return ExitCode::kRefused;
  }
  return CodeOf(watcher, verdict);
}

}  // namespace

void AddWatch(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "watch", "Watch a real upgrade, and hold its gate until the drain is proven; change nothing");
  AddClusterOptions(command, &options->paths, {"kafka-to-cluster", "local-to-cluster"});
  command->add_option("--pd", options->pd, "URLs of PD, instead of the inventory's");
  command
      ->add_option("--gate", options->gate,
                   "What is waited for: proof (the drain), barrier (every TiDB stopped). "
                   "Without it: watch until it is interrupted")
      ->check(CLI::IsMember({"proof", "barrier"}));
  command->add_flag("--wait-drained,--wait", options->wait, "Wait while it is not so");
  command->add_option("--timeout", options->timeout, "For how long at most [2h with --wait]");
  command->add_option("--barrier", options->barrier,
                      "T0: a timestamp of PD from when every TiDB was stopped");
  command->add_option("--marker", options->marker,
                      "M: a timestamp of PD from just before a DDL in a replicated schema, run "
                      "when no client was left and before TiDB was stopped");
  command->add_flag("--accept-evidence", options->accept_evidence,
                    "Without a marker: settle for queues that stay empty");
  command->add_option("--checkpoint", options->checkpoint,
                      "HOST:PORT[/SCHEMA] of the checkpoint table where the site file does not "
                      "say; none: do not read any");
  command->add_option("--defaults-file", options->defaults_file,
                      "User and password for --checkpoint, as mysql reads them");
  command
      ->add_option("--templates", options->templates,
                   "How units and files of the hosts are looked at; without it they are not")
      ->check(CLI::IsMember({"local", "ssh"}));
  command->add_option("--ssh-user", options->ssh_user, "default: ssh's own");
  command->add_option("--interval", options->interval, "Between two looks")->capture_default_str();
  command->add_option("--trace", options->trace, "Write what was seen to FILE.jsonl or FILE.tgt");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->add_flag("--quiet", options->quiet, "Print T0 of --gate barrier, else nothing");
  command->callback([options, exit_code] {
    const Result<ExitCode> code = Watch(*options);
    *exit_code = code.has_value() ? *code : PrintError(code.error());
  });
}

}  // namespace tidegate::rehearsal
