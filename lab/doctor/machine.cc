#include "lab/doctor/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "lab/doctor/programs_of.h"
#include "lab/downstream/mariadb_server.h"
#include "lab/hosts/programs.h"
#include "lab/session/home.h"
#include "lab/session/pace.h"

namespace tidegate::lab {
namespace {

constexpr const char* kRights =
    "run as root; a container needs CAP_SYS_ADMIN and CAP_NET_ADMIN and must not forbid unshare "
    "and mount (docker: --privileged)";
constexpr const char* kUserRights =
    "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces), "
    "or run as root";

struct Trial {
  const char* what;
  Need need;
  bool (*run)();  ///< in the child, after those before it; errno says why not
  const char* advice;
};

bool WriteText(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool whole = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return whole;
}

bool TryUser() {
  const unsigned uid = getuid();
  const unsigned gid = getgid();
  if (geteuid() == 0) return true;
  return unshare(CLONE_NEWUSER) == 0 && WriteText("/proc/self/setgroups", "deny") &&
         WriteText("/proc/self/uid_map", fmt::format("0 {} 1", uid)) &&
         WriteText("/proc/self/gid_map", fmt::format("0 {} 1", gid));
}

bool TryNetwork() { return unshare(CLONE_NEWNET) == 0; }

bool TryMounts() {
  return unshare(CLONE_NEWNS) == 0 &&
         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// As hosts get /usr: bound, then read-only (Linux 5.12).
bool TryReadOnly() {
  const Result<Home> home = Home::Make("doctor");
  if (!home.has_value() || mkdir(home->bin_path().c_str(), 0755) != 0) return false;
  const char* place = home->path().c_str();
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  const bool bound = mount("/usr", home->bin_path().c_str(), nullptr, MS_BIND, nullptr) == 0;
  const bool done = bound && syscall(SYS_mount_setattr, AT_FDCWD, home->bin_path().c_str(), 0,
                                     &attributes, sizeof attributes) == 0;
  const int error = errno;
  if (bound) umount2(home->bin_path().c_str(), MNT_DETACH);
  errno = error;
  return done && access(place, W_OK) == 0;
}

// A process of another PID namespace, whose state in the kernel we must be able to read.
bool InProcess(bool (*look)(pid_t)) {
  const auto child = static_cast<pid_t>(
      syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child < 0) return false;
  if (child == 0) {
    for (;;) poll(nullptr, 0, -1);
  }
  const bool fine = look(child);
  const int error = errno;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  errno = error;
  return fine;
}

bool TryProcesses() {
  return InProcess([](pid_t) { return true; });
}

bool TryLooking() {
  return InProcess([](pid_t child) {
    const int fd = open(fmt::format("/proc/{}/syscall", child).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    char first = 0;
    const bool fine = read(fd, &first, 1) == 1;
    close(fd);
    return fine;
  });
}

bool TryFutexes() {
  return syscall(SYS_futex_waitv, nullptr, 0, 0, nullptr, 0) < 0 && errno != ENOSYS;
}

const std::array<Trial, 7>& Trials() {
  static const char* const rights = geteuid() == 0 ? kRights : kUserRights;
  static const std::array<Trial, 7> trials = {{
      {"user namespace", Need::kLab, TryUser, rights},
      {"network namespace", Need::kLab, TryNetwork, rights},
      {"mount namespace", Need::kLab, TryMounts, rights},
      {"read-only mounts", Need::kLab, TryReadOnly, "needs Linux 5.12 and the rights to mount"},
      {"PID namespace", Need::kLab, TryProcesses, rights},
      {"/proc/PID/syscall", Need::kLockstep, TryLooking,
       "needs the right to trace its own children (sysctl kernel.yama.ptrace_scope below 3, "
       "CAP_SYS_PTRACE in a container); --clock real does without"},
      {"futex_waitv", Need::kLockstep, TryFutexes,
       "needs Linux 5.16 (and a seccomp filter that lets it through); --clock real does without"},
  }};
  return trials;
}

// The errors of the trials, in their order; the namespaces are a child's, which ends.
std::array<int, 7> Tried() {
  std::array<int, 7> errors{};
  int ends[2];
  errors.fill(ECANCELED);
  if (pipe2(ends, O_CLOEXEC) != 0) return errors;
  const pid_t child = fork();
  if (child == 0) {
    for (const Trial& trial : Trials()) {
      errno = 0;
      const int error = trial.run() ? 0 : (errno == 0 ? EPERM : errno);
      if (write(ends[1], &error, sizeof error) != sizeof error) break;
    }
    _exit(0);
  }
  close(ends[1]);
  for (int& error : errors) {
    if (read(ends[0], &error, sizeof error) != sizeof error) break;
  }
  close(ends[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  return errors;
}

void AddFiles(std::vector<MachineLine>* lines) {
  const auto add = [&](Need need, const char* what, const Result<std::string>& found) {
    lines->push_back({found.has_value(), need, what, found.has_value() ? *found : "missing",
                      found.has_value() ? "" : found.error().message});
  };
  add(Need::kLab, "the lab's programs", FindProgram("rehearsal/tidegate-lab-shell"));
  add(Need::kLockstep, "the clock's library", FindProgram("lab/clock/libtidegate_clock.so"));
  add(Need::kFaketime, "libfaketime", FindFaketime());
  const bool units = access("/etc/systemd/system", F_OK) == 0;
  lines->push_back({units, Need::kLab, "/etc/systemd/system", units ? "there" : "missing",
                    units ? "" : "mkdir -p /etc/systemd/system: hosts' units are mounted there"});
  const Result<Home> home = Home::Make("doctor");
  lines->push_back({home.has_value(), Need::kLab, "a folder for the lab",
                    home.has_value() ? "below TMPDIR (else /tmp)" : home.error().message,
                    home.has_value() ? "" : "set TMPDIR to a folder that can be written"});
  const Result<Reach> shell = ReachOf("/bin/sh");
  const bool reached = shell.has_value() && *shell == Reach::kReached;
  lines->push_back({reached, Need::kLockstep, "/bin/sh",
                    shell.has_value() ? std::string(ReachText(*shell)) : shell.error().message,
                    reached ? "" : "it reads the command; a dynamic one is needed (dash, bash)"});
}

void AddTools(std::vector<MachineLine>* lines) {
  lines->push_back(
      {true, Need::kNobody, "commands on hosts",
       fmt::format("the lab's own: {}", fmt::join(kPrograms.begin(), kPrograms.end() - 1, " ")),
       ""});
  struct Tool {
    const char* name;
    const char* package;
  };
  constexpr std::array<Tool, 4> kTools = {
      {{"curl", "curl"}, {"jq", "jq"}, {"python3", "python3"}, {"nc", "netcat-openbsd"}}};
  const Result<MariadbPrograms> mariadb = FindMariadb();
  lines->push_back({mariadb.has_value(), Need::kNobody, "mariadbd",
                    mariadb.has_value() ? mariadb->server : "missing",
                    mariadb.has_value() ? "" : mariadb.error().message});
  for (const Tool& tool : kTools) {
    const Result<std::vector<StartedProgram>> found = ProgramsOf(tool.name);
    const bool there = found.has_value() && !found->empty();
    lines->push_back(
        {there, Need::kNobody, tool.name, there ? found->front().path : "missing",
         there ? "" : fmt::format("apt-get install {}, if a run-book calls it", tool.package)});
  }
}

}  // namespace

std::vector<MachineLine> LookAtMachine() {
  std::vector<MachineLine> lines;
  const std::array<int, 7> errors = Tried();
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const Trial& trial = Trials()[i];
    const bool ok = errors[i] == 0;
    lines.push_back(
        {ok, trial.need, trial.what, ok ? "works" : strerror(errors[i]), ok ? "" : trial.advice});
  }
  AddFiles(&lines);
  AddTools(&lines);
  return lines;
}

}  // namespace tidegate::lab
