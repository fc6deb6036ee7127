#include "verifier/model/status_body.h"

#include <utility>

#include "base/json.h"

namespace tidegate::verifier {
namespace {

Tso IntegerOf(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value != nullptr && value->kind == JsonKind::kInt ? value->integer : 0;
}

}  // namespace

StatusBody ParseStatusBody(std::string_view body) {
  StatusBody status;
  Result<JsonDocument> document = JsonDocument::Parse(std::string(body), "status");
  if (!document.has_value()) return status;
  const JsonValue& root = document->root();
  if (root.kind != JsonKind::kObject) return status;
  status.readable = true;
  const JsonValue* synced = root.Find("Synced");
  status.synced = synced != nullptr && synced->kind == JsonKind::kBool && synced->boolean;
  const JsonValue* window = root.Find("DepositWindow");
  if (window != nullptr && window->kind == JsonKind::kObject) {
    status.has_window = true;
    status.upper = IntegerOf(*window, "Upper");
    status.lower = IntegerOf(*window, "Lower");
  }
  const JsonValue* positions = root.Find("PumpPos");
  if (positions != nullptr && positions->kind == JsonKind::kObject) {
    status.has_positions = true;
    for (const JsonMember& member : positions->members) status.pumps.push_back(member.name);
  }
  return status;
}

}  // namespace tidegate::verifier
