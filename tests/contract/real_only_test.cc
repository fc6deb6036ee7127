// What the contract asks of the real host alone: a simulated journal has no lock and no full disk,
// a simulated registry has one door.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "engine/real/etcd_gateway.h"
#include "engine/real/http_client.h"
#include "tests/contract/real_under_test.h"

namespace tidegate::test {
namespace {

namespace port = engine::port;

BOOST_AUTO_TEST_SUITE(real_only)

BOOST_AUTO_TEST_CASE(a_second_engine_on_one_journal_is_refused) {
  RealUnderTest host;
  {
    const Result<engine::JournalFile> other = engine::JournalFile::Open(host.journal_path());
    BOOST_REQUIRE(other.has_value());
    const Result<engine::JournalFile> second = engine::JournalFile::Open(host.journal_path());
    BOOST_REQUIRE(!second.has_value());
    BOOST_TEST((second.error().code == ErrorCode::kRefused));
  }
  host.Run({{Keep("a")}, {End()}});
  BOOST_TEST(host.Journal().size() == 1U);
}

// The record of an intent can't be written: the action behind it must not be carried out.
BOOST_AUTO_TEST_CASE(nothing_is_done_behind_a_record_that_could_not_be_written) {
  RealUnderTest host;
  const std::string big(3000, 'x');
  BOOST_TEST(host.FailsOnFullDisk({{Keep("a", "small"), Do(host.places().attach)},
                                   {Keep("b", big), Do(host.places().detach)},
                                   {End()}},
                                  2000));
  BOOST_TEST(host.Visible() == (std::vector<std::string>{"1 hook attach-service"}),
             boost::test_tools::per_element());
  BOOST_TEST(host.Journal().size() == 1U);  // and the rest is a torn tail
  // With room again it goes on behind the last whole record.
  host.Run({{Keep("b", big), Do(host.places().detach)}, {End()}});
  BOOST_REQUIRE(host.seen().resumed_with.size() == 1U);
  BOOST_TEST(host.Journal().size() == 2U);
}

// A full queue of a listener that accepts nobody: connecting gets no answer at all.
BOOST_AUTO_TEST_CASE(a_connection_that_nobody_answers_is_timed_out) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(place);
  auto* generic = reinterpret_cast<sockaddr*>(&place);
  BOOST_REQUIRE(bind(listener, generic, length) == 0);
  BOOST_REQUIRE(listen(listener, 0) == 0);
  BOOST_REQUIRE(getsockname(listener, generic, &length) == 0);
  std::vector<int> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    static_cast<void>(connect(waiting.back(), generic, length));
  }
  const port::Answer answer =
      engine::ConnectTcp("127.0.0.1", ntohs(place.sin_port), 200 * kMillisecond);
  BOOST_TEST((answer.code == port::AnswerCode::kTimedOut));
  for (const int fd : waiting) close(fd);
  close(listener);
}

// The time of an Ask is for all PDs together, and one that hangs leaves some for the next.
BOOST_AUTO_TEST_CASE(pds_that_hang_share_the_time) {
  const LoopbackServer silent("127.0.0.1", 0, [](const std::string&, const std::string&) {
    return Reply{.way = Reply::Way::kHang};
  });
  const LoopbackServer good("127.0.0.1", 0, [](const std::string&, const std::string& body) {
    return Reply{.body = body};
  });
  const engine::HostPort hung{"127.0.0.1", silent.port()};
  const port::Output list = Look(port::ListRegistry{"/tidb-binlog"}, 2 * kSecond);
  RealUnderTest one;
  one.SetPds({hung, {"127.0.0.1", good.port()}});
  one.Run({{list}, {End()}});
  BOOST_TEST(Answers(one.seen()).at(0).ok());
  BOOST_TEST(Answers(one.seen()).at(0).body == engine::RangeRequest("/tidb-binlog"));
}

BOOST_AUTO_TEST_CASE(a_listing_that_no_pd_answers_ends_in_time) {
  const LoopbackServer silent("127.0.0.1", 0, [](const std::string&, const std::string&) {
    return Reply{.way = Reply::Way::kHang};
  });
  const engine::HostPort hung{"127.0.0.1", silent.port()};
  RealUnderTest host;
  host.SetPds({hung, hung, hung});
  host.Run({{Look(port::ListRegistry{"/tidb-binlog"}, 2 * kSecond)}, {End()}});
  BOOST_TEST((Answers(host.seen()).at(0).code == port::AnswerCode::kTimedOut));
  BOOST_TEST(host.seen().inputs.back().now - host.seen().asked_at[0] < 5 * kSecond);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
