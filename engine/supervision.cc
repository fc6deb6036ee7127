#include "engine/supervision.h"

#include <fmt/format.h>

#include "base/names.h"
#include "engine/port/port.h"

namespace tidegate::engine {
namespace {

constexpr std::string_view kStatus = "/status/";

}  // namespace

Result<Supervision> ParseSupervision(std::string_view text) {
  for (const Supervision one : {Supervision::kSystemd, Supervision::kSupervise}) {
    if (text == SupervisionName(one)) return one;
  }
  const std::string given(text);
  return Error{ErrorCode::kBadInput,
               fmt::format("process_supervision is '{}'; it must be systemd or supervise{}", given,
                           DidYouMean(given, {"systemd", "supervise"})),
               ""};
}

std::string_view SupervisionName(Supervision supervision) {
  return supervision == Supervision::kSystemd ? "systemd" : "supervise";
}

// tidb-ansible: roles/supervise/tasks/main.yml: {{ deploy_dir }}/status/{{ this_role_name }}
std::string UnitOf(Supervision supervision, std::string_view role, const std::string& deploy_dir,
                   std::string systemd_unit) {
  if (supervision == Supervision::kSystemd) return systemd_unit;
  return fmt::format("{}{}{}", deploy_dir, kStatus, role);
}

Result<StatusFolder> ParseStatusFolder(std::string_view unit) {
  const std::size_t at = unit.rfind(kStatus);
  StatusFolder folder;
  if (at != std::string_view::npos) {
    folder.deploy_dir = unit.substr(0, at);
    folder.role = unit.substr(at + kStatus.size());
  }
  const bool whole = port::UnderSupervise(unit) && !folder.deploy_dir.empty() &&
                     !folder.role.empty() && folder.role.find('/') == std::string::npos &&
                     unit.find('\0') == std::string_view::npos;
  if (whole) return folder;
  return Error{
      ErrorCode::kBadInput,
      fmt::format("the unit '{}' is no status folder of supervise: DEPLOY_DIR/status/ROLE", unit),
      ""};
}

bool StartsWithHost(std::string_view unit) { return !port::UnderSupervise(unit); }

}  // namespace tidegate::engine
