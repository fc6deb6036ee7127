#include "base/json.h"

// A string or a run of white space is taken 16 bytes at a time; the same in every file that
// includes RapidJSON.
#if defined(__SSE2__) && !defined(RAPIDJSON_SSE2)
#define RAPIDJSON_SSE2
#endif
#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/files.h"
#include "base/names.h"

namespace tidegate {
namespace {

constexpr std::size_t kDepthMax = 64;
constexpr std::size_t kMembersUsual = 6;  // what malloc keeps at hand for its thread
constexpr std::size_t kTextBytesMax = 256U << 20U;

// Builds the tree from RapidJSON's events. The reader does not tell where a token stands, so the
// handler finds its first byte itself: the first one behind the token before that is neither white
// space nor a separator. Where a token ends follows from its kind.
class TreeBuilder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, TreeBuilder> {
 public:
  TreeBuilder(std::string_view text, JsonValue* root) : text_(text), root_(root) {}

  bool Null() {
    Place(JsonKind::kNull);
    end_ += 4;
    return true;
  }
  bool Bool(bool value) {
    Place(JsonKind::kBool).boolean = value;
    end_ += value ? 4 : 5;
    return true;
  }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool /*copy*/) {
    JsonValue& out = Place(JsonKind::kInt);
    const char* end = text + length;
    const auto [stop, errc] = std::from_chars(text, end, out.integer);
    if (errc != std::errc() || stop != end) {
      out.kind = JsonKind::kOtherNumber;
      out.text.assign(text, length);
    }
    end_ += length;
    return true;
  }
  bool String(const char* text, rapidjson::SizeType length, bool /*copy*/) {
    Place(JsonKind::kString).text.assign(text, length);
    end_ = StringEnd(end_);
    return true;
  }
  bool StartObject() { return Open(JsonKind::kObject); }
  bool EndObject(rapidjson::SizeType) { return Close(); }
  bool StartArray() { return Open(JsonKind::kArray); }
  bool EndArray(rapidjson::SizeType) { return Close(); }
  bool Key(const char* text, rapidjson::SizeType length, bool /*copy*/) {
    const std::uint32_t offset = TokenStart();
    end_ = StringEnd(offset);
    JsonValue& object = *open_.back();
    const std::string_view name(text, length);
    if (object.Find(name) != nullptr) {
      failure_ = fmt::format("the key '{}' stands here a second time", name);
      failure_offset_ = offset;
      return false;
    }
    if (object.members.empty()) object.members.reserve(kMembersUsual);
    JsonMember& member = object.members.emplace_back();
    member.name = name;
    member.offset = offset;
    return true;
  }

  const std::string& failure() const { return failure_; }
  std::uint32_t failure_offset() const { return failure_offset_; }

 private:
  std::uint32_t TokenStart() const {
    std::size_t at = end_;
    for (; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != ':' && c != ',') break;
    }
    return static_cast<std::uint32_t>(at);
  }

  // Behind the closing quote of the string that begins at `begin`, which the reader has accepted.
  std::size_t StringEnd(std::size_t begin) const {
    std::size_t at = begin + 1;
    while (at < text_.size() && text_[at] != '"') at += text_[at] == '\\' ? 2 : 1;
    return at + 1;
  }

  // A new value where the next one belongs; end_ is its first byte.
  JsonValue& Place(JsonKind kind) {
    const std::uint32_t offset = TokenStart();
    end_ = offset;
    JsonValue* value = root_;
    if (!open_.empty()) {
      JsonValue& parent = *open_.back();
      value = parent.kind == JsonKind::kArray ? &parent.elements.emplace_back()
                                              : &parent.members.back().value;
    }
    value->kind = kind;
    value->offset = offset;
    return *value;
  }

  bool Open(JsonKind kind) {
    if (open_.size() >= kDepthMax) {
      failure_ = fmt::format("more than {} levels of brackets", kDepthMax);
      failure_offset_ = TokenStart();
      return false;
    }
    open_.push_back(&Place(kind));
    ++end_;
    return true;
  }

  bool Close() {
    end_ = TokenStart() + 1;
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  JsonValue* root_;
  std::vector<JsonValue*> open_;
  std::size_t end_ = 0;
  std::string failure_;
  std::uint32_t failure_offset_ = 0;
};

bool IsAscii(std::string_view text) {
  std::uint64_t all = 0;
  std::size_t at = 0;
  for (; at + sizeof all <= text.size(); at += sizeof all) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    all |= word;
  }
  for (; at < text.size(); ++at) all |= static_cast<unsigned char>(text[at]);
  return (all & 0x8080808080808080ULL) == 0;
}

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

// The first byte that may stand nowhere in JSON, or npos. RapidJSON stops at a NUL, which would
// hide what follows it, and lets 0x1a to 0x1f pass in strings where it takes 16 bytes at a time.
std::size_t FindControl(std::string_view text) {
  bool any = false;
  for (const char c : text) any |= IsControl(c);  // no early exit: it is vectorised
  if (!any) return std::string_view::npos;
  return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), IsControl) - text.begin());
}

}  // namespace

