// The verifier alone: a mixed trace with every check on, from memory and from either file format,
// and a backlog of four million outstanding commits. One item is one event.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "trace/file.h"
#include "trace/recorder.h"
#include "verifier/verifier.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

constexpr NodeId kTidb = 0;
constexpr NodeId kPump = 1;
constexpr NodeId kDrainer = 2;
constexpr NodeId kSink = 3;
constexpr std::int64_t kKeys = 50'000;  // of each of two tables

trace::Header BenchHeader() {
  trace::Header header;
  header.nodes.resize(4);
  header.nodes[kTidb].name = "tidb-1";
  header.nodes[kPump].name = "old-pump-1";
  header.nodes[kDrainer].name = "old-drainer-1";
  header.nodes[kSink].name = "downstream-1";
  header.nodes[kTidb].role = Role::kTidb;
  header.nodes[kPump].role = Role::kPump;
  header.nodes[kPump].era = Era::kKafka;
  header.nodes[kPump].old_side = true;
  header.nodes[kDrainer].role = Role::kDrainer;
  header.nodes[kDrainer].sink = kSink;
  header.nodes[kDrainer].old_side = true;
  header.nodes[kSink].role = Role::kDownstream;
  header.tables.push_back({.schema = "s", .name = "a", .sinks = {kSink}});
  header.tables.push_back({.schema = "s", .name = "b", .sinks = {kSink}});
  return header;
}

class Writer {
 public:
  explicit Writer(trace::Trace* trace) : trace_(trace) {}

  void Commit(std::int64_t i) {
    const Tso start = Start(i);
    Add(EventKind::kBinlogAcked, kPump, kTidb, 0, start, 0);
    Event& txn = Add(EventKind::kTxnCommitted, kTidb, kNoNode, 0, start, start + 1);
    txn.n = 2;
    Row(EventKind::kRowCommitted, kTidb, kNoNode, 0, i, start + 1);
    Row(EventKind::kRowCommitted, kTidb, kNoNode, 1, i, start + 1);
    Add(EventKind::kBinlogAcked, kPump, kTidb, 1, start, start + 1);
  }
  void Apply(std::int64_t i) {
    const Tso start = Start(i);
    Add(EventKind::kTxnHanded, kDrainer, kNoNode, 0, start, start + 1);
    Row(EventKind::kRowApplied, kSink, kDrainer, 0, i, start + 1);
    Row(EventKind::kRowApplied, kSink, kDrainer, 1, i, start + 1);
  }
  void Save(std::int64_t i) {
    Event& save = Add(EventKind::kCheckpointSaved, kSink, kDrainer, 0, 0, Start(i) + 1);
    save.n = trace_->texts.Intern("tidb_binlog.checkpoint");
  }
  void End() { Add(EventKind::kRunEnded, kNoNode, kNoNode, 0, 0, 0); }

 private:
  static Tso Start(std::int64_t i) { return ((i + 1) << 18) | 2; }
  Event& Add(EventKind kind, NodeId node, NodeId peer, std::uint16_t code, Tso a, Tso b) {
    Event& event = trace_->events.emplace_back();
    event.time = now_ += 10 * kMicrosecond;
    event.kind = kind;
    event.node = node;
    event.peer = peer;
    event.code = code;
    event.a = a;
    event.b = b;
    return event;
  }
  void Row(EventKind kind, NodeId node, NodeId peer, std::uint16_t table, std::int64_t i, Tso ts) {
    Event& event = Add(kind, node, peer, table, (i * 7919) % kKeys, ts);
    event.c = i + 1;
  }

  trace::Trace* trace_;
  Time now_ = 0;
};

const trace::Trace& Mixed() {
  static const trace::Trace kTrace = [] {
    trace::Trace trace;
    trace.header = BenchHeader();
    Writer writer(&trace);
    constexpr std::int64_t kTransactions = 500'000;
    constexpr std::int64_t kBehind = 500;
    for (std::int64_t i = 0; i < kTransactions + kBehind; ++i) {
      if (i < kTransactions) writer.Commit(i);
      if (i >= kBehind) writer.Apply(i - kBehind);
      if (i >= kBehind && i % 3000 == 0) writer.Save(i - kBehind);
    }
    writer.End();
    return trace;
  }();
  return kTrace;
}

void CountEvents(const Verdict& verdict, benchmark::State& state) {
  if (verdict.outcome != Outcome::kPass) state.SkipWithError("the trace must pass");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Mixed().events.size()));
}

void MixedTrace(benchmark::State& state) {
  Verdict verdict;
  Mixed();
  for ([[maybe_unused]] auto iteration : state) verdict = JudgeTrace(Mixed(), {});
  CountEvents(verdict, state);
}
BENCHMARK(MixedTrace)->Unit(benchmark::kMillisecond);

// Streamed: each event is judged as it is read, none is kept.
void MixedFile(benchmark::State& state, const std::string& suffix) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("tidegate-verifier-bench" + suffix);
  CHECK(trace::WriteTrace(Mixed(), path).has_value());
  Verdict verdict;
  for ([[maybe_unused]] auto iteration : state) {
    trace::Header header;
    trace::TextTable texts;
    const auto reader = trace::OpenTrace(path, &header, &texts);
    CHECK(reader.has_value());
    Verifier verifier(header, texts, {});
    CHECK((*reader)->ReadEvents(&verifier).has_value());
    verdict = verifier.Finish(nullptr);
  }
  std::filesystem::remove(path);
  CountEvents(verdict, state);
}
BENCHMARK_CAPTURE(MixedFile, Binary, ".tgt")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(MixedFile, Jsonl, ".jsonl")->Unit(benchmark::kMillisecond);

// Streams the commits without keeping a trace, so that the peak of memory is the verifier's own.
void Backlog(benchmark::State& state) {
  std::int64_t events = 0;
  for (auto _ : state) {
    const trace::Header header = BenchHeader();
    trace::Trace few;
    trace::TextTable texts;
    Writer writer(&few);
    Verifier verifier(header, texts, {});
    for (std::int64_t i = 0; i < 4'000'000; ++i) {
      writer.Commit(i);
      for (const Event& event : few.events) {
        verifier.Judge(event, static_cast<std::uint64_t>(events++));
      }
      few.events.clear();
    }
    benchmark::DoNotOptimize(verifier);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    state.counters["peak_mb"] = static_cast<double>(usage.ru_maxrss) / 1024.0;
  }
  state.SetItemsProcessed(events);
}
BENCHMARK(Backlog)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace tidegate::verifier
