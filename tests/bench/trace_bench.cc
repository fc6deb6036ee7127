// How fast traces are written, read and digested. One item is one event of a mix like that of a
// steady run: each transaction with its rows, binlogs and their way downstream.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "base/files.h"
#include "trace/binary.h"
#include "trace/digest.h"
#include "trace/jsonl.h"

namespace tidegate::trace {
namespace {

constexpr Tso kFirstTso = 438'470'000'000'000'001;

void AddNode(const std::string& name, Role role, Header* header) {
  NodeInfo& node = header->nodes.emplace_back();
  node.name = name;
  node.role = role;
}

Event At(std::int64_t txn, EventKind kind, NodeId node, NodeId peer) {
  Event event;
  event.time = txn * kMillisecond;
  event.kind = kind;
  event.node = node;
  event.peer = peer;
  event.a = kFirstTso + 2 * txn;
  event.b = kFirstTso + 2 * txn + 1;
  return event;
}

void AddTransaction(std::int64_t txn, Trace* trace) {
  Event prewrite = At(txn, EventKind::kBinlogAcked, 1, 0);
  prewrite.b = 0;
  trace->events.push_back(prewrite);
  Event committed = At(txn, EventKind::kTxnCommitted, 0, kNoNode);
  committed.n = 2;
  trace->events.push_back(committed);
  Event row = committed;
  row.kind = EventKind::kRowCommitted;
  row.n = 0;
  for (std::int64_t i = 0; i < 2; ++i) {
    row.a = txn * 7 % 10'000 + i;
    row.c = txn * 31;
    trace->events.push_back(row);
  }
  Event commit = At(txn, EventKind::kBinlogAcked, 1, 0);
  commit.code = static_cast<std::uint16_t>(BinlogType::kCommit);
  trace->events.push_back(commit);
  trace->events.push_back(At(txn, EventKind::kTxnHanded, 2, kNoNode));
  row.kind = EventKind::kRowApplied;
  row.node = 3;
  row.peer = 2;
  trace->events.push_back(row);
  trace->events.push_back(row);
  if (txn % 100 == 0) {
    Event answered = At(txn, EventKind::kAnswered, 2, kNoNode);
    answered.b = 0;
    answered.text = trace->texts.Intern(
        "{\"PumpPos\":{},\"Synced\":false,\"LastTS\":" + std::to_string(kFirstTso + txn) + "}");
    trace->events.push_back(answered);
  }
}

const Trace& SteadyRun() {
  static const Trace kTrace = [] {
    Trace trace;
    AddNode("tidb-1", Role::kTidb, &trace.header);
    AddNode("old-pump-1", Role::kPump, &trace.header);
    AddNode("drainer-1", Role::kDrainer, &trace.header);
    AddNode("mysql-1", Role::kDownstream, &trace.header);
    trace.header.tables.push_back(
        {.schema = "shop", .name = "orders", .has_key = true, .sinks = {3}});
    for (std::int64_t txn = 1; txn <= 100'000; ++txn) AddTransaction(txn, &trace);
    return trace;
  }();
  return kTrace;
}

class Count : public Listener {
 public:
  void OnEvent(const Event& event, std::uint64_t /*index*/) override { sum += event.a; }
  std::int64_t sum = 0;
};

void CountEvents(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(SteadyRun().events.size()));
}

using Writer = Status (*)(const Trace&, const ByteSink&);
using Opener = Result<std::unique_ptr<TraceReader>> (*)(std::unique_ptr<ByteSource>, Header*,
                                                        TextTable*);

void Write(benchmark::State& state, Writer write) {
  std::size_t bytes = 0;
  const ByteSink sink = [&](std::string_view more) {
    bytes += more.size();
    return Status();
  };
  for ([[maybe_unused]] auto iteration : state) CHECK(write(SteadyRun(), sink).has_value());
  CountEvents(state);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void Read(benchmark::State& state, Writer write, Opener open) {
  std::string bytes;
  const ByteSink sink = [&](std::string_view more) {
    bytes += more;
    return Status();
  };
  CHECK(write(SteadyRun(), sink).has_value());
  const std::string path = std::filesystem::temp_directory_path() / "tidegate-trace-bench";
  CHECK(WriteFileAtomically(path, bytes).has_value());
  for ([[maybe_unused]] auto iteration : state) {
    Header header;
    TextTable texts;
    Count count;
    Result<std::unique_ptr<ByteSource>> source = OpenFile(path);
    CHECK(source.has_value());
    const auto reader = open(std::move(*source), &header, &texts);
    CHECK(reader.has_value());
    CHECK((*reader)->ReadEvents(&count).has_value());
    benchmark::DoNotOptimize(count.sum);
  }
  std::filesystem::remove(path);
  CountEvents(state);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

void DigestEvents(benchmark::State& state) {
  for ([[maybe_unused]] auto iteration : state) benchmark::DoNotOptimize(DigestOf(SteadyRun()));
  CountEvents(state);
}

BENCHMARK(DigestEvents)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Write, Jsonl, WriteJsonl)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Write, Binary, WriteBinary)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Read, Jsonl, WriteJsonl, OpenJsonl)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Read, Binary, WriteBinary, OpenBinary)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tidegate::trace
