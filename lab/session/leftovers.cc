#include "lab/session/leftovers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/files.h"

namespace tidegate::lab {
namespace {

namespace fs = std::filesystem;

// The labs that this process owns, with the descriptors that hold their locks.
std::map<std::string, int>& Ours() {
  static std::map<std::string, int> ours;
  return ours;
}

// Of the classic kind: it belongs to a process, and not to a descriptor that children share. So the
// file of a lab of our own must not be opened again: closing it would give up the lock.
struct flock WholeFile() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

enum class Owner { kNone, kLives, kDead };

// `lock` gets the descriptor of a dead owner's file: two sweepers don't meet in one folder.
Owner OwnerOf(const std::string& folder, int* lock) {
  if (Ours().contains(folder)) return Owner::kLives;
  const std::string file = fmt::format("{}/{}", folder, kOwnerFile);
  struct stat status {};
  if (lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid()) {
    return Owner::kNone;
  }
  const int fd = open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return Owner::kNone;
  struct flock wanted = WholeFile();
  if (lock == nullptr) {
    const bool asked = fcntl(fd, F_GETLK, &wanted) == 0;
    close(fd);
    return asked && wanted.l_type == F_UNLCK ? Owner::kDead : Owner::kLives;
  }
  if (fcntl(fd, F_SETLK, &wanted) != 0) {
    close(fd);
    return Owner::kLives;
  }
  *lock = fd;
  return Owner::kDead;
}

std::vector<std::string> Folders() {
  std::vector<std::string> out;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(LabsFolder(), failed)) {
    if (entry.path().filename().string().starts_with(kHomePrefix)) {
      out.push_back(entry.path().string());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Those that have the lab's folder in their environment.
std::size_t KillProcesses(const std::string& folder) {
  std::size_t count = 0;
  std::error_code failed;
  const std::string wanted = "TIDEGATE_LAB=" + folder + '\0';
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    std::from_chars(name.data(), name.data() + name.size(), pid);
    if (pid <= 1 || pid == getpid()) continue;
    const Result<std::string> environment = ReadFile(entry.path().string() + "/environ");
    if (!environment.has_value()) continue;
    const std::size_t at = environment->find(wanted);
    const bool ours = at == 0 || (at != std::string::npos && (*environment)[at - 1] == '\0');
    if (ours && kill(pid, SIGKILL) == 0) ++count;
  }
  return count;
}

// Mount points below the folder as this process sees them, the deepest first.
std::vector<std::string> MountsBelow(const std::string& folder) {
  std::vector<std::string> out;
  const Result<std::string> mounts = ReadFile("/proc/self/mountinfo");
  if (!mounts.has_value()) return out;
  for (std::size_t at = 0; at < mounts->size();) {
    const std::size_t end = std::min(mounts->find('\n', at), mounts->size());
    std::size_t field = at;
    for (int i = 0; i < 4; ++i) field = mounts->find(' ', field) + 1;
    const std::string path = mounts->substr(field, mounts->find(' ', field) - field);
    if (path.starts_with(folder + "/")) out.push_back(path);
    at = end + 1;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::string Sweep(const std::string& folder) {
  const Result<std::string> said = ReadFile(fmt::format("{}/{}", folder, kOwnerFile), 4096);
  const std::string owner = said.has_value() ? said->substr(0, said->find('\n')) : "unknown";
  const std::size_t processes = KillProcesses(folder);
  const std::vector<std::string> mounts = MountsBelow(folder);
  for (const std::string& mount : mounts) {
    if (umount2(mount.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
      return fmt::format("could not sweep {}: can't unmount {}: {}", folder, mount,
                         std::strerror(errno));
    }
  }
  // The owner file last: what a sweeper leaves that is killed itself is swept by the next.
  std::error_code failed;
  std::vector<fs::path> entries;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().filename() != kOwnerFile) entries.push_back(entry.path());
  }
  for (const fs::path& entry : entries) {
    if (!failed) fs::remove_all(entry, failed);
  }
  if (!failed) fs::remove_all(folder, failed);
  if (failed) return fmt::format("could not sweep {}: {}", folder, failed.message());
  return fmt::format("swept {}, whose owner ({}) is gone: {} process{}, {} mount{}", folder, owner,
                     processes, processes == 1 ? "" : "es", mounts.size(),
                     mounts.size() == 1 ? "" : "s");
}

}  // namespace

std::string LabsFolder() {
  const char* folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

Status Own(const std::string& folder, const std::string& says) {
  const std::string file = fmt::format("{}/{}", folder, kOwnerFile);
  // Locked before it has its name: a file of that name is never without a living owner's lock.
  const std::string unnamed = file + ".new";
  const int fd = open(unnamed.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const std::string text = says + "\n";
  struct flock lock = WholeFile();
  if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0 ||
      write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      rename(unnamed.c_str(), file.c_str()) != 0) {
    const Error error{ErrorCode::kIo, fmt::format("can't own {}: {}", folder, std::strerror(errno)),
                      ""};
    if (fd >= 0) close(fd);
    return error;
  }
  Ours()[folder] = fd;
  return {};
}

void Disown(const std::string& folder) {
  const auto found = Ours().find(folder);
  if (found == Ours().end()) return;
  close(found->second);
  Ours().erase(found);
}

std::vector<std::string> LivingLabs() {
  std::vector<std::string> out;
  for (std::string& folder : Folders()) {
    if (OwnerOf(folder, nullptr) == Owner::kLives) out.push_back(std::move(folder));
  }
  return out;
}

std::vector<std::string> SweepLeftovers() {
  std::vector<std::string> out;
  for (const std::string& folder : Folders()) {
    int lock = -1;
    if (OwnerOf(folder, &lock) != Owner::kDead) continue;
    out.push_back(Sweep(folder));
    close(lock);
  }
  return out;
}

}  // namespace tidegate::lab
