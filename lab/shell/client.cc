#include "lab/shell/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "lab/hosts/root_dir.h"

namespace tidegate::lab {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Error Failed(std::string_view what, const Place& place) {
  return {ErrorCode::kUnavailable,
          fmt::format("cannot {} '{}': {}", what, place.socket, std::strerror(errno)), ""};
}

}  // namespace

Result<Place> ReadPlace() {
  Place place;
  place.lab = Environment("TIDEGATE_LAB");
  if (place.lab.empty()) {
    return Error{ErrorCode::kBadInput, "this program works in a lab only (TIDEGATE_LAB)", ""};
  }
  place.host = Environment("TIDEGATE_HOST");
  if (place.host.empty()) place.host = "localhost";
  place.socket = Environment("TIDEGATE_LAB_SOCKET");
  if (place.socket.empty()) place.socket = place.lab + "/control";
  std::string folders = Environment("TIDEGATE_LAB_VISIBLE");
  while (!folders.empty()) {
    const std::size_t colon = std::min(folders.find(':'), folders.size());
    if (colon > 0) place.visible.push_back(folders.substr(0, colon));
    folders.erase(0, colon + 1);
  }
  return place;
}

// Through the folder's descriptor: a socket's path has a bound of some hundred bytes.
Result<int> Send(const Place& place, Request request) {
  request.host = place.host;
  const Fd folder(
      open(std::string(FolderOf(place.socket)).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd line(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", folder.get(), NameOf(place.socket));
  if (!folder || !line || path.size() >= sizeof address.sun_path) return Failed("reach", place);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (connect(line.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Failed("reach", place);
  }
  if (!WriteAll(line.get(), WriteRequest(request) + "\n")) return Failed("write to", place);
  return line.Release();
}

Result<Reply> Receive(int socket) {
  std::string text;
  std::array<char, 65536> buffer{};
  while (text.find('\n') == std::string::npos) {
    const ssize_t got = read(socket, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Error{ErrorCode::kUnavailable, "the lab went away", ""};
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return ReadReply(std::string_view(text).substr(0, text.find('\n')));
}

Result<Reply> Call(const Place& place, Request request) {
  TRY_ASSIGN(const int socket, Send(place, std::move(request)));
  const Fd line(socket);
  return Receive(line.get());
}

int Trouble(const Error& error) {
  WriteAll(STDERR_FILENO, fmt::format("tidegate lab: {}\n", error.ToString()));
  return 125;
}

int Finish(const Reply& reply) {
  WriteAll(STDOUT_FILENO, reply.output);
  WriteAll(STDERR_FILENO, reply.errors);
  return reply.exit;
}

}  // namespace tidegate::lab
