// Programs that start others with an environment of their own (env -i, Python's env=, Ansible)
// would lose the clock: what it needs is put back.
#include <alloca.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lab/clock/preload/lineage.h"
#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

constexpr const char* kPreload = "LD_PRELOAD";
constexpr const char* kHashSeed = "PYTHONHASHSEED";
constexpr std::size_t kAdditions = 5;

struct Additions {
  char preload[2048];
  char page[600];
  char hash_seed[48];
  char lineage[64];
};

const char* ValueOf(char* const* environment, const char* name) {
  const std::size_t length = strlen(name);
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') {
      return *environment + length + 1;
    }
  }
  return nullptr;
}

std::size_t CountOf(char* const* list) {
  std::size_t count = 0;
  while (list != nullptr && list[count] != nullptr) ++count;
  return count;
}

// `environment` with what the clock needs, in `list` (room for kAdditions more).
void Complete(char* const* environment, std::uint64_t lineage, char** list, Additions* text) {
  std::size_t count = 0;
  const char* preload = ValueOf(environment, kPreload);
  const bool preloaded = preload != nullptr && strstr(preload, PreloadPath()) != nullptr;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const bool replaced = !preloaded && strncmp(*environment, "LD_PRELOAD=", 11) == 0;
    if (!replaced) list[count++] = *environment;
  }
  list[count] = nullptr;
  if (!preloaded) {
    const bool fits = preload != nullptr && strlen(preload) < 1400;
    snprintf(text->preload, sizeof text->preload, "%s=%s%s%s", kPreload, PreloadPath(),
             fits && *preload != '\0' ? ":" : "", fits ? preload : "");
    list[count++] = text->preload;
    list[count] = nullptr;
  }
  if (ValueOf(list, kPageVariable) == nullptr) {
    snprintf(text->page, sizeof text->page, "%s=%s", kPageVariable, PagePath());
    list[count++] = text->page;
  }
  list[count] = nullptr;
  if (ValueOf(list, kHashSeed) == nullptr) {
    snprintf(text->hash_seed, sizeof text->hash_seed, "%s=%u", kHashSeed,
             PythonHashSeed(ThePage()->seed));
    list[count++] = text->hash_seed;
  }
  if (lineage != 0) {
    snprintf(text->lineage, sizeof text->lineage, "%s=%llx", kLineageVariable,
             static_cast<unsigned long long>(lineage));
    list[count++] = text->lineage;
  }
  list[count] = nullptr;
}

}  // namespace

// A completed copy of an environment, on the caller's stack.
#define TIDEGATE_COMPLETED(environment, lineage)                                            \
  Additions additions_;                                                                     \
  char** const completed =                                                                  \
      static_cast<char**>(alloca((CountOf(environment) + kAdditions + 1) * sizeof(char*))); \
  Complete(environment, lineage, completed, &additions_)

TIDEGATE_EXPORT int execve(const char* path, char* const* arguments,
                           char* const* environment) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(execve)(path, arguments, environment);
  TIDEGATE_COMPLETED(environment, 0);
  return TIDEGATE_REAL(execve)(path, arguments, completed);
}

TIDEGATE_EXPORT int execv(const char* path, char* const* arguments) noexcept {
  return execve(path, arguments, environ);
}

TIDEGATE_EXPORT int execvpe(const char* file, char* const* arguments,
                            char* const* environment) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(execvpe)(file, arguments, environment);
  TIDEGATE_COMPLETED(environment, 0);
  return TIDEGATE_REAL(execvpe)(file, arguments, completed);
}

TIDEGATE_EXPORT int execvp(const char* file, char* const* arguments) noexcept {
  return execvpe(file, arguments, environ);
}

TIDEGATE_EXPORT int fexecve(int fd, char* const* arguments, char* const* environment) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(fexecve)(fd, arguments, environment);
  TIDEGATE_COMPLETED(environment, 0);
  return TIDEGATE_REAL(fexecve)(fd, arguments, completed);
}

// The arguments of execl and its kin as an array on the caller's stack; `last` stands behind them.
#define TIDEGATE_ARGUMENTS(first, last)                                               \
  va_list counting_;                                                                  \
  va_start(counting_, first);                                                         \
  std::size_t count_ = 1;                                                             \
  while (va_arg(counting_, char*) != nullptr) ++count_;                               \
  va_end(counting_);                                                                  \
  char** const arguments = static_cast<char**>(alloca((count_ + 1) * sizeof(char*))); \
  va_list list_;                                                                      \
  va_start(list_, first);                                                             \
  arguments[0] = const_cast<char*>(first);                                            \
  for (std::size_t i_ = 1; i_ <= count_; ++i_) arguments[i_] = va_arg(list_, char*);  \
  [[maybe_unused]] char* const* const last = va_arg(list_, char* const*);             \
  va_end(list_)

TIDEGATE_EXPORT int execl(const char* path, const char* first, ...) noexcept {
  TIDEGATE_ARGUMENTS(first, unused);
  return execve(path, arguments, environ);
}

TIDEGATE_EXPORT int execlp(const char* file, const char* first, ...) noexcept {
  TIDEGATE_ARGUMENTS(first, unused);
  return execvpe(file, arguments, environ);
}

TIDEGATE_EXPORT int execle(const char* path, const char* first, ...) noexcept {
  TIDEGATE_ARGUMENTS(first, environment);
  return execve(path, arguments, environment);
}

TIDEGATE_EXPORT int posix_spawn(pid_t* __restrict pid, const char* __restrict path,
                                const posix_spawn_file_actions_t* __restrict actions,
                                const posix_spawnattr_t* __restrict attributes,
                                char* const* __restrict arguments,
                                char* const* __restrict environment) {
  if (ThePage() == nullptr) {
    return TIDEGATE_REAL(posix_spawn)(pid, path, actions, attributes, arguments, environment);
  }
  const std::uint64_t lineage = NextChild();
  TIDEGATE_COMPLETED(environment, lineage);
  BeginBirth(lineage);
  const int result =
      TIDEGATE_REAL(posix_spawn)(pid, path, actions, attributes, arguments, completed);
  EndBirth();
  return result;
}

TIDEGATE_EXPORT int posix_spawnp(pid_t* pid, const char* file,
                                 const posix_spawn_file_actions_t* actions,
                                 const posix_spawnattr_t* attributes, char* const* arguments,
                                 char* const* environment) {
  if (ThePage() == nullptr) {
    return TIDEGATE_REAL(posix_spawnp)(pid, file, actions, attributes, arguments, environment);
  }
  const std::uint64_t lineage = NextChild();
  TIDEGATE_COMPLETED(environment, lineage);
  BeginBirth(lineage);
  const int result =
      TIDEGATE_REAL(posix_spawnp)(pid, file, actions, attributes, arguments, completed);
  EndBirth();
  return result;
}
