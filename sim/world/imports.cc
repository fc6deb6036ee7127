#include "sim/world/imports.h"

#include <algorithm>
#include <charconv>

#include "sim/world/downstream.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

using engine::port::Answer;
using engine::port::AnswerCode;
using trace::EventKind;
using trace::ImportMove;

constexpr Duration kCompareDuration = 5 * kSecond;

Answer Failed(std::string why) { return {AnswerCode::kFailed, 1, std::move(why)}; }

// The timestamp among the words: a number of at least 16 digits; 0 when there is none.
Tso TimestampIn(const std::vector<std::string>& argv) {
  for (const std::string& word : argv) {
    const std::size_t begin = word.find_first_of("0123456789");
    if (begin == std::string::npos) continue;
    const std::size_t end = std::min(word.find_first_not_of("0123456789", begin), word.size());
    Tso tso = 0;
    std::from_chars(word.data() + begin, word.data() + end, tso);
    if (end - begin >= 16) return tso;
  }
  return 0;
}

}  // namespace

// "load" of "load downstream-1".
std::string Imports::ProgramOf(const engine::port::RunHook& hook) {
  return hook.name.substr(0, hook.name.find(' '));
}

bool Imports::IsOne(const engine::port::RunHook& hook) {
  const std::string program = ProgramOf(hook);
  return program == "dump" || program == "load" || program == "compare";
}

NodeId Imports::SinkIn(const std::vector<std::string>& argv) const {
  for (std::size_t i = 0; i < world_.plan().nodes.size(); ++i) {
    const NodePlan& node = world_.plan().nodes[i];
    if (node.info.role != Role::kDownstream) continue;
    if (std::find(argv.begin(), argv.end(), node.etcd_id) != argv.end()) {
      return static_cast<NodeId>(i);
    }
  }
  return kNoNode;
}

void Imports::Record(const Running& running, ImportMove move) {
  if (running.name == "dump") {
    world_.Record({.kind = EventKind::kDumpMoved,
                   .node = world_.tikv().id(),
                   .code = static_cast<std::uint16_t>(move),
                   .a = world_.pd().Peek(),
                   .b = running.as_of});
  } else if (running.name == "load" && running.sink != kNoNode) {
    world_.Record({.kind = EventKind::kLoadMoved,
                   .node = running.sink,
                   .code = static_cast<std::uint16_t>(move),
                   .b = running.as_of});
  }
}

void Imports::Begin(std::uint64_t id, const engine::port::RunHook& hook) {
  Running running{id, ProgramOf(hook), SinkIn(hook.argv), TimestampIn(hook.argv)};
  if (running.name == "dump" && running.as_of == 0) running.as_of = world_.pd().Peek();
  if (running.name == "load" && dump_) running.as_of = dump_->as_of;
  const Duration takes = running.name == "dump"   ? world_.plan().dump_duration
                         : running.name == "load" ? world_.plan().load_duration
                                                  : kCompareDuration;
  Record(running, ImportMove::kBegan);
  running_.push_back(running);
  world_.kernel().After(owner_, takes, timer_, id);
}

std::optional<Answer> Imports::End(std::uint64_t id) {
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&](const Running& running) { return running.id == id; });
  if (found == running_.end()) return std::nullopt;
  const Running running = *found;
  running_.erase(found);
  Answer answer = Finish(running);
  Record(running, answer.ok() ? ImportMove::kEnded : ImportMove::kFailed);
  return answer;
}

Answer Imports::Finish(const Running& running) {
  if (running.name == "dump") return FinishDump(running);
  if (running.sink == kNoNode) return Failed("no such downstream");
  if (!dump_) return Failed("there is no dump");
  if (!world_.kernel().CanCall(owner_, running.sink)) return Failed("ERROR 2003 (HY000)");
  return running.name == "load" ? FinishLoad(running) : FinishCompare(running);
}

Answer Imports::FinishDump(const Running& running) {
  if (!world_.tikv().Readable(running.as_of)) {
    return Failed("ERROR 9006 (HY000): GC life time is shorter than transaction duration");
  }
  DumpFiles files{running.as_of, world_.tikv().RowsAsOf(running.as_of), {}};
  for (std::size_t table = 0; table < world_.plan().tables.size(); ++table) {
    files.shapes.push_back(
        world_.tikv().ShapeAsOf(static_cast<std::uint16_t>(table), running.as_of));
  }
  dump_ = std::move(files);
  return {};
}

Answer Imports::FinishLoad(const Running& running) {
  static_cast<Downstream&>(world_.node(running.sink))
      .Load(dump_->as_of, dump_->rows, dump_->shapes);
  return {};
}

Answer Imports::FinishCompare(const Running& running) {
  if (running.as_of != 0 && !world_.tikv().Readable(running.as_of)) {
    return Failed("ERROR 9006 (HY000): GC life time is shorter than transaction duration");
  }
  const Tso as_of = running.as_of == 0 ? world_.pd().Peek() : running.as_of;
  const auto& sink = static_cast<const Downstream&>(world_.node(running.sink));
  return sink.Equals(world_.tikv().RowsAsOf(as_of)) ? Answer{} : Failed("the rows differ");
}

}  // namespace tidegate::sim
