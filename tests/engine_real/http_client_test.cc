#include "engine/real/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "engine/real/etcd_gateway.h"
#include "tests/engine_real/one_shot_server.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;

Answer Get(std::int64_t port, Duration timeout = 5 * kSecond, std::size_t body_max = 1 << 20) {
  HttpRequest request;
  request.host = "127.0.0.1";
  request.port = port;
  request.path = "/status";
  request.timeout = timeout;
  request.body_max = body_max;
  return PerformHttp(request);
}

Answer Served(std::string reply, std::size_t body_max = 1 << 20) {
  const OneShotServer server(std::move(reply));
  return Get(server.port(), 5 * kSecond, body_max);
}

// A port of the loopback on which nobody listens.
std::int64_t FreePort() {
  const OneShotServer gone("");
  return gone.port();
}

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(a_body_comes_back_as_it_was_sent) {
  const std::string body = "{\"Synced\": true ,\"Upper\":398907800202772481}\n";
  const OneShotServer server("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                             "\r\n\r\n" + body);
  const Answer answer = Get(server.port());
  BOOST_TEST((answer.code == AnswerCode::kOk));
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body == body);
  BOOST_TEST(server.request().starts_with("GET /status HTTP/1.1\r\n"));
  BOOST_TEST(server.request().find("Host: 127.0.0.1:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bodies_without_length_and_chunked) {
  BOOST_TEST(Served("HTTP/1.0 200 OK\r\n\r\nuntil the end").body == "until the end");
  const Answer chunked = Served(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  BOOST_TEST((chunked.code == AnswerCode::kOk));
  BOOST_TEST(chunked.body == "abcde");
}

BOOST_AUTO_TEST_CASE(refused) {
  BOOST_TEST((Get(FreePort()).code == AnswerCode::kConnectionRefused));
}

// tidb-binlog v1.1: the handler panics before the first tick and the connection closes
BOOST_AUTO_TEST_CASE(an_empty_reply_and_a_reset_are_resets) {
  BOOST_TEST((Served("").code == AnswerCode::kConnectionReset));
  BOOST_TEST((Served("HTTP/1.1 200 OK\r\nConte").code == AnswerCode::kConnectionReset));
  const OneShotServer server("", OneShotServer::Way::kReset);
  BOOST_TEST((Get(server.port()).code == AnswerCode::kConnectionReset));
}

BOOST_AUTO_TEST_CASE(what_is_no_http_is_a_reset) {
  BOOST_TEST((Served("SSH-2.0-OpenSSH_9.2\r\n\r\n").code == AnswerCode::kConnectionReset));
}

BOOST_AUTO_TEST_CASE(a_short_body_is_truncated) {
  const Answer answer = Served("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  BOOST_TEST((answer.code == AnswerCode::kTruncated));
  BOOST_TEST((Served("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab").code ==
              AnswerCode::kTruncated));
}

BOOST_AUTO_TEST_CASE(a_body_beyond_the_bound_is_truncated) {
  BOOST_TEST((Served("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", 10).code ==
              AnswerCode::kTruncated));
  BOOST_TEST((Served("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello worl", 10).code ==
              AnswerCode::kOk));
}

BOOST_AUTO_TEST_CASE(other_statuses_keep_status_and_body) {
  const Answer answer = Served("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nsad\n");
  BOOST_TEST((answer.code == AnswerCode::kHttpStatus));
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(answer.body == "sad\n");
}

BOOST_AUTO_TEST_CASE(a_server_that_hangs_times_out) {
  const OneShotServer server("", OneShotServer::Way::kHang);
  BOOST_TEST((Get(server.port(), 100 * kMillisecond).code == AnswerCode::kTimedOut));
}

BOOST_AUTO_TEST_CASE(a_tcp_probe) {
  const OneShotServer server("");
  BOOST_TEST((ConnectTcp("127.0.0.1", server.port(), kSecond).code == AnswerCode::kOk));
  BOOST_TEST((ConnectTcp("127.0.0.1", FreePort(), kSecond).code == AnswerCode::kConnectionRefused));
  BOOST_TEST((ConnectTcp("no such host", 1, kSecond).code != AnswerCode::kOk));
}

BOOST_AUTO_TEST_CASE(base64_as_in_the_rfc) {
  BOOST_TEST(EncodeBase64("") == "");
  BOOST_TEST(EncodeBase64("f") == "Zg==");
  BOOST_TEST(EncodeBase64("fo") == "Zm8=");
  BOOST_TEST(EncodeBase64("foo") == "Zm9v");
  BOOST_TEST(EncodeBase64("foobar") == "Zm9vYmFy");
  BOOST_TEST(EncodeBase64("/tidb-binlog/") == "L3RpZGItYmlubG9nLw==");
  BOOST_TEST(EncodeBase64("/tidb-binlog0") == "L3RpZGItYmlubG9nMA==");
}

BOOST_AUTO_TEST_CASE(the_registry_is_looked_for_at_each_path_of_the_gateway) {
  const OneShotServer old_pd("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                             OneShotServer::Way::kReply, 3);
  const std::string body = "{\"kvs\":[],\"count\":\"0\"}";
  const OneShotServer new_pd("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                             "\r\n\r\n" + body);
  const Answer answer = ListEtcd(
      {{"127.0.0.1", FreePort()}, {"127.0.0.1", old_pd.port()}, {"127.0.0.1", new_pd.port()}},
      "/tidb-binlog", kSecond);
  BOOST_TEST((answer.code == AnswerCode::kOk));
  BOOST_TEST(answer.body == body);
  BOOST_TEST(old_pd.request().find("POST /v3/kv/range ") != std::string::npos);
  BOOST_TEST(old_pd.request().find("POST /v3beta/kv/range ") != std::string::npos);
  BOOST_TEST(old_pd.request().find("POST /v3alpha/kv/range ") != std::string::npos);
  BOOST_TEST(RangeRequest("/tidb-binlog") ==
             "{\"key\":\"L3RpZGItYmlubG9nLw==\",\"range_end\":\"L3RpZGItYmlubG9nMA==\"}");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
