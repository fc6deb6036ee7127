#include "rehearsal/lab_view.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::rehearsal {
namespace {

using trace::EventKind;

constexpr std::size_t kLastLines = 6;
constexpr std::size_t kLineMax = 110;

std::string Cut(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kLineMax) text = text.substr(0, kLineMax - 3) + "...";
  return text;
}

std::string Said(const StepLine& line) {
  return Cut(fmt::format("{}  {} {}{}{}", FormatClock(line.time), line.step, line.what,
                         line.text.empty() ? "" : ": ", line.text));
}

}  // namespace

LabView::LabView(const trace::Header& header, const trace::TextTable& texts,
                 std::function<void(const std::string&)> say)
    : header_(header),
      texts_(texts),
      say_(std::move(say)),
      steps_(header, texts),
      nodes_(header.nodes.size()) {}

void LabView::OnEvent(const trace::Event& event, std::uint64_t) {
  now_ = event.time;
  switch (event.kind) {
    case EventKind::kRowCommitted:
    case EventKind::kBinlogAcked:
    case EventKind::kTxnHanded:
    case EventKind::kRowApplied:
    case EventKind::kTopicAdvanced:
    case EventKind::kAsked:
    case EventKind::kAnswered: return;
    default: break;
  }
  ++changes_;
  steps_.OnEvent(event);
  Note(event);
  if (say_) SayNew();
}

void LabView::Note(const trace::Event& event) {
  switch (event.kind) {
    case EventKind::kTxnCommitted:
    case EventKind::kDdlCommitted: last_commit_ = std::max(last_commit_, event.b); break;
    case EventKind::kNodeUp: {
      Seen& seen = nodes_[event.node];
      seen.runs = seen.up = true;
      seen.version = std::string(texts_.Get(event.text));
      if (say_ && now_ > 0) {
        say_(fmt::format("{}  {} up, {}", FormatClock(now_), header_.nodes[event.node].name,
                         seen.version));
      }
      break;
    }
    case EventKind::kNodeDown: {
      Seen& seen = nodes_[event.node];
      seen.up = false;
      seen.down = trace::kDownCauseNames[event.code];
      if (say_) {
        say_(Cut(fmt::format("{}  {} {}: {}", FormatClock(now_), header_.nodes[event.node].name,
                             seen.down, texts_.Get(event.text))));
      }
      break;
    }
    case EventKind::kRegistryMoved:
      nodes_[event.node].registry = trace::kRegistryStateNames[event.code];
      break;
    case EventKind::kWindowMoved:
      nodes_[event.node].upper = event.a;
      nodes_[event.node].lower = event.b;
      break;
    case EventKind::kCheckpointSaved: nodes_[event.peer].checkpoint = event.b; break;
    case EventKind::kFaultFired:
      faults_.emplace_back(event.n,
                           fmt::format("{} since {}", texts_.Get(event.text), FormatClock(now_)));
      break;
    case EventKind::kFaultHealed:
      std::erase_if(faults_, [&](const auto& fault) { return fault.first == event.n; });
      break;
    default: break;
  }
}

void LabView::SayNew() {
  for (; said_ < steps_.lines().size(); ++said_) say_(Said(steps_.lines()[said_]));
}

// How far the downstream is behind the last commit, as its Drainer has written it down.
std::string LabView::Progress(const Seen& seen) const {
  std::string out;
  if (seen.upper > 0) out += fmt::format("window {} to {}", seen.lower, seen.upper);
  if (seen.checkpoint <= 0) return out;
  const Duration lag =
      std::max<std::int64_t>(0, TsoGapMs(last_commit_, seen.checkpoint)) * kMillisecond;
  return fmt::format("{}{}checkpoint {}, {} behind", out, out.empty() ? "" : "; ", seen.checkpoint,
                     FormatDuration(lag));
}

std::string LabView::RowOf(std::size_t node) const {
  const trace::NodeInfo& info = header_.nodes[node];
  const Seen& seen = nodes_[node];
  const std::string state = seen.up ? "up" : seen.down.empty() ? "-" : seen.down;
  return fmt::format("{:<18} {:<22} {:<9} {:<14} {:<10} {}\n", info.name,
                     fmt::format("{}:{}", info.host, info.port), state, seen.up ? seen.version : "",
                     seen.registry, Progress(seen));
}

std::string LabView::Text() const {
  std::string out = fmt::format("{:<18} {:<22} {:<9} {:<14} {:<10} {}\n", "node", "address",
                                "state", "version", "registry", "progress");
  for (std::size_t i = 0; i < header_.nodes.size(); ++i) {
    if (!header_.nodes[i].host.empty() && header_.nodes[i].port > 0) out += RowOf(i);
  }
  for (const auto& [number, fault] : faults_) out += fmt::format("fault: {}\n", fault);
  const std::vector<StepLine>& lines = steps_.lines();
  const std::size_t first = lines.size() - std::min(lines.size(), kLastLines);
  for (std::size_t i = first; i < lines.size(); ++i) out += Said(lines[i]) + "\n";
  return out;
}

}  // namespace tidegate::rehearsal
