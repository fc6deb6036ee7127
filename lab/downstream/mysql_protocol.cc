#include "lab/downstream/mysql_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace tidegate::lab {
namespace {

constexpr std::size_t kEofMax = 9;  // longer ones are rows
constexpr std::uint16_t kMoreResults = 0x0008;
constexpr std::uint16_t kCursorExists = 0x0040;

constexpr std::uint32_t kMysqlNotMariadb = 1U << 0U;
constexpr std::uint32_t kProtocol41 = 1U << 9U;
constexpr std::uint32_t kSecureConnection = 1U << 15U;
constexpr std::uint32_t kPluginAuth = 1U << 19U;
// Compression, LOCAL INFILE, TLS, session tracking, no EOF packets, optional metadata, zstd, query
// attributes.
constexpr std::uint32_t kHidden =
    1U << 5U | 1U << 7U | 1U << 11U | 1U << 23U | 1U << 24U | 1U << 25U | 1U << 26U | 1U << 27U;
constexpr std::uint8_t kUtf8mb4 = 45;

std::uint8_t ByteAt(std::string_view bytes, std::size_t at) {
  return at < bytes.size() ? static_cast<std::uint8_t>(bytes[at]) : std::uint8_t{0};
}

std::uint64_t IntAt(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t out = 0;
  for (std::size_t i = size; i > 0; --i) out = out << 8U | ByteAt(bytes, at + i - 1);
  return out;
}

void PutInt(std::uint64_t value, std::size_t size, std::string* out) {
  for (std::size_t i = 0; i < size; ++i) *out += static_cast<char>(value >> (8U * i) & 0xFFU);
}

void SetInt(std::uint64_t value, std::size_t at, std::size_t size, std::string* out) {
  for (std::size_t i = 0; i < size; ++i) {
    (*out)[at + i] = static_cast<char>(value >> (8U * i) & 0xFFU);
  }
}

// A length-encoded integer; `at` moves behind it.
std::uint64_t CountAt(std::string_view bytes, std::size_t* at) {
  const std::uint8_t first = ByteAt(bytes, *at);
  const std::size_t size = first == 0xfc ? 2 : first == 0xfd ? 3 : first == 0xfe ? 8 : 0;
  const std::uint64_t out = size == 0 ? first : IntAt(bytes, *at + 1, size);
  *at += 1 + size;
  return out;
}

bool IsEof(std::string_view payload) {
  return ByteAt(payload, 0) == kEofPacket && payload.size() < kEofMax;
}

}  // namespace

bool IsServed(std::uint8_t command) {
  constexpr std::array<SqlCommand, 14> kServed = {
      SqlCommand::kQuit,           SqlCommand::kInitDb,         SqlCommand::kQuery,
      SqlCommand::kFieldList,      SqlCommand::kStatistics,     SqlCommand::kPing,
      SqlCommand::kPrepare,        SqlCommand::kExecute,        SqlCommand::kSendLongData,
      SqlCommand::kCloseStatement, SqlCommand::kResetStatement, SqlCommand::kSetOption,
      SqlCommand::kFetch,          SqlCommand::kResetConnection};
  return std::find(kServed.begin(), kServed.end(), static_cast<SqlCommand>(command)) !=
         kServed.end();
}

bool HasNoAnswer(SqlCommand command) {
  return command == SqlCommand::kQuit || command == SqlCommand::kSendLongData ||
         command == SqlCommand::kCloseStatement;
}

std::string MakePacket(std::uint8_t sequence, std::string_view payload) {
  CHECK(payload.size() <= kPayloadMax);
  std::string out;
  PutInt(payload.size(), 3, &out);
  out += static_cast<char>(sequence);
  out += payload;
  return out;
}

std::string MakeCommand(std::string_view payload) {
  std::string out;
  std::uint8_t sequence = 0;
  for (bool more = true; more;) {
    const std::string_view part = payload.substr(0, kPayloadMax);
    out += MakePacket(sequence++, part);
    payload.remove_prefix(part.size());
    more = part.size() == kPayloadMax;
  }
  return out;
}

std::string MakeError(std::uint8_t sequence, std::uint16_t number, std::string_view state,
                      std::string_view message) {
  std::string payload(1, static_cast<char>(kErrorPacket));
  PutInt(number, 2, &payload);
  payload += fmt::format("#{}{}", state, message);
  return MakePacket(sequence, payload);
}

std::size_t PayloadSize(std::string_view bytes) { return IntAt(bytes, 0, 3); }

std::uint8_t PacketKind(std::string_view packet) {
  return packet.size() > kPacketHead ? ByteAt(packet, kPacketHead) : kErrorPacket;
}

