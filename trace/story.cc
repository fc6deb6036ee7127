#include "trace/story.h"

#include <fmt/format.h>

#include "base/check.h"
#include "trace/event_spec.h"
#include "trace/json_scan.h"

namespace tidegate::trace {
namespace {

constexpr std::size_t kQuotedBytesMax = 160;

// The parts of an event as words.
class Words {
 public:
  Words(const Event& event, const Header& header, const TextTable& texts)
      : event_(event), header_(header), texts_(texts) {}

  const Event& event() const { return event_; }
  std::string Node() const { return Name(event_.node, "the cluster"); }
  std::string Peer() const { return Name(event_.peer, "an unknown node"); }
  bool has_peer() const { return event_.peer != kNoNode; }
  bool has_node() const { return event_.node != kNoNode; }
  bool has_text() const { return event_.text != 0; }

  /// " on old-pump-1", or nothing.
  std::string OnNode() const { return has_node() ? " on " + Node() : ""; }

  /// The text as it is, escaped and cut.
  std::string Text() const { return Plain(event_.text); }
  std::string SecondText() const { return Plain(event_.n); }
  /// ": TEXT", or nothing.
  std::string ColonText() const { return has_text() ? ": " + Text() : ""; }

  /// The name of the value of the kind's enumeration.
  std::string_view CodeName() const {
    for (const FieldSpec& field : SpecOf(event_.kind).fields) {
      if (field.slot == Slot::kCode && field.type == FieldType::kEnum) {
        return field.names[event_.code];
      }
    }
    return "?";
  }

  std::string Flags(std::string_view before) const {
    for (const FieldSpec& field : SpecOf(event_.kind).fields) {
      if (field.type != FieldType::kBits) continue;
      const auto bits = field.slot == Slot::kCode ? static_cast<std::uint64_t>(event_.code)
                                                  : static_cast<std::uint64_t>(event_.d);
      std::string out;
      for (std::size_t bit = 0; bit < field.names.size(); ++bit) {
        if ((bits >> bit & 1U) == 0) continue;
        out += out.empty() ? before : ", ";
        out += field.names[bit];
      }
      return out;
    }
    return "";
  }

  std::string Table() const {
    if (event_.code == kNoTable) return "no listed table";
    const TableInfo& table = header_.tables[event_.code];
    return table.schema + "." + table.name;
  }

  /// "start_ts 1, commit_ts 2", each only where it is known.
  std::string Timestamps() const {
    if (event_.b == 0) return fmt::format("start_ts {}", event_.a);
    if (event_.a == 0) return fmt::format("commit_ts {}", event_.b);
    return fmt::format("start_ts {}, commit_ts {}", event_.a, event_.b);
  }

  /// "key 5 of shop.orders = 12 (commit_ts 9)" or "… deleted".
  std::string Row() const {
    const std::string value = event_.c == 0 ? " deleted" : fmt::format(" = {}", event_.c);
    return fmt::format("key {} of {}{} (commit_ts {}", event_.a, Table(), value, event_.b);
  }

 private:
  std::string Name(NodeId node, std::string_view otherwise) const {
    return node == kNoNode ? std::string(otherwise) : header_.nodes[node].name;
  }

  std::string Plain(TextId id) const {
    const std::string_view text = texts_.Get(id);
    if (text.empty()) return "nothing";
    std::string quoted;
    AppendJsonString(text.substr(0, kQuotedBytesMax), &quoted);
    // Bodies are full of quotation marks, and none stand around the text here.
    std::string out;
    const std::size_t last = quoted.size() - 1;
    for (std::size_t at = 1; at < last; ++at) {
      const bool escapes = quoted[at] == '\\' && at + 1 < last && quoted[at + 1] == '"';
      if (!escapes) out += quoted[at];
    }
    if (text.size() > kQuotedBytesMax) out += fmt::format("… ({} bytes)", text.size());
    return out;
  }

