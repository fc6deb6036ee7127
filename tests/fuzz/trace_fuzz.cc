// Both readers of traces. Whatever they accept is written again in both forms and read back as the
// same events with the same digest; recorded inputs that are accepted are written again as they
// were.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "sim/recorded_input.h"
#include "trace/binary.h"
#include "trace/digest.h"
#include "trace/jsonl.h"

namespace {

using tidegate::Result;
using tidegate::Status;
using tidegate::trace::Trace;

// Keeps the events of a trace.
struct Keeper : tidegate::trace::Listener {
  explicit Keeper(Trace* to) : trace(to) {}
  void OnEvent(const tidegate::trace::Event& event, std::uint64_t) override {
    trace->events.push_back(event);
  }
  Trace* trace;
};

bool Read(const std::string& bytes, bool binary, Trace* trace) {
  auto source = tidegate::trace::FromString(bytes, "fuzz");
  auto reader = binary
                    ? tidegate::trace::OpenBinary(std::move(source), &trace->header, &trace->texts)
                    : tidegate::trace::OpenJsonl(std::move(source), &trace->header, &trace->texts);
  if (!reader.has_value()) {
    if (reader.error().message.empty()) __builtin_trap();
    return false;
  }
  Keeper keeper(trace);
  const Status read = (*reader)->ReadEvents(&keeper);
  if (!read.has_value() && read.error().message.empty()) __builtin_trap();
  return read.has_value();
}

// What is read is written again and read as the same; passwords alone change, and only once.
template <typename Decode>
void TryInput(const Decode& decode, std::size_t index, std::string_view value) {
  const auto input = decode(index, value);
  if (!input.has_value()) {
    if (input.error().message.empty()) __builtin_trap();
    return;
  }
  const std::string written = tidegate::sim::EncodeInput(*input);
  const auto again = decode(index, written);
  if (!again.has_value() || tidegate::sim::EncodeInput(*again) != written) __builtin_trap();
}

void TryInputs(const Trace& trace) {
  for (const tidegate::trace::Event& event : trace.events) {
    if (event.kind == tidegate::trace::EventKind::kActionStarted) {
      TryInput(tidegate::sim::DecodeAction, event.code, trace.texts.Get(event.n));
    } else if (event.kind == tidegate::trace::EventKind::kAsked) {
      TryInput(tidegate::sim::DecodeQuery, event.code, trace.texts.Get(event.n));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const bool binary : {false, true}) {
    Trace trace;
    if (!Read(bytes, binary, &trace)) continue;
    TryInputs(trace);
    for (const bool again : {false, true}) {
      std::string written;
      const auto sink = [&](std::string_view part) {
        written += part;
        return Status();
      };
      const Status status = again ? tidegate::trace::WriteBinary(trace, sink)
                                  : tidegate::trace::WriteJsonl(trace, sink);
      if (!status.has_value()) __builtin_trap();
      Trace copy;
      if (!Read(written, again, &copy)) __builtin_trap();
      if (tidegate::trace::DigestOf(copy) != tidegate::trace::DigestOf(trace)) __builtin_trap();
    }
  }
  return 0;
}
