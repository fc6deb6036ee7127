#include "rehearsal/recording.h"

#include <fmt/format.h>

#include <set>

#include "sim/recorded_input.h"
#include "sim/run_plan_json.h"
#include "trace/event_spec.h"

namespace tidegate::rehearsal {
namespace {

using trace::EventKind;

std::size_t CountOf(const sim::RunPlan& plan, Role role) {
  std::size_t count = 0;
  for (const sim::NodePlan& node : plan.nodes) count += node.info.role == role ? 1 : 0;
  return count;
}

// The world and the judge number the same nodes and tables.
Status CheckPlan(const sim::RunPlan& plan, const trace::Header& header, const std::string& path) {
  bool same =
      plan.nodes.size() == header.nodes.size() && plan.tables.size() == header.tables.size();
  for (std::size_t i = 0; same && i < plan.nodes.size(); ++i) {
    same = plan.nodes[i].info.name == header.nodes[i].name &&
           plan.nodes[i].info.role == header.nodes[i].role;
  }
  const bool whole = CountOf(plan, Role::kPd) > 0 && CountOf(plan, Role::kTikv) > 0 &&
                     CountOf(plan, Role::kService) == 1 && CountOf(plan, Role::kEngine) == 1 &&
                     plan.nodes.back().info.role == Role::kEngine;
  if (same && whole) return {};
  return Error{ErrorCode::kBadInput, "the header's run plan is of another cluster than its nodes",
               path};
}

Status ReadInput(const trace::Trace& trace, RecordedInput* input) {
  const trace::Event& event = input->event;
  const std::string_view value = trace.texts.Get(event.n);
  if (value.empty()) {
    return Error{ErrorCode::kBadInput, "what the engine did here is not in the trace by value", ""};
  }
  if (event.kind == EventKind::kAsked) {
    TRY_ASSIGN(input->what, sim::DecodeQuery(event.code, value));
  } else {
    TRY_ASSIGN(input->what, sim::DecodeAction(event.code, value));
  }
  return {};
}

}  // namespace

Result<Recording> ReadRecording(const trace::Trace& trace, const std::string& path) {
  const trace::Header& header = trace.header;
  if (header.run_plan.empty()) {
    return Error{ErrorCode::kBadInput, "the trace holds no run plan: it can't be replayed", path};
  }
  Recording recording;
  TRY_ASSIGN(recording.plan, sim::ParseRunPlan(header.run_plan, path + ":run_plan"));
  TRY(CheckPlan(recording.plan, header, path));
  std::set<std::int64_t> acting;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    RecordedInput input{trace.events[i], "", {}};
    const auto bad = [&](const Error& error) {
      return Error{
          error.code, error.message,
          fmt::format("{}:event {}{}{}", path, i, error.where.empty() ? "" : ":", error.where)};
    };
    switch (input.event.kind) {
      case EventKind::kActionDone: acting.erase(input.event.a); continue;
      case EventKind::kActionStarted:
        if (!acting.insert(input.event.a).second) {
          return bad(
              {ErrorCode::kBadInput,
               fmt::format("action {} begins a second time before it has ended", input.event.a),
               ""});
        }
        break;
      case EventKind::kAsked: break;
      default:
        if (trace::SpecOf(input.event.kind).event_class != trace::EventClass::kClaim) continue;
        input.text = trace.texts.Get(input.event.text);
        recording.inputs.push_back(std::move(input));
        continue;
    }
    if (const Status read = ReadInput(trace, &input); !read.has_value()) return bad(read.error());
    recording.inputs.push_back(std::move(input));
  }
  return recording;
}

}  // namespace tidegate::rehearsal