std::string_view JsonKindName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull: return "null";
    case JsonKind::kBool: return "a boolean";
    case JsonKind::kInt: return "an integer";
    case JsonKind::kOtherNumber: return "a number that is no 64-bit integer";
    case JsonKind::kString: return "a string";
    case JsonKind::kArray: return "an array";
    case JsonKind::kObject: return "an object";
  }
  return "?";
}

const JsonValue* JsonValue::Find(std::string_view name) const {
  for (const JsonMember& member : members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

Result<JsonDocument> JsonDocument::Parse(std::string text, std::string file) {
  JsonDocument document;
  document.text_ = std::move(text);
  document.file_ = std::move(file);
  if (document.text_.size() > kTextBytesMax) {
    return Error{ErrorCode::kLimit, "more than 256 MiB of JSON", document.file_};
  }
  if (const std::size_t at = FindControl(document.text_); at != std::string::npos) {
    return document.ErrorAt(
        static_cast<std::uint32_t>(at),
        fmt::format("a byte {:#04x} is no JSON", static_cast<unsigned char>(document.text_[at])));
  }
  // RapidJSON's UTF-8 check reads the bytes that a lead byte promises, even behind the end, and its
  // scan for the end of a string whole blocks of 16.
  constexpr std::size_t kTailBytes = 16;
  document.text_.append(kTailBytes, '\0');
  rapidjson::StringStream stream(document.text_.c_str());
  TreeBuilder builder(document.text_, &document.root_);
  rapidjson::Reader reader;
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  // The UTF-8 check takes each byte by itself; most texts have nothing to check.
  const rapidjson::ParseResult result =
      IsAscii(document.text_)
          ? reader.Parse<kFlags>(stream, builder)
          : reader.Parse<kFlags | rapidjson::kParseValidateEncodingFlag>(stream, builder);
  document.text_.resize(document.text_.size() - kTailBytes);
  if (!builder.failure().empty()) {
    return document.ErrorAt(builder.failure_offset(), builder.failure());
  }
  if (result.IsError()) {
    return document.ErrorAt(
        static_cast<std::uint32_t>(result.Offset()),
        fmt::format("not JSON: {}", rapidjson::GetParseError_En(result.Code())));
  }
  return document;
}

std::string JsonDocument::Position(std::uint32_t offset) const {
  return PlaceIn(file_, text_, offset);
}

Error JsonDocument::ErrorAt(std::uint32_t offset, std::string message) const {
  return Error{ErrorCode::kBadInput, std::move(message), Position(offset)};
}

JsonObjectReader::JsonObjectReader(const JsonDocument& document, const JsonValue& value,
                                   std::string what)
    : document_(document), value_(value), what_(std::move(what)) {
  if (value.kind != JsonKind::kObject) {
    Fail(value.offset,
         fmt::format("{} must be an object, not {}", what_, JsonKindName(value.kind)));
  }
}

const JsonValue* JsonObjectReader::Find(std::string_view name) {
  known_.push_back(name);
  return value_.Find(name);
}

const JsonValue* JsonObjectReader::Require(std::string_view name) {
  const JsonValue* value = Find(name);
  if (value == nullptr) Fail(value_.offset, fmt::format("{} needs '{}'", what_, name));
  return value;
}

bool JsonObjectReader::Expect(const JsonValue& value, JsonKind kind, std::string_view name) {
  if (value.kind == kind) return true;
  Fail(value.offset,
       fmt::format("'{}' must be {}, not {}", name, JsonKindName(kind), JsonKindName(value.kind)));
  return false;
}

void JsonObjectReader::String(std::string_view name, std::string* out) {
  const JsonValue* value = Find(name);
  if (value != nullptr && Expect(*value, JsonKind::kString, name)) *out = value->text;
}

void JsonObjectReader::Strings(std::string_view name, std::vector<std::string>* out) {
  const JsonValue* value = Find(name);
  if (value == nullptr || !Expect(*value, JsonKind::kArray, name)) return;
  out->clear();
  for (const JsonValue& element : value->elements) {
    if (!Expect(element, JsonKind::kString, name)) return;
    out->push_back(element.text);
  }
}

void JsonObjectReader::Bool(std::string_view name, bool* out) {
  const JsonValue* value = Find(name);
  if (value != nullptr && Expect(*value, JsonKind::kBool, name)) *out = value->boolean;
}

void JsonObjectReader::Int(std::string_view name, std::int64_t low, std::int64_t high,
                           std::int64_t* out) {
  const JsonValue* value = Find(name);
  if (value == nullptr || !Expect(*value, JsonKind::kInt, name)) return;
  if (value->integer < low || value->integer > high) {
    Fail(value->offset,
         fmt::format("'{}' is {}; it must be from {} to {}", name, value->integer, low, high));
    return;
  }
  *out = value->integer;
}

void JsonObjectReader::DurationField(std::string_view name, Duration low, Duration high,
                                     Duration* out) {
  const JsonValue* value = Find(name);
  if (value == nullptr || !Expect(*value, JsonKind::kString, name)) return;
  const Result<Duration> parsed = ParseDuration(value->text);
  if (!parsed.has_value()) {
    Fail(value->offset, fmt::format("'{}': {}", name, parsed.error().message));
    return;
  }
  if (*parsed < low || *parsed > high) {
    Fail(value->offset, fmt::format("'{}' is {}; it must be from {} to {}", name, value->text,
                                    FormatDuration(low), FormatDuration(high)));
    return;
  }
  *out = *parsed;
}

void JsonObjectReader::TsoField(std::string_view name, Tso* out) {
  const JsonValue* value = Find(name);
  if (value == nullptr) return;
  if (value->kind == JsonKind::kInt && value->integer >= 0) {
    *out = value->integer;
    return;
  }
  const std::string text =
      value->kind == JsonKind::kInt ? std::to_string(value->integer) : value->text;
  const Result<Tso> parsed = ParseTso(text);
  if (!parsed.has_value()) {
    Fail(value->offset, fmt::format("'{}': {}", name, parsed.error().message));
    return;
  }
  *out = *parsed;
}

void JsonObjectReader::Choice(std::string_view name, const std::vector<std::string_view>& names,
                              std::size_t* out) {
  const JsonValue* value = Find(name);
  if (value == nullptr || !Expect(*value, JsonKind::kString, name)) return;
  const auto found = std::find(names.begin(), names.end(), value->text);
  if (found == names.end()) {
    Fail(value->offset,
         fmt::format("'{}' is '{}'; it must be one of {}{}", name, value->text,
                     fmt::join(names, ", "),
                     DidYouMean(value->text, std::span<const std::string_view>(names))));
    return;
  }
  *out = static_cast<std::size_t>(found - names.begin());
}

void JsonObjectReader::Fail(std::uint32_t offset, std::string message) {
  if (failed_) return;
  failed_ = true;
  error_ = document_.ErrorAt(offset, std::move(message));
}

Status JsonObjectReader::Finish() {
  for (const JsonMember& member : value_.members) {
    if (std::find(known_.begin(), known_.end(), member.name) == known_.end()) {
      Fail(member.offset,
           fmt::format("unknown key '{}' in {}{}", member.name, what_,
                       DidYouMean(member.name, std::span<const std::string_view>(known_))));
    }
  }
  if (failed_) return error_;
  return {};
}

struct JsonWriter::Impl {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> compact{buffer};
  rapidjson::PrettyWriter<rapidjson::StringBuffer> indented{buffer};
  bool pretty = false;

  template <typename Call>
  void Do(const Call& call) {
    if (pretty) {
      call(indented);
    } else {
      call(compact);
    }
  }
};

JsonWriter::JsonWriter(Style style) : impl_(new Impl) {
  impl_->pretty = style == Style::kIndented;
  impl_->indented.SetIndent(' ', 2);
}
JsonWriter::~JsonWriter() { delete impl_; }

JsonWriter& JsonWriter::BeginObject() {
  impl_->Do([](auto& writer) { writer.StartObject(); });
  return *this;
}
JsonWriter& JsonWriter::EndObject() {
  impl_->Do([](auto& writer) { writer.EndObject(); });
  return *this;
}
JsonWriter& JsonWriter::BeginArray() {
  impl_->Do([](auto& writer) { writer.StartArray(); });
  return *this;
}
JsonWriter& JsonWriter::EndArray() {
  impl_->Do([](auto& writer) { writer.EndArray(); });
  return *this;
}
JsonWriter& JsonWriter::Key(std::string_view key) {
  impl_->Do(
      [&](auto& writer) { writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); });
  return *this;
}
JsonWriter& JsonWriter::String(std::string_view value) {
  impl_->Do([&](auto& writer) {
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  });
  return *this;
}
JsonWriter& JsonWriter::Int(std::int64_t value) {
  impl_->Do([&](auto& writer) { writer.Int64(value); });
  return *this;
}
JsonWriter& JsonWriter::Uint(std::uint64_t value) {
  impl_->Do([&](auto& writer) { writer.Uint64(value); });
  return *this;
}
JsonWriter& JsonWriter::Bool(bool value) {
  impl_->Do([&](auto& writer) { writer.Bool(value); });
  return *this;
}
JsonWriter& JsonWriter::Null() {
  impl_->Do([](auto& writer) { writer.Null(); });
  return *this;
}
JsonWriter& JsonWriter::TsoString(Tso tso) { return String(std::to_string(tso)); }
JsonWriter& JsonWriter::Raw(std::string_view json) {
  impl_->Do(
      [&](auto& writer) { writer.RawValue(json.data(), json.size(), rapidjson::kObjectType); });
  return *this;
}
std::string JsonWriter::Take() {
  std::string out(impl_->buffer.GetString(), impl_->buffer.GetSize());
  impl_->buffer.Clear();
  return out;
}

std::string JsonQuote(std::string_view text) {
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
  };
  if (std::all_of(text.begin(), text.end(), plain)) {
    std::string out;
    out.reserve(text.size() + 2);
    return out.append(1, '"').append(text).append(1, '"');
  }
  JsonWriter writer;
  writer.String(text);
  return writer.Take();
}

}  // namespace tidegate
