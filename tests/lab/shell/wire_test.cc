// The two lines of the control socket.
#include "lab/shell/wire.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/why.h"

namespace tidegate::lab {

BOOST_AUTO_TEST_SUITE(lab_wire)

BOOST_AUTO_TEST_CASE(requests_and_replies_come_back_whole) {
  const Request request{"mysql", "10.0.1.1", {"-e", "a\n\"b\"\t\\"}, "/bin/x", "in\n"};
  const std::string line = WriteRequest(request);
  BOOST_TEST(line.find('\n') == std::string::npos);
  const Result<Request> read = ReadRequest(line);
  BOOST_REQUIRE_MESSAGE(read.has_value(), test::Why(read));
  BOOST_TEST(read->argv == request.argv);
  BOOST_TEST(WriteRequest(*read) == line);
  const Result<Reply> reply = ReadReply(WriteReply({3, "out\n", "→\n"}));
  BOOST_REQUIRE_MESSAGE(reply.has_value(), test::Why(reply));
  BOOST_TEST(reply->exit == 3);
  BOOST_TEST(reply->errors == "→\n");
}

BOOST_AUTO_TEST_CASE(the_shortest_request_is_enough) {
  const Result<Request> read = ReadRequest(R"({"program":"systemctl","argv":["stop","drainer"]})");
  BOOST_REQUIRE_MESSAGE(read.has_value(), test::Why(read));
  BOOST_TEST(read->argv.size() == 2U);
  BOOST_TEST(!ReadRequest("{}").has_value());
  BOOST_TEST(!ReadRequest("nonsense").has_value());
  BOOST_TEST(!ReadReply(R"({"exit":300})").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
