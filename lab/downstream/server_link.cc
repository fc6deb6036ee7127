#include "lab/downstream/server_link.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace tidegate::lab {
namespace {

// mariadb_server.cc: max_statement_time is less.
constexpr timeval kSilenceMax = {45, 0};

Error Failed(std::string_view what) {
  return {ErrorCode::kIo, fmt::format("can't {} MariaDB: {}", what, std::strerror(errno)), ""};
}

}  // namespace

Result<ServerLink> ServerLink::Connect(const std::string& socket_path) {
  ServerLink link(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (link.fd_ < 0) return Failed("make a socket for");
  // Through the folder's descriptor: a socket's path has a bound of some hundred bytes.
  const std::size_t slash = socket_path.rfind('/');
  const int folder = open(socket_path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const std::string path =
      fmt::format("/proc/self/fd/{}/{}", folder, socket_path.substr(slash + 1));
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  CHECK(path.size() < sizeof place.sun_path);
  std::memcpy(place.sun_path, path.c_str(), path.size() + 1);
  setsockopt(link.fd_, SOL_SOCKET, SO_RCVTIMEO, &kSilenceMax, sizeof kSilenceMax);
  setsockopt(link.fd_, SOL_SOCKET, SO_SNDTIMEO, &kSilenceMax, sizeof kSilenceMax);
  const int done = connect(link.fd_, reinterpret_cast<const sockaddr*>(&place), sizeof place);
  const int error = errno;
  if (folder >= 0) close(folder);
  errno = error;
  if (done != 0) return Failed("connect to");
  return {std::move(link)};
}

ServerLink::~ServerLink() {
  if (fd_ >= 0) close(fd_);
}

ServerLink::ServerLink(ServerLink&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      read_(std::move(other.read_)),
      taken_(std::exchange(other.taken_, 0)) {}

ServerLink& ServerLink::operator=(ServerLink&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(read_, other.read_);
  std::swap(taken_, other.taken_);
  return *this;
}

Status ServerLink::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Failed("write to");
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Status ServerLink::Fill(std::size_t size) {
  if (read_.size() - taken_ >= size) return {};
  read_.erase(0, std::exchange(taken_, 0));
  std::array<char, 65536> buffer;
  while (read_.size() < size) {
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = ECONNRESET;
    if (got <= 0) return Failed("read from");
    read_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return {};
}

Result<std::string> ServerLink::Receive() {
  TRY(Fill(kPacketHead));
  const std::size_t size = kPacketHead + PayloadSize(std::string_view(read_).substr(taken_));
  TRY(Fill(size));
  taken_ += size;
  return read_.substr(taken_ - size, size);
}

Status ServerLink::LogIn() {
  TRY_ASSIGN(const std::string greeting, Receive());
  TRY(Send(MakeLogin(1, "root")));
  TRY_ASSIGN(std::string answer, Receive());
  if (PacketKind(answer) == kEofPacket) {
    TRY(Send(MakePacket(3, "")));  // another plugin, without a password as well
    TRY_ASSIGN(answer, Receive());
  }
  if (PacketKind(answer) == kOkPacket) return {};
  return Error{ErrorCode::kIo,
               "MariaDB lets nobody in: " + ErrorText(std::string_view(answer).substr(kPacketHead)),
               ""};
}

Result<std::vector<ServerLink::Row>> ServerLink::Query(std::string_view statement) {
  std::string payload(1, static_cast<char>(SqlCommand::kQuery));
  payload += statement;
  TRY(Send(MakeCommand(payload)));
  std::vector<Row> rows;
  AnswerReader reader(SqlCommand::kQuery);
  std::size_t columns = 0;
  for (std::size_t count = 0;; ++count) {
    TRY_ASSIGN(const std::string packet, Receive());
    const std::string_view body = std::string_view(packet).substr(kPacketHead);
    if (count == 0) columns = body.empty() ? 0 : static_cast<unsigned char>(body[0]);
    const bool last = reader.Take(body);
    if (last && reader.error() != 0) return Error{ErrorCode::kBadInput, ErrorText(body), ""};
    if (last) return {std::move(rows)};
    if (count > columns + 1) rows.push_back(ReadRow(body));
  }
}

}  // namespace tidegate::lab
