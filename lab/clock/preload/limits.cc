// A host of a deployment lets a process open a million files (tidb-ansible: bootstrap.yml writes
// limits.conf, check_system_dynamic looks, run_ROLE.sh asks for them). Where the machine gives no
// more than it has, a host of the lab says that it does, and who asks for as many gets what there
// are.
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

constexpr rlim_t kFiles = 1'000'000;

bool IsOfHost(int resource) {
  const char* host =
      resource == RLIMIT_NOFILE && ThePage() != nullptr ? getenv("TIDEGATE_HOST") : nullptr;
  return host != nullptr && *host != '\0';
}

}  // namespace

TIDEGATE_EXPORT int getrlimit(__rlimit_resource_t resource, rlimit* to) noexcept {
  const int result = TIDEGATE_REAL(getrlimit)(resource, to);
  if (result == 0 && IsOfHost(resource)) to->rlim_max = std::max(to->rlim_max, kFiles);
  return result;
}

TIDEGATE_EXPORT int setrlimit(__rlimit_resource_t resource, const rlimit* from) noexcept {
  rlimit there{};
  if (!IsOfHost(resource) || TIDEGATE_REAL(getrlimit)(resource, &there) != 0) {
    return TIDEGATE_REAL(setrlimit)(resource, from);
  }
  // Above what it says itself, a host refuses, too.
  const bool asks = from->rlim_max <= std::max(there.rlim_max, kFiles);
  rlimit given = *from;
  if (asks)
    given = {std::min(from->rlim_cur, there.rlim_max), std::min(from->rlim_max, there.rlim_max)};
  return TIDEGATE_REAL(setrlimit)(resource, &given);
}

TIDEGATE_EXPORT int getrlimit64(__rlimit_resource_t resource, rlimit64* to) noexcept {
  return getrlimit(resource, reinterpret_cast<rlimit*>(to));
}

TIDEGATE_EXPORT int setrlimit64(__rlimit_resource_t resource, const rlimit64* from) noexcept {
  return setrlimit(resource, reinterpret_cast<const rlimit*>(from));
}
