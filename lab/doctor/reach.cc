#include "lab/doctor/reach.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

namespace tidegate::lab {
namespace {

constexpr std::size_t kHeadersMax = 512;
constexpr std::size_t kSegmentMax = 1 << 16;

class File {
 public:
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  bool opened() const { return fd_ >= 0; }

  bool ReadAt(std::uint64_t offset, void* to, std::size_t size) const {
    return pread(fd_, to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
  }
  std::string Bytes(const Elf64_Phdr& segment) const {
    std::string bytes(std::min<std::size_t>(segment.p_filesz, kSegmentMax), '\0');
    if (!ReadAt(segment.p_offset, bytes.data(), bytes.size())) bytes.clear();
    return bytes;
  }

 private:
  int fd_;
};

// What a binary says of itself; nullopt: it is no ELF file of 64 bits and our byte order.
struct Binary {
  std::uint16_t machine = 0;
  std::string loader;  ///< "": it has none
  bool go = false;
};

// The notes of a segment; the Go linker writes one of the name "Go" into every program
// (cmd/link: .note.go.buildid).
bool HasGoNote(std::string_view notes) {
  const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes.data(), sizeof note);
    notes.remove_prefix(sizeof note);
    const std::string_view name = notes.substr(0, note.n_namesz);
    if (name == std::string_view("Go\0\0", 4)) return true;
    const std::size_t size = padded(note.n_namesz) + padded(note.n_descsz);
    notes.remove_prefix(std::min(size, notes.size()));
  }
  return false;
}

std::optional<Binary> ReadBinary(const File& file) {
  Elf64_Ehdr header;
  if (!file.ReadAt(0, &header, sizeof header)) return std::nullopt;
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kHeadersMax) {
    return std::nullopt;
  }
  Binary binary;
  binary.machine = header.e_machine;
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!file.ReadAt(header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr))) {
    return std::nullopt;
  }
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_NOTE) binary.go = binary.go || HasGoNote(file.Bytes(segment));
    if (segment.p_type == PT_INTERP) {
      binary.loader = file.Bytes(segment);
      binary.loader = binary.loader.substr(0, binary.loader.find('\0'));
    }
  }
  return binary;
}

std::string Canonical(const std::string& path) {
  std::error_code failed;
  return std::filesystem::canonical(path, failed).string();
}

// We are dynamic, and of the libc that the preload is for.
const Binary& OurOwn() {
  static const Binary own = [] {
    Binary binary = ReadBinary(File("/proc/self/exe")).value_or(Binary{});
    binary.loader = Canonical(binary.loader);
    return binary;
  }();
  return own;
}

// Root's own bit changes nothing for root, and who is root only in a user namespace gets no user
// that isn't mapped there (kernel fs/exec.c bprm_fill_uid).
bool ChangesUser(const struct stat& status) {
  if (geteuid() != 0) return false;
  return ((status.st_mode & S_ISUID) != 0 && status.st_uid != geteuid()) ||
         ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
          status.st_gid != getegid());
}

}  // namespace

Result<Reach> ReachOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return Error{ErrorCode::kNotFound, fmt::format("there is no {}", path), ""};
  }
  const File file(path);
  if (!file.opened()) return Error{ErrorCode::kIo, fmt::format("can't read {}", path), ""};
  char magic[SELFMAG] = {};
  if (!file.ReadAt(0, magic, sizeof magic) || std::memcmp(magic, ELFMAG, SELFMAG) != 0) {
    return Reach::kScript;
  }
  const std::optional<Binary> binary = ReadBinary(file);
  if (!binary.has_value() || binary->machine != OurOwn().machine) return Reach::kForeign;
  if (binary->go) return Reach::kGo;
  if (binary->loader.empty()) return Reach::kStatic;
  if (Canonical(binary->loader) != OurOwn().loader) return Reach::kForeign;
  if (ChangesUser(status)) return Reach::kSetUserId;
  return Reach::kReached;
}

}  // namespace tidegate::lab
