// JSON Schema validation with RapidJSON, its findings turned into sentences for people.
#include <fmt/format.h>
// As in json.cc.
#if defined(__SSE2__) && !defined(RAPIDJSON_SSE2)
#define RAPIDJSON_SSE2
#endif
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <memory>

#include "base/json.h"
#include "base/names.h"

namespace tidegate {

struct JsonSchema::Impl {
  rapidjson::Document source;
  std::unique_ptr<rapidjson::SchemaDocument> schema;
};

namespace {

// What a JSON pointer leads to in our tree, as far as it goes.
struct Place {
  const JsonValue* value;
  const JsonMember* member;  ///< the member that holds it, when its parent is an object
};

Place Follow(const JsonDocument& document, const rapidjson::Pointer& pointer) {
  Place place{&document.root(), nullptr};
  for (std::size_t i = 0; i < pointer.GetTokenCount(); ++i) {
    const rapidjson::Pointer::Token& token = pointer.GetTokens()[i];
    if (token.index != rapidjson::kPointerInvalidIndex && place.value->kind == JsonKind::kArray &&
        token.index < place.value->elements.size()) {
      place = {&place.value->elements[token.index], nullptr};
      continue;
    }
    const JsonMember* found = nullptr;
    for (const JsonMember& member : place.value->members) {
      if (member.name == std::string_view(token.name, token.length)) found = &member;
    }
    if (found == nullptr) break;
    place = {&found->value, found};
  }
  return place;
}

std::string Shown(const JsonValue& value) {
  switch (value.kind) {
    case JsonKind::kString: return "'" + value.text + "'";
    case JsonKind::kInt: return std::to_string(value.integer);
    case JsonKind::kBool: return value.boolean ? "true" : "false";
    case JsonKind::kOtherNumber: return value.text;
    default: return std::string(JsonKindName(value.kind));
  }
}

std::vector<std::string> StringsOf(const rapidjson::Value* list) {
  std::vector<std::string> out;
  if (list == nullptr || !list->IsArray()) return out;
  for (const auto& entry : list->GetArray()) {
    if (entry.IsString()) out.emplace_back(entry.GetString(), entry.GetStringLength());
  }
  return out;
}

const rapidjson::Value* Child(const rapidjson::Value* node, const char* name) {
  if (node == nullptr || !node->IsObject()) return nullptr;
  const auto found = node->FindMember(name);
  return found == node->MemberEnd() ? nullptr : &found->value;
}

std::vector<std::string> PropertyNames(const rapidjson::Value* node) {
  std::vector<std::string> out;
  if (const rapidjson::Value* properties = Child(node, "properties"); properties != nullptr) {
    for (const auto& member : properties->GetObject()) out.emplace_back(member.name.GetString());
  }
  return out;
}

std::string Number(const rapidjson::Value* value) {
  return value != nullptr && value->IsInt64() ? std::to_string(value->GetInt64()) : "the bound";
}

// One violated keyword of `node`, the schema at the violation, as a sentence.
Error Explain(const JsonDocument& document, const Place& place, const rapidjson::Value* node,
              const std::string& keyword) {
  const JsonValue& value = *place.value;
  const std::string name = place.member != nullptr ? "'" + place.member->name + "'" : "the value";
  if (keyword == "additionalProperties") {
    const std::vector<std::string> known = PropertyNames(node);
    // RapidJSON names the object or, by version, the member in it.
    for (const JsonMember& member : value.members) {
      if (std::find(known.begin(), known.end(), member.name) == known.end()) {
        return document.ErrorAt(member.offset, fmt::format("unknown key '{}'{}", member.name,
                                                           DidYouMean(member.name, known)));
      }
    }
    const std::string unknown = place.member != nullptr ? place.member->name : "";
    return document.ErrorAt(place.member != nullptr ? place.member->offset : value.offset,
                            fmt::format("unknown key '{}'{}", unknown, DidYouMean(unknown, known)));
  }
  if (keyword == "required") {
    for (const std::string& required : StringsOf(Child(node, "required"))) {
      if (value.Find(required) == nullptr) {
        return document.ErrorAt(value.offset, fmt::format("{} needs the key '{}'", name, required));
      }
    }
  }
  if (keyword == "enum") {
    const std::vector<std::string> allowed = StringsOf(Child(node, "enum"));
    return document.ErrorAt(value.offset,
                            fmt::format("{} is {}; it must be one of {}{}", name, Shown(value),
                                        fmt::join(allowed, ", "), DidYouMean(value.text, allowed)));
  }
  if (keyword == "type") {
    const rapidjson::Value* type = Child(node, "type");
    std::vector<std::string> types = StringsOf(type);
    if (type != nullptr && type->IsString()) types.emplace_back(type->GetString());
    return document.ErrorAt(value.offset, fmt::format("{} must be of type {}, not {}", name,
                                                      fmt::join(types, " or "), Shown(value)));
  }
  if (keyword == "minimum" || keyword == "maximum") {
    return document.ErrorAt(
        value.offset,
        fmt::format("{} is {}; it must be at {} {}", name, Shown(value),
                    keyword == "minimum" ? "least" : "most", Number(Child(node, keyword.c_str()))));
  }
  if (keyword == "pattern") {
    const rapidjson::Value* pattern = Child(node, "pattern");
    const rapidjson::Value* title = Child(node, "description");
    // Names, some of them numbered: the pattern has them all, the examples one of each kind.
    const std::vector<std::string> names = StringsOf(Child(node, "examples"));
    if (!names.empty()) {
      return document.ErrorAt(value.offset,
                              fmt::format("{} is {}; it must be one of {}{}", name, Shown(value),
                                          fmt::join(names, ", "), DidYouMean(value.text, names)));
    }
    return document.ErrorAt(
        value.offset,
        fmt::format("{} is {}; it must be {}", name, Shown(value),
                    title != nullptr     ? title->GetString()
                    : pattern != nullptr ? fmt::format("text like {}", pattern->GetString())
                                         : std::string("other text")));
  }
  return document.ErrorAt(
      value.offset, fmt::format("{} is {}, which violates '{}'", name, Shown(value), keyword));
}

}  // namespace

JsonSchema::JsonSchema(std::string_view schema_text, std::string name)
    : impl_(new Impl), name_(std::move(name)) {
  impl_->source.Parse(schema_text.data(), schema_text.size());
  CHECK_MSG(!impl_->source.HasParseError(), "the schema " + name_ + " is not JSON");
  impl_->schema = std::make_unique<rapidjson::SchemaDocument>(impl_->source);
}
JsonSchema::~JsonSchema() { delete impl_; }
JsonSchema::JsonSchema(JsonSchema&& other) noexcept
    : impl_(std::exchange(other.impl_, nullptr)), name_(std::move(other.name_)) {}

Status JsonSchema::Validate(const JsonDocument& document) const {
  rapidjson::Document parsed;
  parsed.Parse<rapidjson::kParseIterativeFlag>(document.text().c_str());
  CHECK(!parsed.HasParseError());
  rapidjson::SchemaValidator validator(*impl_->schema);
  if (parsed.Accept(validator)) return {};
  const Place place = Follow(document, validator.GetInvalidDocumentPointer());
  const rapidjson::Value* node = validator.GetInvalidSchemaPointer().Get(impl_->source);
  return Explain(document, place, node, validator.GetInvalidSchemaKeyword());
}

}  // namespace tidegate
