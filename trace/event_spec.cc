#include "trace/event_spec.h"

#include "base/check.h"

namespace tidegate::trace {
namespace {

constexpr std::array<std::string_view, 2> kUnitNames = {"disabled", "enabled"};
constexpr std::array<std::string_view, 2> kGateNames = {"shut", "open"};

constexpr FieldSpec Node() { return {Slot::kNode, FieldType::kNodeName, "node", {}, true}; }
constexpr FieldSpec AnyNode() { return {Slot::kNode, FieldType::kNodeName, "node", {}, false}; }
constexpr FieldSpec Peer(std::string_view name) {
  return {Slot::kPeer, FieldType::kNodeName, name, {}, true};
}
constexpr FieldSpec AnyPeer(std::string_view name) {
  return {Slot::kPeer, FieldType::kNodeName, name, {}, false};
}
constexpr FieldSpec Table() { return {Slot::kCode, FieldType::kTable, "table", {}, true}; }
constexpr FieldSpec AnyTable() { return {Slot::kCode, FieldType::kTable, "table", {}, false}; }
constexpr FieldSpec Int(Slot slot, std::string_view name) {
  return {slot, FieldType::kInt, name, {}, false};
}
constexpr FieldSpec Ts(Slot slot, std::string_view name) {
  return {slot, FieldType::kTso, name, {}, false};
}
constexpr FieldSpec Position(Slot slot, std::string_view name) {
  return {slot, FieldType::kPosition, name, {}, false};
}
constexpr FieldSpec Text(std::string_view name) {
  return {Slot::kText, FieldType::kText, name, {}, false};
}
constexpr FieldSpec SecondText(std::string_view name) {
  return {Slot::kN, FieldType::kText, name, {}, false};
}
constexpr FieldSpec Code(std::string_view name, std::span<const std::string_view> names) {
  return {Slot::kCode, FieldType::kEnum, name, names, false};
}
constexpr FieldSpec Bits(Slot slot, std::string_view name,
                         std::span<const std::string_view> names) {
  return {slot, FieldType::kBits, name, names, false};
}

// "st" and "ct" are start_ts and commit_ts: short, because most lines of a trace hold both.
constexpr FieldSpec kSt = Ts(Slot::kA, "st");
constexpr FieldSpec kCt = Ts(Slot::kB, "ct");
constexpr FieldSpec kShape = Int(Slot::kN, "shape");
constexpr FieldSpec kPlace = Int(Slot::kN, "place");
constexpr FieldSpec kFault = Int(Slot::kN, "fault");
constexpr FieldSpec kIncarnation = Int(Slot::kN, "incarnation");

constexpr FieldSpec kJustNode[] = {Node()};
constexpr FieldSpec kNodeUp[] = {Node(), Int(Slot::kCode, "incarnation"), Text("version"),
                                 SecondText("config")};
constexpr FieldSpec kNodeDown[] = {Node(), Code("cause", kDownCauseNames), Text("why")};
constexpr FieldSpec kBinaryInstalled[] = {Node(), Text("version")};
constexpr FieldSpec kConfigInstalled[] = {Node(), Text("content")};
constexpr FieldSpec kUnitEnabled[] = {Node(), Code("unit", kUnitNames)};
constexpr FieldSpec kAlert[] = {AnyNode(), Text("said")};

constexpr FieldSpec kWriterPath[] = {Node(), AnyPeer("to"), Code("flavour", kFlavourNames),
                                     Ts(Slot::kA, "now")};
constexpr FieldSpec kWriteFailed[] = {Node(), Code("why", kWriteFailureNames), kSt,
                                      Int(Slot::kN, "count")};
constexpr FieldSpec kTxnCommitted[] = {Node(), kSt, kCt, Int(Slot::kN, "rows"),
                                       Bits(Slot::kCode, "flags", kTxnFlagNames)};
constexpr FieldSpec kRowCommitted[] = {
    Node(), Table(), Int(Slot::kA, "key"), kCt, Int(Slot::kC, "value"), kShape};
constexpr FieldSpec kDdlCommitted[] = {
    Node(), AnyTable(), kSt, kCt, Int(Slot::kC, "job"), kShape, Int(Slot::kD, "cancelled")};
constexpr FieldSpec kTxnRolledBack[] = {Node(), kSt};
constexpr FieldSpec kBinlogAcked[] = {Node(), AnyPeer("by"), Code("type", kBinlogTypeNames), kSt,
                                      kCt};
constexpr FieldSpec kBinlogDropped[] = {Node(), Code("why", kDropReasonNames), kSt, kCt};

constexpr FieldSpec kTopicAdvanced[] = {Node(), Peer("pump"), Int(Slot::kA, "from"),
                                        Int(Slot::kB, "log_end"), Ts(Slot::kC, "last")};
constexpr FieldSpec kBinlogPurged[] = {Node(), Peer("pump"), Code("type", kBinlogTypeNames),
                                       kSt,    kCt,          Int(Slot::kC, "offset")};
constexpr FieldSpec kRegistryMoved[] = {AnyNode(), Code("state", kRegistryStateNames), Text("key")};

constexpr FieldSpec kSourceAdded[] = {Node(), Peer("pump"), Position(Slot::kA, "from")};
constexpr FieldSpec kSourceRemoved[] = {Node(), Peer("pump")};
constexpr FieldSpec kWindowMoved[] = {Node(), Ts(Slot::kA, "upper"), Ts(Slot::kB, "lower")};
constexpr FieldSpec kTxnHanded[] = {Node(), kSt, kCt};
constexpr FieldSpec kRowApplied[] = {Node(),  Peer("by"),
                                     Table(), Int(Slot::kA, "key"),
                                     kCt,     Int(Slot::kC, "value"),
                                     kShape,  Bits(Slot::kD, "flags", kApplyFlagNames)};
constexpr FieldSpec kDdlApplied[] = {Node(), Peer("by"),           AnyTable(),
                                     kCt,    Int(Slot::kC, "job"), kShape};
constexpr FieldSpec kRowTorn[] = {Node(),
                                  Peer("by"),
                                  Table(),
                                  Int(Slot::kA, "key"),
                                  kCt,
                                  Int(Slot::kC, "value"),
                                  Int(Slot::kD, "now")};
constexpr FieldSpec kDdlTorn[] = {
    Node(), Peer("by"), AnyTable(), kCt, Int(Slot::kC, "job"), kShape, Int(Slot::kD, "now")};
constexpr FieldSpec kRowChanged[] = {Node(),
                                     Table(),
                                     Int(Slot::kA, "key"),
                                     Int(Slot::kC, "before"),
                                     Int(Slot::kD, "now"),
                                     Int(Slot::kN, "copies")};
constexpr FieldSpec kCheckpointSaved[] = {Node(), Peer("by"), kCt, SecondText("store"),
                                          Text("body")};
// Cluster Drainers take an initial-commit-ts of -1 for "now".
constexpr FieldSpec kCheckpointLoaded[] = {Node(), Code("source", kCheckpointSourceNames), kCt,
                                           SecondText("store"), Position(Slot::kC, "initial")};

constexpr FieldSpec kGcLifeSet[] = {Node(), Int(Slot::kA, "ns")};
constexpr FieldSpec kDumpMoved[] = {Node(), Code("what", kImportMoveNames), Ts(Slot::kB, "as_of"),
                                    Ts(Slot::kA, "now")};
constexpr FieldSpec kLoadMoved[] = {Node(), Code("what", kImportMoveNames), Ts(Slot::kB, "as_of")};
constexpr FieldSpec kTableLoaded[] = {Node(), Table(), Ts(Slot::kB, "as_of"), Int(Slot::kA, "rows"),
                                      kShape};
constexpr FieldSpec kRowLoaded[] = {Node(), Table(), Int(Slot::kA, "key"), Ts(Slot::kB, "as_of"),
                                    Int(Slot::kC, "value")};

constexpr FieldSpec kFaultFired[] = {AnyNode(), AnyPeer("peer"), kFault, Text("what")};
constexpr FieldSpec kFaultHealed[] = {kFault};
constexpr FieldSpec kFaultNeverFired[] = {kFault, Text("what")};
constexpr FieldSpec kRunEnded[] = {Code("why", kRunEndNames), Ts(Slot::kA, "now")};

constexpr FieldSpec kAfter = Int(Slot::kB, "after");
constexpr FieldSpec kActionStarted[] = {AnyNode(),           Int(Slot::kCode, "action"),
                                        Int(Slot::kA, "id"), kAfter,
                                        Text("what"),        SecondText("input")};
constexpr FieldSpec kActionDone[] = {AnyNode(), Code("answer", kAnswerNames), Int(Slot::kA, "id"),
                                     Int(Slot::kN, "status"), Text("output")};
constexpr FieldSpec kAsked[] = {
    AnyNode(),    Int(Slot::kCode, "query"), Int(Slot::kA, "id"),
    kAfter,       Int(Slot::kC, "timeout"),  Int(Slot::kD, "incarnation"),
    Text("what"), SecondText("input")};
constexpr FieldSpec kAnswered[] = {AnyNode(), Code("answer", kAnswerNames), Int(Slot::kA, "id"),
                                   Int(Slot::kN, "status"), Text("body")};

constexpr FieldSpec kEngineStarted[] = {kIncarnation, kAfter, Text("engine")};
constexpr FieldSpec kEngineCrashed[] = {kIncarnation, Code("where", kCrashPointNames),
                                        Int(Slot::kA, "outputs"), kAfter};
constexpr FieldSpec kActionPlanned[] = {kPlace, Int(Slot::kCode, "action"), Int(Slot::kA, "undo"),
                                        kAfter, Text("what")};
constexpr FieldSpec kStep[] = {kPlace, kAfter, Text("step")};
constexpr FieldSpec kGateJudged[] = {Code("gate", kGateNames), kAfter, Text("why")};
constexpr FieldSpec kFactJournaled[] = {Text("name"), Position(Slot::kA, "value"), kAfter};
constexpr FieldSpec kOperatorAsked[] = {kAfter, Text("question")};
constexpr FieldSpec kOperatorSaid[] = {kAfter, Text("answer")};
constexpr FieldSpec kEngineSaid[] = {Code("what", kSaidNames), kPlace, kAfter, Text("text")};
constexpr FieldSpec kEngineFinished[] = {Code("how", kEngineEndNames), kAfter, Text("why")};

constexpr auto kTruth = EventClass::kTruth;
constexpr auto kBoundary = EventClass::kBoundary;
constexpr auto kClaim = EventClass::kClaim;

constexpr EventSpec kEventSpecs[] = {
    {EventKind::kNodeUp, kTruth, "node-up", kNodeUp},
    {EventKind::kNodeDown, kTruth, "node-down", kNodeDown},
    {EventKind::kBinaryInstalled, kTruth, "binary-installed", kBinaryInstalled},
    {EventKind::kConfigInstalled, kTruth, "config-installed", kConfigInstalled},
    {EventKind::kUnitEnabled, kTruth, "unit-enabled", kUnitEnabled},
    {EventKind::kAlert, kTruth, "alert", kAlert},
    {EventKind::kWriterPathOpened, kTruth, "writer-path-opened", kWriterPath},
    {EventKind::kWriterPathClosed, kTruth, "writer-path-closed", kWriterPath},
    {EventKind::kClientsAttached, kTruth, "clients-attached", kJustNode},
    {EventKind::kClientsDetached, kTruth, "clients-detached", kJustNode},
    {EventKind::kWriteFailed, kTruth, "write-failed", kWriteFailed},
    {EventKind::kTxnCommitted, kTruth, "txn-committed", kTxnCommitted},
    {EventKind::kRowCommitted, kTruth, "row-committed", kRowCommitted},
    {EventKind::kDdlCommitted, kTruth, "ddl-committed", kDdlCommitted},
    {EventKind::kTxnRolledBack, kTruth, "txn-rolled-back", kTxnRolledBack},
    {EventKind::kBinlogAcked, kTruth, "binlog-acked", kBinlogAcked},
    {EventKind::kBinlogDropped, kTruth, "binlog-dropped", kBinlogDropped},
    {EventKind::kTopicAdvanced, kTruth, "topic-advanced", kTopicAdvanced},
    {EventKind::kBinlogPurged, kTruth, "binlog-purged", kBinlogPurged},
    {EventKind::kRegistryMoved, kTruth, "registry-moved", kRegistryMoved},
    {EventKind::kSourceAdded, kTruth, "source-added", kSourceAdded},
    {EventKind::kSourceRemoved, kTruth, "source-removed", kSourceRemoved},
    {EventKind::kWindowMoved, kTruth, "window-moved", kWindowMoved},
    {EventKind::kTxnHanded, kTruth, "txn-handed", kTxnHanded},
    {EventKind::kRowApplied, kTruth, "row-applied", kRowApplied},
    {EventKind::kDdlApplied, kTruth, "ddl-applied", kDdlApplied},
    {EventKind::kCheckpointSaved, kTruth, "checkpoint-saved", kCheckpointSaved},
    {EventKind::kCheckpointLoaded, kTruth, "checkpoint-loaded", kCheckpointLoaded},
    {EventKind::kGcLifeSet, kTruth, "gc-life-set", kGcLifeSet},
    {EventKind::kDumpMoved, kTruth, "dump-moved", kDumpMoved},
    {EventKind::kLoadMoved, kTruth, "load-moved", kLoadMoved},
    {EventKind::kTableLoaded, kTruth, "table-loaded", kTableLoaded},
    {EventKind::kRowLoaded, kTruth, "row-loaded", kRowLoaded},
    {EventKind::kFaultFired, kTruth, "fault-fired", kFaultFired},
    {EventKind::kFaultHealed, kTruth, "fault-healed", kFaultHealed},
    {EventKind::kFaultNeverFired, kTruth, "fault-never-fired", kFaultNeverFired},
    {EventKind::kWorkloadStopped, kTruth, "workload-stopped", {}},
    {EventKind::kRunEnded, kTruth, "run-ended", kRunEnded},
    {EventKind::kActionStarted, kBoundary, "action-started", kActionStarted},
    {EventKind::kActionDone, kBoundary, "action-done", kActionDone},
    {EventKind::kAsked, kBoundary, "asked", kAsked},
    {EventKind::kAnswered, kBoundary, "answered", kAnswered},
    {EventKind::kEngineStarted, kClaim, "engine-started", kEngineStarted},
    {EventKind::kEngineCrashed, kClaim, "engine-crashed", kEngineCrashed},
    {EventKind::kActionPlanned, kClaim, "action-planned", kActionPlanned},
    {EventKind::kStepStarted, kClaim, "step-started", kStep},
    {EventKind::kStepDone, kClaim, "step-done", kStep},
    {EventKind::kGateJudged, kClaim, "gate-judged", kGateJudged},
    {EventKind::kFactJournaled, kClaim, "fact-journaled", kFactJournaled},
    {EventKind::kOperatorAsked, kClaim, "operator-asked", kOperatorAsked},
    {EventKind::kOperatorSaid, kClaim, "operator-said", kOperatorSaid},
    {EventKind::kEngineSaid, kClaim, "engine-said", kEngineSaid},
    {EventKind::kEngineFinished, kClaim, "engine-finished", kEngineFinished},
    {EventKind::kRowTorn, kTruth, "row-torn", kRowTorn},
    {EventKind::kDdlTorn, kTruth, "ddl-torn", kDdlTorn},
    {EventKind::kRowChanged, kTruth, "row-changed", kRowChanged},
};

constexpr auto kKindCount = static_cast<std::size_t>(EventKind::kCount);
static_assert(std::size(kEventSpecs) == kKindCount, "an event kind has no row");

constexpr bool RowsAreInOrder() {
  for (std::size_t i = 0; i < kKindCount; ++i) {
    if (kEventSpecs[i].kind != static_cast<EventKind>(i)) return false;
  }
  return true;
}
static_assert(RowsAreInOrder(), "the rows must stand in the order of EventKind");

// What the readers, the digest and the rules rely on: no slot and no name twice in a row, and only
// slots that can hold what the type says.
constexpr bool FieldFits(const FieldSpec& field) {
  switch (field.type) {
    case FieldType::kNodeName: return field.slot == Slot::kNode || field.slot == Slot::kPeer;
    case FieldType::kTable: return field.slot == Slot::kCode;
    case FieldType::kEnum: return field.slot == Slot::kCode && !field.names.empty();
    case FieldType::kBits:
      return (field.slot == Slot::kCode || field.slot == Slot::kD) && !field.names.empty() &&
             field.names.size() < 16;
    case FieldType::kText: return field.slot == Slot::kText || field.slot == Slot::kN;
    case FieldType::kTso:
    case FieldType::kPosition: return field.slot >= Slot::kA && field.slot <= Slot::kD;
    case FieldType::kInt:
      return field.slot == Slot::kCode || field.slot == Slot::kN ||
             (field.slot >= Slot::kA && field.slot <= Slot::kD);
  }
  return false;
}

constexpr bool RowsAreSound() {
  for (const EventSpec& spec : kEventSpecs) {
    for (std::size_t i = 0; i < spec.fields.size(); ++i) {
      if (!FieldFits(spec.fields[i])) return false;
      for (const std::string_view reserved : {"t", "e", "end", "digest"}) {
        if (spec.fields[i].name == reserved) return false;
      }
      for (std::size_t j = 0; j < i; ++j) {
        if (spec.fields[i].slot == spec.fields[j].slot) return false;
        if (spec.fields[i].name == spec.fields[j].name) return false;
      }
    }
  }
  return true;
}
static_assert(RowsAreSound());

constexpr std::size_t kBucketCount = 256;

constexpr std::size_t BucketOf(std::string_view name) {
  std::size_t hash = 0;
  for (const char c : name) hash = hash * 31 + static_cast<unsigned char>(c);
  return (hash ^ (hash >> 8)) % kBucketCount;
}

// Open addressing over the names of the kinds; kCount marks a free bucket.
constexpr std::array<EventKind, kBucketCount> MakeBuckets() {
  std::array<EventKind, kBucketCount> buckets{};
  buckets.fill(EventKind::kCount);
  for (const EventSpec& spec : kEventSpecs) {
    std::size_t at = BucketOf(spec.name);
    while (buckets[at] != EventKind::kCount) at = (at + 1) % kBucketCount;
    buckets[at] = spec.kind;
  }
  return buckets;
}
constexpr std::array<EventKind, kBucketCount> kBuckets = MakeBuckets();

}  // namespace

const EventSpec& SpecOf(EventKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  CHECK(index < kKindCount);
  return kEventSpecs[index];
}

EventKind EventKindNamed(std::string_view name) {
  for (std::size_t at = BucketOf(name);; at = (at + 1) % kBucketCount) {
    const EventKind kind = kBuckets[at];
    if (kind == EventKind::kCount) return kind;
    if (kEventSpecs[static_cast<std::size_t>(kind)].name == name) return kind;
  }
}

std::span<const EventSpec> AllEventSpecs() { return kEventSpecs; }

}  // namespace tidegate::trace
