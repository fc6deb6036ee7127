#include "lab/shell/stub.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>

#include "lab/hosts/root_dir.h"
#include "lab/shell/client.h"

namespace tidegate::lab {
namespace {

// tidb-binlog: cmd/pump/main.go, cmd/drainer/main.go: these four close the server. One that was
// ignored at the start (nohup) stays so.
Fd CatchSignals() {
  sigset_t caught;
  sigemptyset(&caught);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGQUIT}) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&caught, signal);
  }
  sigprocmask(SIG_BLOCK, &caught, nullptr);
  return Fd(signalfd(-1, &caught, SFD_CLOEXEC));
}

void PassOn(const Place& place, const Stamp& stamp, const std::string& path,
            const std::vector<std::string>& argv) {
  Request request{"stub-signal", "", {"15"}, path, stamp.part};
  request.argv.insert(request.argv.end(), argv.begin(), argv.end());
  const Result<Reply> reply = Call(place, std::move(request));
  if (!reply) Trouble(reply.error());
}

}  // namespace

int RunStub(const Stamp& stamp, const std::string& path, const std::vector<std::string>& argv) {
  for (const std::string& word : argv) {
    if (word == "-V" || word == "--V" || word == "--version") {
      WriteAll(STDOUT_FILENO, VersionText(stamp));
      return 0;
    }
  }
  const Result<Place> place = ReadPlace();
  if (!place) return Trouble(place.error());
  const Fd signals = CatchSignals();
  std::array<char, PATH_MAX> folder{};
  if (getcwd(folder.data(), folder.size()) == nullptr) return 1;
  const Result<int> socket = Send(*place, {stamp.part, "", argv, path, folder.data()});
  if (!socket) return Trouble(socket.error());
  const Fd line(*socket);
  for (;;) {
    std::array<pollfd, 2> polled = {{{line.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return 1;
    if (polled[1].revents != 0) {
      signalfd_siginfo caught{};
      if (read(signals.get(), &caught, sizeof caught) > 0) PassOn(*place, stamp, path, argv);
    }
    if (polled[0].revents == 0) continue;
    const Result<Reply> reply = Receive(line.get());
    return reply ? Finish(*reply) : Trouble(reply.error());
  }
}

}  // namespace tidegate::lab
