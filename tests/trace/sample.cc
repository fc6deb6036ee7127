#include "tests/trace/sample.h"

#include <cstring>

#include "trace/binary.h"
#include "trace/event_rules.h"
#include "trace/header_json.h"
#include "trace/jsonl.h"

namespace tidegate::trace {
namespace {

// The reference is good until the next node is added.
NodeInfo& AddNode(const std::string& name, Role role, Header* header) {
  NodeInfo& node = header->nodes.emplace_back();
  node.name = name;
  node.role = role;
  return node;
}

void SetSlot(const FieldSpec& field, std::int64_t number, Trace* trace, Event* event) {
  switch (field.slot) {
    case Slot::kNode: event->node = 0; break;
    case Slot::kPeer: event->peer = 3; break;
    case Slot::kCode:
      if (field.type == FieldType::kBits) {
        event->code = static_cast<std::uint16_t>((1U << field.names.size()) - 1);
      } else {
        event->code = field.type == FieldType::kInt ? 65535 : 1;
      }
      break;
    case Slot::kA: event->a = number; break;
    case Slot::kB: event->b = number + 1; break;
    case Slot::kC: event->c = field.type == FieldType::kInt ? -number : number; break;
    case Slot::kD: event->d = field.type == FieldType::kBits ? 3 : 1; break;
    case Slot::kText:
      event->text = trace->texts.Intern("text " + std::to_string(number) +
                                        " \"\\\n\t\x01\x7F é 🐟 \xFF\xED\xB2\x80 end");
      break;
    case Slot::kN:
      event->n = field.type == FieldType::kText
                     ? trace->texts.Intern("second " + std::to_string(number))
                     : UINT32_MAX;
      break;
  }
}

class Collector : public Listener {
 public:
  explicit Collector(Trace* trace) : trace_(trace) {}
  void OnEvent(const Event& event, std::uint64_t index) override {
    CHECK(index == trace_->events.size());
    // What a reader promises its listener: the texts are there already.
    CHECK(EventRules(trace_->header).Hold(event, trace_->texts.size()));
    trace_->events.push_back(event);
  }

 private:
  Trace* trace_;
};

}  // namespace

Header SampleHeader() {
  Header header;
  header.scenario = "steady \"writes\"";
  header.scenario_digest = "abc";
  header.seed = UINT64_MAX;
  header.engine = "ours";
  header.procedure = "kafka-to-cluster";
  header.gate = "proof";
  NodeInfo& tidb = AddNode("tidb-1", Role::kTidb, &header);
  tidb.host = "10.0.1.1";
  tidb.port = 4000;
  NodeInfo& pump = AddNode("old-pump-1", Role::kPump, &header);
  pump.era = Era::kKafka;
  pump.unit = "pump.service";
  pump.old_side = true;
  AddNode("mysql-1", Role::kDownstream, &header).keyed_sink = false;
  NodeInfo& drainer = AddNode("drainer-1", Role::kDrainer, &header);
  drainer.era = Era::kCluster;
  drainer.data_dir = "/data";
  drainer.sink = 2;
  drainer.new_side = true;
  drainer.target_version = "v2.1.0";
  drainer.detect_interval = 10 * kSecond;
  AddNode("kafka-1", Role::kKafka, &header).carries_foreign = true;
  header.tables.push_back({.schema = "shop", .name = "orders", .has_key = true, .sinks = {2}});
  header.tables.push_back({.schema = "shop", .name = "log", .has_key = false, .sinks = {}});
  header.write_outage_max = kMinute;
  header.accepted = {"write-outage"};
  header.drain_max = kHour;
  header.tidb_may_be_upgraded = false;
  header.run_plan = "{\"seed\":1}\n";
  return header;
}

Trace EveryKind() {
  Trace trace;
  trace.header = SampleHeader();
  std::int64_t number = 438'470'000'000'000'001;
  for (const EventSpec& spec : AllEventSpecs()) {
    Event event;
    event.time = number - 438'470'000'000'000'000;
    event.kind = spec.kind;
    for (const FieldSpec& field : spec.fields) SetSlot(field, number, &trace, &event);
    trace.events.push_back(event);
    number += 10;
  }
  return trace;
}

Trace SmallTrace() {
  Trace trace;
  AddNode("tidb-1", Role::kTidb, &trace.header);
  const TextId said = trace.texts.Intern("binlog is \"off\" \xF0\x9F\x90\x9F");
  const TextId why = trace.texts.Intern("why");
  trace.events.push_back(
      {.time = 5, .kind = EventKind::kNodeDown, .node = 0, .code = 1, .text = why});
  trace.events.push_back({.time = 5,
                          .kind = EventKind::kTxnCommitted,
                          .node = 0,
                          .code = 5,
                          .a = 11,
                          .b = 12,
                          .n = 2});
  trace.events.push_back({.time = 7, .kind = EventKind::kAlert, .node = 0, .text = said});
  return trace;
}

std::string Write(const Trace& trace, Form form) {
  std::string bytes;
  const ByteSink sink = [&](std::string_view more) {
    bytes += more;
    return Status();
  };
  const Status status = form == Form::kJsonl ? WriteJsonl(trace, sink) : WriteBinary(trace, sink);
  CHECK(status.has_value());
  return bytes;
}

Result<Trace> Read(const std::string& bytes, Form form) {
  Trace trace;
  std::unique_ptr<ByteSource> source = FromString(bytes, "trace");
  TRY_ASSIGN(const std::unique_ptr<TraceReader> reader,
             form == Form::kJsonl ? OpenJsonl(std::move(source), &trace.header, &trace.texts)
                                  : OpenBinary(std::move(source), &trace.header, &trace.texts));
  Collector collector(&trace);
  TRY(reader->ReadEvents(&collector));
  CHECK(reader->event_count() == trace.events.size());
  return trace;
}

std::string Why(const Result<Trace>& read) {
  return read.has_value() ? "" : read.error().ToString();
}

bool SameMeaning(const Trace& left, const Trace& right) {
  // How the run's files were named is no part of what the digest keeps.
  Header a_header = left.header;
  a_header.reproduce = right.header.reproduce;
  if (HeaderToJson(a_header) != HeaderToJson(right.header)) return false;
  if (left.events.size() != right.events.size()) return false;
  for (std::size_t i = 0; i < left.events.size(); ++i) {
    Event a = left.events[i];
    Event b = right.events[i];
    if (a.kind != b.kind || left.texts.Get(a.text) != right.texts.Get(b.text)) return false;
    a.text = b.text = 0;
    if (HasSecondText(a.kind)) {
      if (left.texts.Get(a.n) != right.texts.Get(b.n)) return false;
      a.n = b.n = 0;
    }
    if (std::memcmp(&a, &b, sizeof a) != 0) return false;
  }
  return true;
}

}  // namespace tidegate::trace
