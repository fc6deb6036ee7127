// Entropy: seeded, by lineage, so that mktemp, Python's random and curl's boundaries repeat. Each
// thread of each process draws its own sequence.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace tidegate::lab {

void FillEntropy(void* to, std::size_t size) {
  const std::uint64_t draw = Mix(Mix(ThePage()->seed, t_self.lineage), ++t_self.draws);
  auto* bytes = static_cast<unsigned char*>(to);
  for (std::uint64_t word = 0; size > 0; ++word) {
    const std::uint64_t bits = Mix(draw, word);
    const std::size_t part = size < sizeof bits ? size : sizeof bits;
    memcpy(bytes, &bits, part);
    bytes += part;
    size -= part;
  }
}

}  // namespace tidegate::lab

namespace {

// What an open /dev/urandom gives before its end; nobody reads a megabyte of it.
constexpr std::size_t kDeviceBytes = 1 << 20;

bool IsDevice(const char* path) {
  return ThePage() != nullptr && path != nullptr && strncmp(path, "/dev/", 5) == 0 &&
         (strcmp(path + 5, "urandom") == 0 || strcmp(path + 5, "random") == 0);
}

int OpenDevice(int flags) {
  const unsigned cloexec = (flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0U;
  const int fd = memfd_create("urandom", cloexec);
  if (fd < 0) return fd;
  if (ftruncate(fd, kDeviceBytes) != 0) return fd;
  void* bytes = mmap(nullptr, kDeviceBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) return fd;
  FillEntropy(bytes, kDeviceBytes);
  munmap(bytes, kDeviceBytes);
  return fd;
}

FILE* OpenDeviceStream(const char* mode) {
  const int fd = OpenDevice(strchr(mode, 'e') != nullptr ? O_CLOEXEC : 0);
  return fd < 0 ? nullptr : fdopen(fd, "r");
}

mode_t ModeOf(int flags, va_list list) {
  const bool has = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return has ? static_cast<mode_t>(va_arg(list, int)) : 0;
}

// Replaces the XXXXXX before the last `suffix` characters until `make` has succeeded with the name.
template <typename Make>
int WithFreshName(char* name, int suffix, Make make) {
  constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const std::size_t length = strlen(name);
  if (suffix < 0 || length < 6 + static_cast<std::size_t>(suffix) ||
      strncmp(name + length - 6 - static_cast<std::size_t>(suffix), "XXXXXX", 6) != 0) {
    errno = EINVAL;
    return -1;
  }
  char* place = name + length - 6 - static_cast<std::size_t>(suffix);
  for (int attempt = 0; attempt < TMP_MAX; ++attempt) {
    std::uint64_t bits = 0;
    FillEntropy(&bits, sizeof bits);
    for (int i = 0; i < 6; ++i, bits /= 62) place[i] = kLetters[bits % 62];
    const int result = make(name);
    if (result >= 0 || errno != EEXIST) return result;
  }
  errno = EEXIST;
  return -1;
}

int MakeFile(char* name, int suffix, int flags) {
  return WithFreshName(name, suffix, [&](const char* path) {
    return TIDEGATE_REAL(open)(path, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
  });
}

}  // namespace

TIDEGATE_EXPORT ssize_t getrandom(void* to, std::size_t size, unsigned flags) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(getrandom)(to, size, flags);
  FillEntropy(to, size);
  return static_cast<ssize_t>(size);
}

TIDEGATE_EXPORT int getentropy(void* to, std::size_t size) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(getentropy)(to, size);
  if (size > 256) {
    errno = EIO;
    return -1;
  }
  FillEntropy(to, size);
  return 0;
}

TIDEGATE_EXPORT std::uint32_t arc4random() noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(arc4random)();
  std::uint32_t bits = 0;
  FillEntropy(&bits, sizeof bits);
  return bits;
}

TIDEGATE_EXPORT void arc4random_buf(void* to, std::size_t size) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(arc4random_buf)(to, size);
  FillEntropy(to, size);
}

TIDEGATE_EXPORT std::uint32_t arc4random_uniform(std::uint32_t bound) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(arc4random_uniform)(bound);
  std::uint64_t bits = 0;
  FillEntropy(&bits, sizeof bits);
  return bound == 0 ? 0 : static_cast<std::uint32_t>(bits % bound);
}

