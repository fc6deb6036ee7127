// What the lab has to know of the MySQL client protocol to stand between a client and a server:
// packets, which capabilities it hides from both, and where an answer ends. It looks into no rows
// but those that it asked for itself.
//
// dev.mysql.com "Client/Server Protocol" and mariadb.com/kb "Clientserver Protocol": a packet is
// 3 bytes of length, a sequence number and so many bytes; one of 2^24 - 1 bytes goes on in the
// next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::lab {

inline constexpr std::size_t kPacketHead = 4;
inline constexpr std::size_t kPayloadMax = (1U << 24U) - 1;

enum class SqlCommand : std::uint8_t {
  kQuit = 0x01,
  kInitDb = 0x02,
  kQuery = 0x03,
  kFieldList = 0x04,
  kStatistics = 0x09,
  kPing = 0x0e,
  kPrepare = 0x16,
  kExecute = 0x17,
  kSendLongData = 0x18,
  kCloseStatement = 0x19,
  kResetStatement = 0x1a,
  kSetOption = 0x1b,
  kFetch = 0x1c,
  kResetConnection = 0x1f,
};
/// May a client send it here? Replication, changes of user and the like are refused.
bool IsServed(std::uint8_t command);
/// The server says nothing to it.
bool HasNoAnswer(SqlCommand command);

/// With its head. REQUIRES: it fits into one packet.
std::string MakePacket(std::uint8_t sequence, std::string_view payload);
/// The bytes of a command of any size, as a client sends them.
std::string MakeCommand(std::string_view payload);
/// An ERR packet: "ERROR 1047 (08S01): …".
std::string MakeError(std::uint8_t sequence, std::uint16_t number, std::string_view state,
                      std::string_view message);
/// How long the payload is that begins at `bytes`, which holds at least a head.
std::size_t PayloadSize(std::string_view bytes);

/// What a whole packet is by the first byte of its payload.
inline constexpr std::uint8_t kOkPacket = 0x00;
inline constexpr std::uint8_t kErrorPacket = 0xff;
inline constexpr std::uint8_t kEofPacket = 0xfe;
/// Of no bytes: kErrorPacket.
std::uint8_t PacketKind(std::string_view packet);

/// A server's greeting without the capabilities that the lab can't follow: TLS, compression, files
/// of the client, rows that end without an EOF packet, MariaDB's own. Other packets stay as they
/// are.
std::string Plainer(std::string greeting);
/// The same of a client's answer to it. Nothing: that is none.
std::optional<std::string> PlainerLogin(std::string packet);

/// A client's answer to a greeting, for a user without a password.
std::string MakeLogin(std::uint8_t sequence, std::string_view user);

/// Follows an answer, packet by packet.
class AnswerReader {
 public:
  explicit AnswerReader(SqlCommand command) : command_(command) {}

  /// True: that was its last packet.
  bool Take(std::string_view payload);
  /// Is a transaction open behind it?
  bool in_transaction() const { return (status_ & 1U) != 0; }
  /// The error that it ended with; 0: none.
  std::uint16_t error() const { return error_; }

 private:
  enum class State : std::uint8_t { kFirst, kCounted, kColumns, kRows };
  bool TakeFirst(std::string_view payload);
  bool EndsWith(std::string_view payload);

  SqlCommand command_;
  State state_ = State::kFirst;
  std::uint64_t left_ = 0;  ///< packets of this state
  bool goes_on_ = false;    ///< the packet before was as long as one can be
  std::uint16_t status_ = 0;
  std::uint16_t error_ = 0;
};

/// The fields of a row of the text protocol; a NULL is nothing.
std::vector<std::optional<std::string>> ReadRow(std::string_view payload);
/// "1205: Lock wait timeout exceeded; …" of an ERR packet.
std::string ErrorText(std::string_view payload);

}  // namespace tidegate::lab
