#include "lab/clock/proc_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace tidegate::lab {
namespace {

constexpr std::array<std::string_view, ProcFiles::kKinds> kNames = {"stat", "syscall", "schedstat",
                                                                    "children"};

int OpenFile(pid_t pid, pid_t tid, ProcFiles::Kind kind) {
  std::array<char, 96> path;
  *fmt::format_to_n(path.data(), path.size() - 1, "/proc/{}/task/{}/{}", pid, tid, kNames[kind])
       .out = '\0';
  return open(path.data(), O_RDONLY | O_CLOEXEC);
}

}  // namespace

ProcFiles::~ProcFiles() { KeepOnly({}); }

std::string_view ProcFiles::Read(pid_t pid, pid_t tid, Kind kind, Buffer* buffer) {
  auto found = open_.find(tid);
  if (found == open_.end() && open_.size() < kTasksMax) {
    found = open_.emplace(tid, Open{-1, -1, -1, -1}).first;
  }
  const bool kept = found != open_.end();
  int fd = kept ? found->second[kind] : -1;
  if (fd < 0) fd = OpenFile(pid, tid, kind);
  if (fd < 0) return {};
  const ssize_t size = pread(fd, buffer->data(), buffer->size(), 0);
  if (!kept) {
    close(fd);
  } else if (size < 0) {
    // The task is gone; another may have its id by now.
    found->second[kind] = fd;
    Close(found->second);
    open_.erase(found);
  } else {
    found->second[kind] = fd;
  }
  return size <= 0 ? std::string_view()
                   : std::string_view(buffer->data(), static_cast<std::size_t>(size));
}

void ProcFiles::KeepOnly(const std::vector<pid_t>& tids) {
  for (auto it = open_.begin(); it != open_.end();) {
    if (std::binary_search(tids.begin(), tids.end(), it->first)) {
      ++it;
    } else {
      Close(it->second);
      it = open_.erase(it);
    }
  }
}

void ProcFiles::Close(const Open& open) {
  for (const int fd : open) {
    if (fd >= 0) close(fd);
  }
}

}  // namespace tidegate::lab