  const Event& event_;
  const Header& header_;
  const TextTable& texts_;
};

std::string Rows(std::uint32_t count) {
  return count == 1 ? std::string("1 row") : fmt::format("{} rows", count);
}

std::string NoneOr(std::int64_t value) { return value == 0 ? "none" : fmt::format("{}", value); }

std::string ProcessSentence(const Words& w) {
  const Event& e = w.event();
  switch (e.kind) {
    case EventKind::kNodeUp: {
      const std::string version = w.has_text() ? " with version " + w.Text() : "";
      const std::string config = e.n == 0 ? "" : fmt::format(", configured by {}", w.SecondText());
      return fmt::format("{} came up{} (incarnation {}{})", w.Node(), version, e.code, config);
    }
    case EventKind::kNodeDown: {
      constexpr std::string_view kHow[] = {"was stopped", "was killed", "exited by itself",
                                           "failed to start"};
      return fmt::format("{} {}{}", w.Node(), kHow[e.code], w.ColonText());
    }
    case EventKind::kBinaryInstalled:
      return fmt::format("version {} was installed at the path that {} runs", w.Text(), w.Node());
    case EventKind::kConfigInstalled:
      return fmt::format("{} got a new configuration file{}", w.Node(), w.ColonText());
    case EventKind::kUnitEnabled:
      return fmt::format("the unit of {} was {}", w.Node(), w.CodeName());
    case EventKind::kAlert: return fmt::format("{} said loudly{}", w.Node(), w.ColonText());
    default: return "";
  }
}

std::string WritingSentence(const Words& w) {
  const Event& e = w.event();
  switch (e.kind) {
    case EventKind::kWriterPathOpened:
    case EventKind::kWriterPathClosed: {
      const bool opened = e.kind == EventKind::kWriterPathOpened;
      const std::string to = w.has_peer() ? " to " + w.Peer() : "";
      return fmt::format("{} {} its binlog path{} (flavour {}, PD at {})", w.Node(),
                         opened ? "opened" : "closed", to, w.CodeName(), e.a);
    }
    case EventKind::kClientsAttached: return fmt::format("clients can reach {}", w.Node());
    case EventKind::kClientsDetached:
      return fmt::format("clients can no longer reach {}", w.Node());
    case EventKind::kWriteFailed: {
      const std::string start = e.a == 0 ? "" : fmt::format(", start_ts {}", e.a);
      return fmt::format("{} client {} failed at {} (why: {}{})", e.n,
                         e.n == 1 ? "write" : "writes", w.Node(), w.CodeName(), start);
    }
    case EventKind::kTxnCommitted:
      return fmt::format("{} committed a transaction ({}, {}{})", w.Node(), w.Timestamps(),
                         Rows(e.n), w.Flags("; "));
    case EventKind::kRowCommitted:
      return fmt::format("{} committed {}, shape {})", w.Node(), w.Row(), e.n);
    case EventKind::kDdlCommitted:
      return fmt::format("{} {} DDL job {} on {} ({}, shape {})", w.Node(),
                         e.d == 0 ? "committed" : "cancelled", e.c, w.Table(), w.Timestamps(), e.n);
    case EventKind::kTxnRolledBack:
      return fmt::format("{} rolled a transaction back (start_ts {})", w.Node(), e.a);
    case EventKind::kBinlogAcked: {
      const std::string from = w.has_peer() ? " from " + w.Peer() : "";
      return fmt::format("{} acknowledged a {} binlog{} ({})", w.Node(), w.CodeName(), from,
                         w.Timestamps());
    }
    case EventKind::kBinlogDropped:
      return fmt::format("{} dropped a binlog (why: {}; {})", w.Node(), w.CodeName(),
                         w.Timestamps());
    default: return "";
  }
}

std::string TransportSentence(const Words& w) {
  const Event& e = w.event();
  switch (e.kind) {
    case EventKind::kTopicAdvanced:
      return fmt::format(
          "{} took the messages of {} from offset {} up to its log end {} (last real "
          "timestamp {})",
          w.Node(), w.Peer(), e.a, e.b, e.c);
    case EventKind::kBinlogPurged:
      return fmt::format("{} purged a {} binlog of {} ({}, offset {})", w.Node(), w.CodeName(),
                         w.Peer(), w.Timestamps(), e.c);
    case EventKind::kRegistryMoved:
      return fmt::format("the registry key of {} became {}{}", w.Node(), w.CodeName(),
                         w.ColonText());
    case EventKind::kSourceAdded:
      return fmt::format("{} began to read {} from {}", w.Node(), w.Peer(), e.a);
    case EventKind::kSourceRemoved: return fmt::format("{} no longer reads {}", w.Node(), w.Peer());
    case EventKind::kWindowMoved:
      return fmt::format("{} moved its window to Upper {}, Lower {}", w.Node(), e.a, e.b);
    default: return "";
  }
}

std::string ImportSentence(const Words& w) {
  const Event& e = w.event();
  switch (e.kind) {
    case EventKind::kGcLifeSet:
      return fmt::format("{} keeps old versions for {}", w.Node(), FormatDuration(e.a));
    case EventKind::kDumpMoved:
      return fmt::format("a dump of {} as of {} {} (PD at {})", w.Node(), e.b, w.CodeName(), e.a);
    case EventKind::kLoadMoved:
      return fmt::format("the load of the dump as of {} into {} {}", e.b, w.Node(), w.CodeName());
    case EventKind::kTableLoaded:
      return fmt::format("{} of {} was replaced by {} rows as of {} (shape {})", w.Table(),
                         w.Node(), e.a, e.b, e.n);
    case EventKind::kRowLoaded:
      return fmt::format("key {} of {} at {} is {} as of {}", e.a, w.Table(), w.Node(), e.c, e.b);
    default: return "";
  }
}

std::string DownstreamSentence(const Words& w) {
  const Event& e = w.event();
  switch (e.kind) {
    case EventKind::kTxnHanded:
      return fmt::format("{} handed a transaction to its sink ({})", w.Node(), w.Timestamps());
    case EventKind::kRowApplied:
      return fmt::format("{} applied {}, shape {}) to {}{}", w.Peer(), w.Row(), e.n, w.Node(),
                         w.Flags(": "));
    case EventKind::kDdlApplied:
      return fmt::format("{} applied DDL job {} on {} to {} (commit_ts {}, shape {})", w.Peer(),
                         e.c, w.Table(), w.Node(), e.b, e.n);
    case EventKind::kRowTorn:
      return fmt::format("{} lost {}) that {} had written: it is {} there now", w.Node(), w.Row(),
                         w.Peer(), e.d);
    case EventKind::kDdlTorn:
      return fmt::format(
          "{} lost DDL job {} on {} that {} had written (commit_ts {}, shape {}): the "
          "shape is {} there now",
          w.Node(), e.c, w.Table(), w.Peer(), e.b, e.n, e.d);
    case EventKind::kRowChanged:
      return fmt::format("somebody's own SQL {} key {} of {} at {}: it was {}, and is {}{}",
                         e.d == 0 ? "deleted" : "wrote", e.a, w.Table(), w.Node(), NoneOr(e.c),
                         NoneOr(e.d), e.n > 1 ? fmt::format(" in {} rows", e.n) : "");
    case EventKind::kCheckpointSaved:
      return fmt::format("{} saved the checkpoint commit_ts {} in {} of {}{}", w.Peer(), e.b,
                         w.SecondText(), w.Node(), w.ColonText());
    case EventKind::kCheckpointLoaded:
      return fmt::format(
          "{} resumed from commit_ts {} (source: {}, store: {}, "
          "initial-commit-ts: {})",
          w.Node(), e.b, w.CodeName(), w.SecondText(), e.c);
    default: return ImportSentence(w);
  }
}

std::string RunSentence(const Words& w) {
  const Event& e = w.event();
  switch (e.kind) {
    case EventKind::kFaultFired: {
      const std::string at = w.has_node() ? " at " + w.Node() : "";
      const std::string towards = w.has_peer() ? " towards " + w.Peer() : "";
      return fmt::format("fault {} fired{}{}{}", e.n, at, towards, w.ColonText());
    }
    case EventKind::kFaultHealed: return fmt::format("fault {} healed", e.n);
    case EventKind::kFaultNeverFired:
      return fmt::format("fault {} never fired{}", e.n, w.ColonText());
    case EventKind::kWorkloadStopped: return "the workload stopped";
    case EventKind::kRunEnded:
      return fmt::format("the run ended (why: {}, PD at {})", w.CodeName(), e.a);
    default: return "";
  }
}

std::string BoundarySentence(const Words& w) {
  const Event& e = w.event();
  const std::string status = e.n == 0 ? "" : fmt::format(", status {}", e.n);
  switch (e.kind) {
    case EventKind::kActionStarted:
      return fmt::format("the engine began action {}{}{}", e.a, w.OnNode(), w.ColonText());
    case EventKind::kActionDone:
      return fmt::format("action {}{} ended: {}{}{}", e.a, w.OnNode(), w.CodeName(), status,
                         w.ColonText());
    case EventKind::kAsked:
      return fmt::format("the engine asked question {}{}{}", e.a, w.OnNode(), w.ColonText());
    case EventKind::kAnswered:
      return fmt::format("question {}{} was answered: {}{}{}", e.a, w.OnNode(), w.CodeName(),
                         status, w.ColonText());
    default: return "";
  }
}

std::string ClaimSentence(const Words& w) {
  const Event& e = w.event();
  switch (e.kind) {
    case EventKind::kEngineStarted:
      return fmt::format("the engine {} started (incarnation {})", w.Text(), e.n);
    case EventKind::kEngineCrashed:
      return fmt::format("the engine crashed (incarnation {}, {}, after {} outputs)", e.n,
                         w.CodeName(), e.a);
    case EventKind::kActionPlanned:
      return fmt::format("the plan's {} {} is{}", e.a == 0 ? "action" : "undo", e.n, w.ColonText());
    case EventKind::kStepStarted:
      return fmt::format("the engine began step {} (place {} in the plan)", w.Text(), e.n);
    case EventKind::kStepDone:
      return fmt::format("the engine finished step {} (place {} in the plan)", w.Text(), e.n);
    case EventKind::kGateJudged:
      return fmt::format("the engine judged its gate {}{}", w.CodeName(), w.ColonText());
    case EventKind::kFactJournaled:
      return fmt::format("the engine journaled {} = {}", w.Text(), e.a);
    case EventKind::kOperatorAsked:
      return fmt::format("the engine asked the operator{}", w.ColonText());
    case EventKind::kOperatorSaid: return fmt::format("the operator answered{}", w.ColonText());
    case EventKind::kEngineSaid:
      return fmt::format("the engine said ({}){}", w.CodeName(), w.ColonText());
    case EventKind::kEngineFinished:
      return fmt::format("the engine ended (how: {}){}", w.CodeName(), w.ColonText());
    default: return "";
  }
}

}  // namespace

std::string Sentence(const Event& event, const Header& header, const TextTable& texts) {
  const Words words(event, header, texts);
  for (const auto& sentence_of :
       {ProcessSentence, WritingSentence, TransportSentence, DownstreamSentence, RunSentence,
        BoundarySentence, ClaimSentence}) {
    std::string sentence = sentence_of(words);
    if (!sentence.empty()) return sentence;
  }
  CHECK_MSG(false, "an event kind has no sentence");
  return "";
}

}  // namespace tidegate::trace
