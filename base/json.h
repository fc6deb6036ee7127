// JSON with positions. A document keeps where each key and value began, so that an error in a
// scenario, site file or status body can say file:line:column. Numbers stay int64 (TSOs exceed
// 2^53); a number with a fraction or beyond int64 is kept as text and reads as no integer.
// RapidJSON does the parsing and stays inside json.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/tso.h"

namespace tidegate {

enum class JsonKind : std::uint8_t { kNull, kBool, kInt, kOtherNumber, kString, kArray, kObject };

/// "null", "a boolean", "an integer", … for messages.
std::string_view JsonKindName(JsonKind kind);

struct JsonMember;

struct JsonValue {
  JsonKind kind = JsonKind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;
  std::uint32_t offset = 0;  ///< of the value's first byte in the document
  std::string text;          ///< of kString and kOtherNumber
  std::vector<JsonValue> elements;
  std::vector<JsonMember> members;  ///< in file order; keys are unique

  /// The member named `name`, or null. For kObject; other kinds have none.
  const JsonValue* Find(std::string_view name) const;
};

struct JsonMember {
  std::string name;
  std::uint32_t offset = 0;  ///< of the key
  JsonValue value;
};

class JsonDocument {
 public:
  /// Parses the whole text as one JSON value. Bounds: 64 levels, 256 MiB. Duplicate keys are
  /// errors. `file` is only used in messages.
  static Result<JsonDocument> Parse(std::string text, std::string file);

  const JsonValue& root() const { return root_; }
  const std::string& text() const { return text_; }
  const std::string& file() const { return file_; }

  /// "file:line:column", both from 1, columns in bytes.
  std::string Position(std::uint32_t offset) const;

  Error ErrorAt(std::uint32_t offset, std::string message) const;

 private:
  std::string text_;
  std::string file_;
  JsonValue root_;
};

/// Reads the members of one object into typed variables. A key that is absent leaves its variable
/// alone. The first error wins and is returned by Finish, which also refuses unknown keys, naming
/// the nearest known one. REQUIRES: document outlives the reader; `value` belongs to it.
class JsonObjectReader {
 public:
  /// `what` names the object in messages: "a scenario", "a fault".
  JsonObjectReader(const JsonDocument& document, const JsonValue& value, std::string what);

  /// The member or null; marks `name` as known.
  const JsonValue* Find(std::string_view name);
  /// The same; an absent member is an error.
  const JsonValue* Require(std::string_view name);

  void String(std::string_view name, std::string* out);
  void Strings(std::string_view name, std::vector<std::string>* out);
  void Bool(std::string_view name, bool* out);
  void Int(std::string_view name, std::int64_t low, std::int64_t high, std::int64_t* out);
  /// A duration such as "30s"; from `low` to `high`.
  void DurationField(std::string_view name, Duration low, Duration high, Duration* out);
  /// A TSO, as a decimal string or an integer.
  void TsoField(std::string_view name, Tso* out);
  /// One of `names`; `out` gets its index.
  void Choice(std::string_view name, const std::vector<std::string_view>& names, std::size_t* out);

  void Fail(std::uint32_t offset, std::string message);
  bool failed() const { return failed_; }
  const JsonDocument& document() const { return document_; }

  Status Finish();

 private:
  bool Expect(const JsonValue& value, JsonKind kind, std::string_view name);

  const JsonDocument& document_;
  const JsonValue& value_;
  std::string what_;
  std::vector<std::string_view> known_;
  bool failed_ = false;
  Error error_;
};

/// A JSON Schema (draft 4, as RapidJSON implements it).
class JsonSchema {
 public:
  /// `name` is used in messages. A bad schema is a bug of ours: CHECKed.
  JsonSchema(std::string_view schema_text, std::string name);
  ~JsonSchema();
  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) = delete;

  /// The first violation as file:line:column with the offending value, what is allowed there and
  /// the nearest known name.
  Status Validate(const JsonDocument& document) const;

 private:
  struct Impl;
  Impl* impl_;
  std::string name_;
};

/// Writes one JSON value. Keys appear in calling order; TSOs as decimal strings.
class JsonWriter {
 public:
  enum class Style { kCompact, kIndented };
  explicit JsonWriter(Style style = Style::kCompact);
  ~JsonWriter();
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);
  JsonWriter& Int(std::int64_t value);
  JsonWriter& Uint(std::uint64_t value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  JsonWriter& TsoString(Tso tso);
  /// A value that is already JSON, inserted as it is (re-indented by nobody).
  JsonWriter& Raw(std::string_view json);

  /// The text so far; complete once every begun object and array was ended.
  std::string Take();

 private:
  struct Impl;
  Impl* impl_;
};

/// `text` as a JSON string literal, quotes included.
std::string JsonQuote(std::string_view text);

}  // namespace tidegate
