#include "trace/jsonl.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/check.h"
#include "trace/digest.h"
#include "trace/event_spec.h"
#include "trace/header_json.h"
#include "trace/json_scan.h"
#include "trace/line_reader.h"

namespace tidegate::trace {
namespace {

constexpr std::size_t kFlushBytes = 1U << 20U;
constexpr std::size_t kLineBytesMax = 256U << 20U;

void AppendInt(std::int64_t value, std::string* out) {
  std::array<char, 24> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out->append(digits.data(), result.ptr);
}

void AppendKey(std::string_view name, std::string* out) {
  out->append(",\"");
  out->append(name);
  out->append("\":");
}

void AppendNumber(std::string_view name, std::int64_t value, bool quoted, std::string* out) {
  if (value == 0) return;
  AppendKey(name, out);
  if (quoted) out->push_back('"');
  AppendInt(value, out);
  if (quoted) out->push_back('"');
}

void AppendBits(const FieldSpec& field, std::uint64_t bits, std::string* out) {
  if (bits == 0) return;
  AppendKey(field.name, out);
  char before = '[';
  for (std::size_t bit = 0; bit < field.names.size(); ++bit) {
    if ((bits >> bit & 1U) == 0) continue;
    out->push_back(before);
    out->push_back('"');
    out->append(field.names[bit]);
    out->push_back('"');
    before = ',';
  }
  out->push_back(']');
}

std::int64_t Number(const Event& event, Slot slot) {
  switch (slot) {
    case Slot::kNode: return event.node;
    case Slot::kPeer: return event.peer;
    case Slot::kCode: return event.code;
    case Slot::kA: return event.a;
    case Slot::kB: return event.b;
    case Slot::kC: return event.c;
    case Slot::kD: return event.d;
    case Slot::kText: return event.text;
    case Slot::kN: return event.n;
  }
  return 0;
}

void AppendField(const FieldSpec& field, std::int64_t value, const Header& header,
                 const TextTable& texts, std::string* out) {
  switch (field.type) {
    case FieldType::kNodeName:
      if (value == kNoNode) return;
      AppendKey(field.name, out);
      AppendJsonString(header.nodes[static_cast<std::size_t>(value)].name, out);
      return;
    case FieldType::kTable:
      if (value == kNoTable) return;
      AppendKey(field.name, out);
      AppendInt(value, out);
      return;
    case FieldType::kInt: AppendNumber(field.name, value, false, out); return;
    case FieldType::kTso:
    case FieldType::kPosition: AppendNumber(field.name, value, true, out); return;
    case FieldType::kText:
      if (value == 0) return;
      AppendKey(field.name, out);
      AppendJsonString(texts.Get(static_cast<TextId>(value)), out);
      return;
    case FieldType::kEnum:
      AppendKey(field.name, out);
      out->push_back('"');
      out->append(field.names[static_cast<std::size_t>(value)]);
      out->push_back('"');
      return;
    case FieldType::kBits: AppendBits(field, static_cast<std::uint64_t>(value), out); return;
  }
}

class JsonlReader : public TraceReader {
 public:
  JsonlReader(std::unique_ptr<ByteSource> source, Header* header, TextTable* texts)
      : window_(std::move(source)), header_(header), texts_(texts) {}

  Status ReadHeader() {
    std::string_view line;
    bool cut = false;
    TRY_ASSIGN(const bool any, window_.TakeLine(kLineBytesMax, &line, &cut));
    if (!any) return ErrorAt(1, 1, "the file is empty; a trace begins with its header");
    if (cut) return ErrorAt(1, line.size() + 1, "the file ends within the header line; it was cut");
    TRY_ASSIGN(*header_, HeaderFromJson(std::string(line), window_.name()));
    return {};
  }

  Status ReadEvents(Listener* listener) override {
    Digest digest(*header_);
    LineReader lines(*header_, texts_);
    Time last_time = 0;
    for (std::uint64_t number = 2;; ++number) {
      std::string_view line;
      bool cut = false;
      TRY_ASSIGN(const bool any, window_.TakeLine(kLineBytesMax, &line, &cut));
      if (!any) {
        return ErrorAt(number, 1,
                       fmt::format("the trace stops after {} events, without its last line "
                                   "{{\"end\":…}}; it was cut",
                                   event_count_));
      }
      Event event;
      EndLine end;
      const LineReader::Kind kind = lines.Read(line, &event, &end);
      if (kind == LineReader::Kind::kBad) {
        return ErrorAt(number, lines.failure_offset() + 1, lines.failure());
      }
      if (kind == LineReader::Kind::kEnd) return Finish(number, end, digest);
      if (event.time < last_time) {
        return ErrorAt(number, 1,
                       fmt::format("the time {} is before {}, that of the event before", event.time,
                                   last_time));
      }
      last_time = event.time;
      digest.AddChecked(event, *texts_);
      listener->OnEvent(event, event_count_);
      ++event_count_;
    }
  }

 private:
  Error ErrorAt(std::uint64_t line, std::size_t column, std::string message) const {
    return Error{ErrorCode::kBadInput, std::move(message),
                 fmt::format("{}:{}:{}", window_.name(), line, column)};
  }

  Status Finish(std::uint64_t number, const EndLine& end, const Digest& digest) {
    if (end.count != event_count_) {
      return ErrorAt(
          number, 1,
          fmt::format("'end' is {}, but {} events stand before it", end.count, event_count_));
    }
    digest_ = digest.Hex();
    if (end.digest != digest_) {
      return ErrorAt(number, 1,
                     fmt::format("'digest' is '{}', but that of this trace is '{}': it was changed",
                                 end.digest, digest_));
    }
    std::string_view line;
    bool cut = false;
    TRY_ASSIGN(const bool any, window_.TakeLine(kLineBytesMax, &line, &cut));
    if (any) return ErrorAt(number + 1, 1, "something stands behind the trace's last line");
    return {};
  }

  ByteWindow window_;
  Header* header_;
  TextTable* texts_;
};

}  // namespace

void AppendEventLine(const Event& event, const Header& header, const TextTable& texts,
                     std::string* out) {
  const EventSpec& spec = SpecOf(event.kind);
  out->append("{\"t\":");
  AppendInt(event.time, out);
  out->append(",\"e\":\"");
  out->append(spec.name);
  out->push_back('"');
  for (const FieldSpec& field : spec.fields) {
    AppendField(field, Number(event, field.slot), header, texts, out);
  }
  out->append("}\n");
}

Status WriteJsonl(const Trace& trace, const ByteSink& sink) {
  Digest digest(trace.header);
  std::string buffer = HeaderToJson(trace.header) + "\n";
  Time last_time = 0;
  for (const Event& event : trace.events) {
    CHECK(event.time >= last_time);
    last_time = event.time;
    digest.Add(event, trace.texts);
    AppendEventLine(event, trace.header, trace.texts, &buffer);
    if (buffer.size() >= kFlushBytes) {
      TRY(sink(buffer));
      buffer.clear();
    }
  }
  buffer += fmt::format("{{\"end\":{},\"digest\":\"{}\"}}\n", trace.events.size(), digest.Hex());
  return sink(buffer);
}

Result<std::unique_ptr<TraceReader>> OpenJsonl(std::unique_ptr<ByteSource> source, Header* header,
                                               TextTable* texts) {
  auto reader = std::make_unique<JsonlReader>(std::move(source), header, texts);
  TRY(reader->ReadHeader());
  return std::unique_ptr<TraceReader>(std::move(reader));
}

}  // namespace tidegate::trace
