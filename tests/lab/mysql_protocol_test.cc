// The lab between a MySQL client and a server: where an answer ends, what is hidden from both, what
// a statement is.
#include "lab/downstream/mysql_protocol.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "lab/downstream/sql_front.h"
#include "lab/downstream/statement_kind.h"
#include "tests/support/listen.h"

namespace tidegate::test {
namespace {

using lab::AnswerReader;
using lab::KindOf;
using lab::SqlCommand;
using lab::StatementKind;
using namespace std::string_literals;

const std::string kOk = "\0\1\0\2\0\0\0"s;
const std::string kOkAndMore = "\0\1\0\x0a\0\0\0"s;
const std::string kEof = "\xfe\0\0\2\0"s;
const std::string kEofInTransaction = "\xfe\0\0\3\0"s;
const std::string kEofAndMore = "\xfe\0\0\x0a\0"s;
const std::string kEofOfCursor = "\xfe\0\0\x42\0"s;
const std::string kError = "\xff\xb5\4#HY000Lock wait timeout exceeded"s;
const std::string kColumn = "\3defabc"s;
const std::string kRow =
    "\1"
    "5"s;

// How many of the packets make the answer; 0: it is not whole.
std::size_t Length(SqlCommand command, const std::vector<std::string>& packets) {
  AnswerReader reader(command);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (reader.Take(packets[i])) return i + 1;
  }
  return 0;
}

BOOST_AUTO_TEST_SUITE(mysql_protocol)

BOOST_AUTO_TEST_CASE(answers_without_rows) {
  BOOST_TEST(Length(SqlCommand::kQuery, {kOk}) == 1U);
  BOOST_TEST(Length(SqlCommand::kQuery, {kError}) == 1U);
  BOOST_TEST(Length(SqlCommand::kPing, {kOk}) == 1U);
  BOOST_TEST(Length(SqlCommand::kSetOption, {kEof}) == 1U);
  BOOST_TEST(Length(SqlCommand::kStatistics, {"Uptime: 3"}) == 1U);
  BOOST_TEST(Length(SqlCommand::kQuery, {kOkAndMore}) == 0U);
  BOOST_TEST(Length(SqlCommand::kQuery, {kOkAndMore, kOk}) == 2U);
}

BOOST_AUTO_TEST_CASE(rows) {
  const std::string columns = "\2";
  BOOST_TEST(Length(SqlCommand::kQuery, {columns, kColumn, kColumn, kEof, kEof}) == 5U);
  BOOST_TEST(Length(SqlCommand::kQuery, {columns, kColumn, kColumn, kEof, kRow, kRow, kEof}) == 7U);
  BOOST_TEST(Length(SqlCommand::kQuery, {columns, kColumn, kColumn, kEof, kRow, kError}) == 6U);
  // A row may begin with the length of a text that takes eight bytes.
  const std::string long_row = "\xfe\0\0\0\1\0\0\0\0 and so on"s;
  BOOST_TEST(Length(SqlCommand::kQuery, {"\1", kColumn, kEof, long_row, kEof}) == 5U);
  BOOST_TEST(Length(SqlCommand::kQuery, {"\1", kColumn, kEof, kRow, kEofAndMore}) == 0U);
  BOOST_TEST(Length(SqlCommand::kQuery, {"\1", kColumn, kEof, kRow, kEofAndMore, kOk}) == 6U);
  AnswerReader reader(SqlCommand::kQuery);
  for (const std::string& packet : {"\1"s, kColumn, kEof, kRow, kEofInTransaction}) {
    reader.Take(packet);
  }
  BOOST_TEST(reader.in_transaction());
}

// What looks like an end in the second packet of a long row is none.
BOOST_AUTO_TEST_CASE(rows_longer_than_a_packet) {
  const std::string whole(lab::kPayloadMax, 'x');
  BOOST_TEST(Length(SqlCommand::kQuery, {"\1", kColumn, kEof, whole, kEof, kRow, kEof}) == 7U);
  BOOST_TEST(Length(SqlCommand::kQuery, {"\1", kColumn, kEof, whole, whole, "", kEof}) == 7U);
  const std::string command = lab::MakeCommand(whole);
  BOOST_TEST(command.size() == whole.size() + 2 * lab::kPacketHead);
  BOOST_TEST(lab::PayloadSize(command) == lab::kPayloadMax);
}

BOOST_AUTO_TEST_CASE(prepared_statements) {
  const auto prepared = [](char columns, char parameters) {
    return "\0\1\0\0\0"s + columns + "\0"s + parameters + "\0\0\0\0"s;
  };
  BOOST_TEST(Length(SqlCommand::kPrepare, {prepared(0, 0)}) == 1U);
  BOOST_TEST(Length(SqlCommand::kPrepare, {prepared(0, 2), kColumn, kColumn, kEof}) == 4U);
  BOOST_TEST(Length(SqlCommand::kPrepare, {prepared(1, 1), kColumn, kEof, kColumn, kEof}) == 5U);
  BOOST_TEST(Length(SqlCommand::kPrepare, {kError}) == 1U);
  BOOST_TEST(Length(SqlCommand::kExecute, {"\1", kColumn, kEof, kRow, kEof}) == 5U);
  // With a cursor rows come when they are fetched.
  BOOST_TEST(Length(SqlCommand::kExecute, {"\1", kColumn, kEofOfCursor}) == 3U);
  BOOST_TEST(Length(SqlCommand::kFetch, {kRow, kRow, kEof}) == 3U);
  BOOST_TEST(Length(SqlCommand::kFieldList, {kColumn, kColumn, kEof}) == 3U);
}

BOOST_AUTO_TEST_CASE(the_first_words_say_what_a_statement_is) {
  for (const char* text :
       {"", ";", "set names utf8", "USE a", "begin", "/* x */ commit; rollback"}) {
    BOOST_TEST((KindOf(text) == StatementKind::kOfSession), text);
  }
  for (const char* text : {"select 1", " ( select 1)", "SHOW TABLES; set a=1",
                           "with x as (select 1) "
                           "select * from x",
                           "-- delete\nselect 'a;delete'", "# drop\nexplain x",
                           "select `a;drop` from b", "select \"\\\";drop\""}) {
    BOOST_TEST((KindOf(text) == StatementKind::kReads), text);
  }
  for (const char* text : {"delete from a", "select 1; DROP TABLE a", "/*!40000 alter table a */",
                           "/* x */insert into a values (1)", "call p()", "frobnicate",
                           "--not a comment", "replace(a)"}) {
    BOOST_TEST((KindOf(text) == StatementKind::kWrites), text);
  }
  BOOST_TEST((KindOf("select 1; shutdown") == StatementKind::kForbidden));
  BOOST_TEST(lab::AsksForLast("SELECT Row_Count()"));
  BOOST_TEST(!lab::AsksForLast("select 1"));
}

// TLS and its kin, in a greeting of MariaDB's and in what a client answers.
BOOST_AUTO_TEST_CASE(what_cannot_be_followed_is_hidden) {
  const std::string greeting = lab::MakePacket(
      0,
      "\n10.11.19-MariaDB\0\7\0\0\0saltsalt\0\xfe\xff\x2d\2\0\xff\x81\x15\0\0\0\0\0\0\x1d\0\0\0"
      "saltsaltsalt\0mysql_native_password\0"s);
  const std::string plainer = lab::Plainer(greeting);
  BOOST_REQUIRE(plainer.size() == greeting.size());
  const std::size_t low = lab::kPacketHead + 1 + 17 + 4 + 8 + 1;
  BOOST_TEST(plainer.substr(low, 2) == "\x5e\xf7"s);       // no compression, files, TLS
  BOOST_TEST(plainer.substr(low + 5, 2) == "\x7f\x80"s);   // no session tracking, no lack of EOF
  BOOST_TEST(plainer.substr(low + 14, 4) == "\0\0\0\0"s);  // nothing of MariaDB's own
  BOOST_TEST(plainer.substr(low + 18) == greeting.substr(low + 18));
  BOOST_TEST(lab::Plainer(lab::MakePacket(0, kError)) == lab::MakePacket(0, kError));

  const std::string login = lab::MakePacket(
      1, "\xae\xaa\xff\x81\0\0\0\1\x2d"s + std::string(19, '\0') + "\x1c\0\0\0root\0\0"s);
  const std::optional<std::string> said = lab::PlainerLogin(login);
  BOOST_REQUIRE(said.has_value());
  BOOST_TEST(said->substr(lab::kPacketHead, 4) == "\x0e\xa2\x7f\x80"s);
  BOOST_TEST(said->substr(lab::kPacketHead + 28, 4) == "\0\0\0\0"s);
  BOOST_TEST(!lab::PlainerLogin(lab::MakePacket(1, "GET / HTTP/1.1")).has_value());
}

std::uint16_t FreePort() {
  const Listening listening = ListenOnLoopback(1);
  close(listening.fd);
  return static_cast<std::uint16_t>(listening.port);
}

// A client at the front's port, whose bytes are there as soon as they are sent.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* address = reinterpret_cast<const sockaddr*>(&place);
    BOOST_REQUIRE(connect(fd_, address, sizeof place) == 0);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  ssize_t Send(const std::string& bytes) {
    return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  std::string Read() {
    std::string out(100, '\0');
    const ssize_t got = recv(fd_, out.data(), out.size(), 0);
    out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return out;
  }

 private:
  int fd_;
};

BOOST_AUTO_TEST_CASE(commands_come_whole_and_one_by_one) {
  lab::SqlFront front;
  const std::uint16_t port = FreePort();
  BOOST_REQUIRE(front.Open("127.0.0.1", port).has_value());
  Client client(port);
  front.Poll();
  std::vector<lab::SqlArrival> came = front.TakeArrivals();
  BOOST_REQUIRE(came.size() == 1U);
  BOOST_TEST(came[0].connects);
  const lab::ConnectionId id = came[0].connection;
  // Before it is greeted it has nothing to say; what it says is taken in turn.
  const std::string bytes = lab::MakePacket(0, "\3one") + lab::MakePacket(0, "\3two");
  client.Send(bytes.substr(0, 6));
  front.Poll();
  front.Reply(id, "hello");
  front.Poll();
  BOOST_TEST(front.TakeArrivals().empty());
  BOOST_TEST(client.Read() == "hello");
  client.Send(bytes.substr(6));
  for (const char* payload : {"\3one", "\3two"}) {
    front.Poll();
    came = front.TakeArrivals();
    BOOST_REQUIRE(came.size() == 1U);
    BOOST_TEST(came[0].payload == payload);
    front.Poll();
    BOOST_TEST(front.TakeArrivals().empty());
    front.Reply(id, "");
  }
  front.Close("127.0.0.1", port);
  BOOST_TEST(front.TakeGone() == std::vector{id});
  BOOST_TEST(client.Read() == "");
}

BOOST_AUTO_TEST_CASE(a_command_that_never_ends_ends_its_connection) {
  lab::SqlFront front;
  const std::uint16_t port = FreePort();
  BOOST_REQUIRE(front.Open("127.0.0.1", port).has_value());
  Client client(port);
  front.Poll();
  const lab::ConnectionId id = front.TakeArrivals().at(0).connection;
  front.Reply(id, "");
  const std::string packet = "\xff\xff\xff\0"s + std::string(1U << 20U, 'x');
  std::size_t sent = 0;
  while (front.Lives(id) && sent < 2 * lab::SqlFront::kCommandMax) {
    sent += static_cast<std::size_t>(std::max<ssize_t>(0, client.Send(packet)));
    front.Poll();
  }
  BOOST_TEST(!front.Lives(id));
  BOOST_TEST(front.TakeArrivals().empty());
}

BOOST_AUTO_TEST_CASE(rows_of_texts) {
  const auto row = lab::ReadRow("\2ab\xfb\0\xfc\3\0xyz"s);
  BOOST_REQUIRE(row.size() == 4U);
  BOOST_TEST(*row[0] == "ab");
  BOOST_TEST(!row[1].has_value());
  BOOST_TEST(*row[2] == "");
  BOOST_TEST(*row[3] == "xyz");
  BOOST_TEST(lab::ReadRow("\7ab"s).size() == 1U);
  BOOST_TEST(lab::ErrorText(kError) == "1205: Lock wait timeout exceeded");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
