#include "rehearsal/replay.h"

#include "base/check.h"
#include "rehearsal/captures.h"
#include "rehearsal/judged.h"
#include "sim/world.h"
#include "trace/digest.h"

namespace tidegate::rehearsal {
namespace {

// Each event goes to both.
class Both final : public trace::Listener {
 public:
  Both(trace::Listener* one, trace::Listener* other) : one_(one), other_(other) {}
  void OnEvent(const trace::Event& event, std::uint64_t index) override {
    one_->OnEvent(event, index);
    other_->OnEvent(event, index);
  }

 private:
  trace::Listener* one_;
  trace::Listener* other_;
};

}  // namespace

Result<Replayed> Replay(const trace::Trace& recorded, const std::string& path,
                        const ReplayOptions& options) {
  TRY_ASSIGN(const Recording recording, ReadRecording(recorded, path));
  RunOptions run_options;
  run_options.fail_on_exposure = options.fail_on_exposure;
  Judged judged(recorded.header, run_options);
  ReplayEngine engine(recording, recorded, judged.result().trace);
  ViewCollector collector(judged.result().trace);
  Both both(&engine, &collector);
  judged.Also(&both);
  sim::World world(recording.plan, judged.recorder(), &engine);
  engine.Watch(&world, recorded.header.watched ? &judged.result().taken : nullptr);
  const bool over = world.RunUntil(options.until.value_or(kTimeMax));
  if (over) engine.Finish();
  if (recorded.header.watched) KeepLogs(&world, &judged.result());
  Replayed out;
  out.divergence = engine.divergence();
  if (options.until.has_value()) {
    out.view = collector.Look(&world);
    out.view->over = over;
  }
  if (!over) {
    out.result = std::move(judged.result());
    return out;
  }
  out.result = judged.Finish();
  CHECK(out.divergence.has_value() || out.view.has_value() ||
        out.result.digest == trace::DigestOf(recorded));
  return out;
}

}  // namespace tidegate::rehearsal
