#include "trace/file.h"

#include <fmt/format.h>

#include "trace/binary.h"
#include "trace/bytes.h"
#include "trace/jsonl.h"

namespace tidegate::trace {
namespace {

enum class Format { kJsonl, kBinary };

Result<Format> FormatOf(const std::string& path) {
  const std::string_view name = path;
  if (name.ends_with(".jsonl")) return Format::kJsonl;
  if (name.ends_with(".tgt")) return Format::kBinary;
  return Error{ErrorCode::kBadInput,
               fmt::format("'{}' is no name of a trace: it must end in .jsonl (JSON lines) or .tgt "
                           "(binary)",
                           path),
               ""};
}

class Collector : public Listener {
 public:
  explicit Collector(std::vector<Event>* events) : events_(events) {}
  void OnEvent(const Event& event, std::uint64_t /*index*/) override { events_->push_back(event); }

 private:
  std::vector<Event>* events_;
};

}  // namespace

Status WriteTrace(const Trace& trace, const std::string& path) {
  TRY_ASSIGN(const Format format, FormatOf(path));
  return WriteAtomically(path, [&](const ByteSink& sink) {
    return format == Format::kJsonl ? WriteJsonl(trace, sink) : WriteBinary(trace, sink);
  });
}

Result<std::unique_ptr<TraceReader>> OpenTrace(const std::string& path, Header* header,
                                               TextTable* texts) {
  TRY_ASSIGN(const Format format, FormatOf(path));
  TRY_ASSIGN(std::unique_ptr<ByteSource> source, OpenFile(path));
  return format == Format::kJsonl ? OpenJsonl(std::move(source), header, texts)
                                  : OpenBinary(std::move(source), header, texts);
}

Result<Trace> ReadTrace(const std::string& path) {
  Trace trace;
  TRY_ASSIGN(const std::unique_ptr<TraceReader> reader,
             OpenTrace(path, &trace.header, &trace.texts));
  Collector collector(&trace.events);
  TRY(reader->ReadEvents(&collector));
  return trace;
}

Status StreamTrace(const std::string& path, Header* header, TextTable* texts, Listener* listener) {
  TRY_ASSIGN(const std::unique_ptr<TraceReader> reader, OpenTrace(path, header, texts));
  return reader->ReadEvents(listener);
}

}  // namespace tidegate::trace
