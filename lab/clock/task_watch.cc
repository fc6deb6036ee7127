#include "lab/clock/task_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "lab/clock/page.h"

namespace tidegate::lab {
namespace {

using FileBuffer = ProcFiles::Buffer;

template <typename... Arguments>
std::string_view ReadProc(FileBuffer* buffer, fmt::string_view format, Arguments... arguments) {
  std::array<char, 96> path;
  const auto list = fmt::make_format_args(arguments...);
  *fmt::vformat_to_n(path.data(), path.size() - 1, format, list).out = '\0';
  const int fd = open(path.data(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const ssize_t size = read(fd, buffer->data(), buffer->size());
  close(fd);
  return size <= 0 ? std::string_view()
                   : std::string_view(buffer->data(), static_cast<std::size_t>(size));
}

std::uint64_t NumberAt(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::uint64_t Digest(std::uint64_t digest, std::string_view text) {
  for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return Mix(digest, text.size());
}

// The fields behind "pid (name)", whose name may hold anything; proc(5) numbers the state 3.
std::string_view BehindName(std::string_view stat) {
  const std::size_t end = stat.rfind(')');
  return end == std::string_view::npos || end + 2 > stat.size() ? std::string_view()
                                                                : stat.substr(end + 2);
}
std::string_view Field(std::string_view behind_name, int number) {
  for (int i = 3; i < number; ++i) {
    const std::size_t blank = behind_name.find(' ');
    if (blank == std::string_view::npos) return {};
    behind_name.remove_prefix(blank + 1);
  }
  return behind_name;
}
std::string_view NameIn(std::string_view stat) {
  const std::size_t begin = stat.find('(');
  const std::size_t end = stat.rfind(')');
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  return stat.substr(begin + 1, end - begin - 1);
}

// Asleep until an event, stopped, or dead. D waits for a disk and will go on by itself.
bool Rests(char state) { return std::string_view("STtZX").find(state) != std::string_view::npos; }

// The ids in a folder of /proc.
std::vector<pid_t> IdsIn(const std::string& path) {
  std::vector<pid_t> ids;
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) return ids;
  while (const dirent* entry = readdir(folder)) {
    const pid_t id = static_cast<pid_t>(NumberAt(entry->d_name));
    if (id > 0) ids.push_back(id);
  }
  closedir(folder);
  return ids;
}

std::vector<pid_t> SoftInterruptThreads() {
  std::vector<pid_t> found;
  FileBuffer buffer;
  for (const pid_t pid : IdsIn("/proc")) {
    if (ReadProc(&buffer, "/proc/{}/comm", pid).rfind("ksoftirqd/", 0) == 0) found.push_back(pid);
  }
  return found;
}

}  // namespace

TaskWatch::TaskWatch(pid_t root) : root_(root), soft_interrupts_(SoftInterruptThreads()) {}

// Under load the kernel hands packets between two local sockets to a thread of its own: the sender
// sleeps already, the receiver still. (Otherwise delivery is done when send() returns.)
bool TaskWatch::NetworkAtWork() {
  FileBuffer buffer;
  for (const pid_t pid : soft_interrupts_) {
    const std::string_view stat = network_files_.Read(pid, pid, ProcFiles::kStat, &buffer);
    const std::string_view fields = BehindName(stat);
    if (!fields.empty() && fields.front() == 'R') {
      awake_ = fmt::format("{} {}", pid, NameIn(stat));
      return true;
    }
  }
  return false;
}

TaskWatch::Look TaskWatch::Take() {
  found_.clear();
  awake_.clear();
  Look look;
  if (StillAwake() || NetworkAtWork()) return look;  // a program of the user's is named first
  std::vector<pid_t> processes = {root_};
  for (std::size_t i = 0; i < processes.size(); ++i) {
    std::vector<pid_t> children;
    if (!LookAtProcess(processes[i], &look, &children)) return look;
    processes.insert(processes.end(), children.begin(), children.end());
  }
  tasks_.swap(found_);
  Tidy();
  look.asleep = true;
  return look;
}

// Who was awake at the last look most likely is so still.
bool TaskWatch::StillAwake() {
  if (last_awake_.tid == 0) return false;
  FileBuffer buffer;
  const std::string_view stat =
      files_.Read(last_awake_.pid, last_awake_.tid, ProcFiles::kStat, &buffer);
  const std::string_view fields = BehindName(stat);
  if (fields.empty() || Rests(fields.front())) {
    last_awake_ = {};
    return false;
  }
  awake_ = fmt::format("{} {}", last_awake_.tid, NameIn(stat));
  return true;
}

// Forgets what is known of tasks that are no more.
void TaskWatch::Tidy() {
  constexpr std::size_t kDeadMax = 24;
  if (identities_.size() <= tasks_.size() + kDeadMax) return;
  std::map<pid_t, Identity> living;
  std::vector<pid_t> tids;
  for (const Task& task : tasks_) {
    living[task.tid] = identities_[task.tid];
    tids.push_back(task.tid);
  }
  identities_.swap(living);
  std::sort(tids.begin(), tids.end());
  files_.KeepOnly(tids);
}

bool TaskWatch::LookAtProcess(pid_t pid, Look* look, std::vector<pid_t>* children) {
  std::size_t threads = 1;
  if (!LookAtTask(pid, pid, look, children, &threads)) return false;
  if (threads <= 1) return true;
  for (const pid_t tid : IdsIn(fmt::format("/proc/{}/task", pid))) {
    if (tid != pid && !LookAtTask(pid, tid, look, children, &threads)) return false;
  }
  return true;
}

bool TaskWatch::LookAtTask(pid_t pid, pid_t tid, Look* look, std::vector<pid_t>* children,
                           std::size_t* threads) {
  FileBuffer buffer;
  const std::string_view stat = files_.Read(pid, tid, ProcFiles::kStat, &buffer);
  const std::string_view fields = BehindName(stat);
  FileBuffer more;
  const bool dead = !fields.empty() && (fields.front() == 'Z' || fields.front() == 'X');
  if (fields.empty() || !Rests(fields.front()) || !(dead || OffProcessor(pid, tid))) {
    awake_ = fmt::format("{} {}", tid, fields.empty() ? "(gone)" : NameIn(stat));
    last_awake_ = {pid, tid, 0, 0, false};
    return false;
  }
  const std::uint64_t started = NumberAt(Field(fields, 22));
  *threads = NumberAt(Field(fields, 20));
  look->digest = Mix(look->digest, Mix(static_cast<std::uint64_t>(tid), started));
  look->digest = Mix(look->digest, static_cast<unsigned char>(fields.front()));
  look->digest = Digest(look->digest, files_.Read(pid, tid, ProcFiles::kSchedstat, &more));
  std::string_view list = files_.Read(pid, tid, ProcFiles::kChildren, &more);
  if (list.size() == more.size()) {
    awake_ = fmt::format("{} has more children than can be looked at", pid);
    return false;
  }
  while (!list.empty()) {
    const auto child = static_cast<pid_t>(NumberAt(list));
    if (child > 0) children->push_back(child);
    list.remove_prefix(std::min(list.find(' '), list.size() - 1) + 1);
  }
  const pid_t inner = InnerOf(pid, tid, started);
  const pid_t inner_pid = tid == pid ? inner : identities_[pid].inner;
  found_.push_back({pid, tid, inner_pid, inner, dead});
  return true;
}

// A task that is about to sleep calls itself asleep while it still looks for what it waits for
// (wait4 reaps a child so), and may lose the processor in the middle of that. This file tells: the
// kernel answers it only from a task that is off the processor and its queue, else "running"
// (lib/syscall.c task_current_syscall, wait_task_inactive).
bool TaskWatch::OffProcessor(pid_t pid, pid_t tid) {
  FileBuffer buffer;
  const std::string_view call = files_.Read(pid, tid, ProcFiles::kSyscall, &buffer);
  return !call.empty() && call.front() != 'r';
}

pid_t TaskWatch::InnerOf(pid_t pid, pid_t tid, std::uint64_t started) {
  const auto known = identities_.find(tid);
  if (known != identities_.end() && known->second.started == started) return known->second.inner;
  const pid_t inner = ReadInner(pid, tid);
  identities_[tid] = {started, inner};
  return inner;
}

// "NSpid:\t15147\t12345": one id for each namespace, ours first.
pid_t TaskWatch::ReadInner(pid_t pid, pid_t tid) {
  FileBuffer buffer;
  const std::string_view status = ReadProc(&buffer, "/proc/{}/task/{}/status", pid, tid);
  const std::size_t begin = status.find("NSpid:\t");
  if (begin == std::string_view::npos) return 0;
  const std::string_view ids = status.substr(begin + 7, status.find('\n', begin) - begin - 7);
  const std::size_t last = ids.rfind('\t');
  if (last == std::string_view::npos) return 0;
  return static_cast<pid_t>(NumberAt(ids.substr(last + 1)));
}

pid_t TaskWatch::OuterOf(pid_t inner) const {
  for (const Task& task : tasks_) {
    if (task.inner_tid == inner) return task.tid;
  }
  return 0;
}

pid_t TaskWatch::InnerPid(pid_t pid) {
  const pid_t read = ReadInner(pid, pid);
  if (read != 0) return read;
  const auto known = identities_.find(pid);
  return known == identities_.end() ? 0 : known->second.inner;
}

}  // namespace tidegate::lab