// Protocol 10: version, NUL, thread id (4), salt (8), filler, capabilities (2), character set,
// status (2), capabilities (2), length of the salt, 6 reserved, MariaDB's capabilities (4).
std::string Plainer(std::string greeting) {
  const std::size_t version_end = greeting.find('\0', kPacketHead + 1);
  if (ByteAt(greeting, kPacketHead) != 10 || version_end == std::string::npos) return greeting;
  const std::size_t low = version_end + 1 + 4 + 8 + 1;
  const std::size_t high = low + 5;
  const std::size_t mariadb = high + 2 + 1 + 6;
  if (greeting.size() < mariadb + 4) return greeting;
  SetInt(IntAt(greeting, low, 2) & ~std::uint64_t{kHidden & 0xFFFFU}, low, 2, &greeting);
  SetInt(IntAt(greeting, high, 2) & ~std::uint64_t{kHidden >> 16U}, high, 2, &greeting);
  if ((IntAt(greeting, low, 2) & kMysqlNotMariadb) == 0) SetInt(0, mariadb, 4, &greeting);
  return greeting;
}

// Capabilities (4), largest packet (4), character set, 23 reserved, of which the last 4 may be
// MariaDB's capabilities.
std::optional<std::string> PlainerLogin(std::string packet) {
  constexpr std::size_t kReservedEnd = kPacketHead + 32;
  const std::uint64_t flags = IntAt(packet, kPacketHead, 4);
  if (packet.size() <= kReservedEnd || (flags & kProtocol41) == 0) return std::nullopt;
  SetInt(flags & ~std::uint64_t{kHidden}, kPacketHead, 4, &packet);
  if ((flags & kMysqlNotMariadb) == 0) SetInt(0, kReservedEnd - 4, 4, &packet);
  return packet;
}

std::string MakeLogin(std::uint8_t sequence, std::string_view user) {
  std::string payload;
  PutInt(kMysqlNotMariadb | kProtocol41 | kSecureConnection | kPluginAuth, 4, &payload);
  PutInt(kPayloadMax, 4, &payload);
  payload += static_cast<char>(kUtf8mb4);
  payload.append(23, '\0');
  payload += user;
  payload.append(2, '\0');  // its end, and a password of no bytes
  payload += "mysql_native_password";
  payload += '\0';
  return MakePacket(sequence, payload);
}

bool AnswerReader::Take(std::string_view payload) {
  const bool of_the_same = goes_on_;
  goes_on_ = payload.size() == kPayloadMax;
  if (of_the_same) return false;
  switch (state_) {
    case State::kFirst: return TakeFirst(payload);
    case State::kCounted: return --left_ == 0;
    case State::kColumns:
      if (left_-- > 0) return false;
      state_ = State::kRows;
      status_ = static_cast<std::uint16_t>(IntAt(payload, 3, 2));
      // The rows are fetched later.
      return command_ == SqlCommand::kExecute && (status_ & kCursorExists) != 0;
    case State::kRows:
      if (ByteAt(payload, 0) != kErrorPacket && !IsEof(payload)) return false;
      return EndsWith(payload);
  }
  return true;
}

bool AnswerReader::TakeFirst(std::string_view payload) {
  const std::uint8_t first = ByteAt(payload, 0);
  if (first == kErrorPacket || IsEof(payload)) return EndsWith(payload);
  if (command_ == SqlCommand::kStatistics) return true;
  if (command_ == SqlCommand::kFieldList || command_ == SqlCommand::kFetch) return false;
  if (command_ == SqlCommand::kPrepare) {
    // Statement (4), columns (2), parameters (2): the descriptions of each follow, with an EOF.
    const std::uint64_t columns = IntAt(payload, 5, 2);
    const std::uint64_t parameters = IntAt(payload, 7, 2);
    left_ = (columns > 0 ? columns + 1 : 0) + (parameters > 0 ? parameters + 1 : 0);
    state_ = State::kCounted;
    return left_ == 0;
  }
  if (first == kOkPacket) return EndsWith(payload);
  std::size_t at = 0;
  left_ = CountAt(payload, &at);
  state_ = State::kColumns;
  return false;
}

// An OK, EOF or ERR packet: is there another result behind it?
bool AnswerReader::EndsWith(std::string_view payload) {
  if (ByteAt(payload, 0) == kErrorPacket) {
    error_ = static_cast<std::uint16_t>(IntAt(payload, 1, 2));
    return true;
  }
  std::size_t at = 1;
  if (ByteAt(payload, 0) == kOkPacket) {
    CountAt(payload, &at);  // rows
    CountAt(payload, &at);  // last id
  } else {
    at += 2;  // warnings
  }
  status_ = static_cast<std::uint16_t>(IntAt(payload, at, 2));
  state_ = State::kFirst;
  return (status_ & kMoreResults) == 0;
}

std::vector<std::optional<std::string>> ReadRow(std::string_view payload) {
  std::vector<std::optional<std::string>> out;
  for (std::size_t at = 0; at < payload.size();) {
    if (ByteAt(payload, at) == 0xfb) {
      out.emplace_back();
      ++at;
      continue;
    }
    const std::uint64_t size = std::min<std::uint64_t>(CountAt(payload, &at), payload.size());
    out.emplace_back(payload.substr(std::min(at, payload.size()), size));
    at += size;
  }
  return out;
}

std::string ErrorText(std::string_view payload) {
  const std::uint64_t number = IntAt(payload, 1, 2);
  std::string_view text = payload.substr(std::min<std::size_t>(3, payload.size()));
  if (text.starts_with('#')) text.remove_prefix(std::min<std::size_t>(6, text.size()));
  return fmt::format("{}: {}", number, text);
}

}  // namespace tidegate::lab
