// Checkpoints in all their forms: the row as mysql prints it, the TOML savepoint, the Local era's
// savePoint; as the engine reads them at the gate, and as a scenario and `plan` read captured ones.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/captured.h"
#include "engine/checkpoint.h"
#include "sim/scenario_captured.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidegate;  // NOLINT(google-build-using-namespace)
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const engine::CheckpointKind kind :
       {engine::CheckpointKind::kTable, engine::CheckpointKind::kSavepoint,
        engine::CheckpointKind::kLocalSavePoint}) {
    engine::CheckpointPlace place;
    place.kind = kind;
    place.sentence = "the checkpoint";
    const auto read = engine::ParseCheckpoint(place, {engine::port::AnswerCode::kOk, 0, text});
    if (!read.has_value() && read.error().message.empty()) __builtin_trap();
    // No row, no file: then nothing is claimed of it.
    if (read.has_value() && !read->present && read->commit_ts != 0) __builtin_trap();
  }
  const auto captured = engine::ParseCapturedCheckpoint(text, "fuzz.toml");
  if (!captured.has_value() && captured.error().message.empty()) __builtin_trap();
  if (captured.has_value() && captured->commit_ts < 0) __builtin_trap();
  sim::CapturedState state;
  const Status savepoint = sim::ReadSavepoint(text, "fuzz.toml", &state);
  if (!savepoint.has_value() && savepoint.error().message.empty()) __builtin_trap();
  return 0;
}