#define TIDEGATE_OPEN(name)                                    \
  TIDEGATE_EXPORT int name(const char* path, int flags, ...) { \
    va_list list;                                              \
    va_start(list, flags);                                     \
    const mode_t mode = ModeOf(flags, list);                   \
    va_end(list);                                              \
    if (IsDevice(path)) return OpenDevice(flags);              \
    return TIDEGATE_REAL(name)(path, flags, mode);             \
  }
#define TIDEGATE_OPENAT(name)                                              \
  TIDEGATE_EXPORT int name(int folder, const char* path, int flags, ...) { \
    va_list list;                                                          \
    va_start(list, flags);                                                 \
    const mode_t mode = ModeOf(flags, list);                               \
    va_end(list);                                                          \
    if (IsDevice(path)) return OpenDevice(flags);                          \
    return TIDEGATE_REAL(name)(folder, path, flags, mode);                 \
  }
TIDEGATE_OPEN(open)
TIDEGATE_OPEN(open64)
TIDEGATE_OPENAT(openat)
TIDEGATE_OPENAT(openat64)

// What the fortified headers make of open.
TIDEGATE_EXPORT int __open_2(const char* path, int flags) { return open(path, flags); }
TIDEGATE_EXPORT int __open64_2(const char* path, int flags) { return open64(path, flags); }
TIDEGATE_EXPORT int __openat_2(int folder, const char* path, int flags) {
  return openat(folder, path, flags);
}
TIDEGATE_EXPORT int __openat64_2(int folder, const char* path, int flags) {
  return openat64(folder, path, flags);
}

TIDEGATE_EXPORT FILE* fopen(const char* __restrict path, const char* __restrict mode) {
  return IsDevice(path) ? OpenDeviceStream(mode) : TIDEGATE_REAL(fopen)(path, mode);
}

TIDEGATE_EXPORT FILE* fopen64(const char* __restrict path, const char* __restrict mode) {
  return IsDevice(path) ? OpenDeviceStream(mode) : TIDEGATE_REAL(fopen64)(path, mode);
}

TIDEGATE_EXPORT int mkstemp(char* name) {
  return ThePage() == nullptr ? TIDEGATE_REAL(mkstemp)(name) : MakeFile(name, 0, 0);
}
TIDEGATE_EXPORT int mkstemp64(char* name) { return mkstemp(name); }
TIDEGATE_EXPORT int mkostemp(char* name, int flags) {
  return ThePage() == nullptr ? TIDEGATE_REAL(mkostemp)(name, flags) : MakeFile(name, 0, flags);
}
TIDEGATE_EXPORT int mkostemp64(char* name, int flags) { return mkostemp(name, flags); }
TIDEGATE_EXPORT int mkstemps(char* name, int suffix) {
  return ThePage() == nullptr ? TIDEGATE_REAL(mkstemps)(name, suffix) : MakeFile(name, suffix, 0);
}
TIDEGATE_EXPORT int mkstemps64(char* name, int suffix) { return mkstemps(name, suffix); }
TIDEGATE_EXPORT int mkostemps(char* name, int suffix, int flags) {
  return ThePage() == nullptr ? TIDEGATE_REAL(mkostemps)(name, suffix, flags)
                              : MakeFile(name, suffix, flags);
}
TIDEGATE_EXPORT int mkostemps64(char* name, int suffix, int flags) {
  return mkostemps(name, suffix, flags);
}

TIDEGATE_EXPORT char* mkdtemp(char* name) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(mkdtemp)(name);
  return WithFreshName(name, 0, [](const char* path) { return mkdir(path, 0700); }) == 0 ? name
                                                                                         : nullptr;
}

TIDEGATE_EXPORT char* mktemp(char* name) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(mktemp)(name);
  const auto absent = [](const char* path) {
    struct stat ignored = {};
    if (lstat(path, &ignored) != 0) return 0;
    errno = EEXIST;
    return -1;
  };
  if (WithFreshName(name, 0, absent) != 0) *name = '\0';
  return name;
}
