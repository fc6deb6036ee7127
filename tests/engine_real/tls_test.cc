// TLS towards PD, Pumps, Drainers and TiDB: who is trusted, who is not, and what is said then.
#include "engine/tls.h"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>

#include "engine/real/etcd_gateway.h"
#include "engine/real/http_client.h"
#include "engine/real/real_host.h"
#include "engine/status_body.h"
#include "tests/engine_real/one_shot_server.h"
#include "tests/engine_real/tls_server.h"
#include "tests/support/listen.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;

struct Fixture {
  Certificates certificates;

  TlsFiles Files(const std::string& ca = "ca", const std::string& client = "client") const {
    return {certificates.Pem(ca), certificates.Pem(client), certificates.Key(client), {}};
  }
  static std::shared_ptr<const Tls> Load(const TlsFiles& files) {
    Result<std::shared_ptr<const Tls>> tls = Tls::Load(files);
    BOOST_REQUIRE_MESSAGE(tls.has_value(), test::Why(tls));
    return *std::move(tls);
  }
  static Answer Get(std::int64_t port, const TlsFiles& files,
                    const std::string& host = "127.0.0.1") {
    const std::shared_ptr<const Tls> tls = Load(files);
    HttpRequest request;
    request.host = host;
    request.port = port;
    request.path = "/status";
    request.tls = tls.get();
    return PerformHttp(request);
  }
};

bool Has(const std::string& text, const std::string& part) {
  const bool has = text.find(part) != std::string::npos;
  if (!has) BOOST_TEST_MESSAGE(text);
  return has;
}

BOOST_FIXTURE_TEST_SUITE(tls, Fixture)

BOOST_AUTO_TEST_CASE(a_server_of_the_ca_answers_by_address_and_by_name) {
  const TlsServer server(certificates, "server", "{\"Synced\":false}");
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const Answer answer = Get(server.port(), Files(), host);
    BOOST_TEST((answer.code == AnswerCode::kOk), answer.body);
    BOOST_TEST(answer.body == "{\"Synced\":false}");
  }
}

BOOST_AUTO_TEST_CASE(the_host_and_the_registry_go_through_it) {
  const TlsServer server(certificates, "server", "{\"kvs\":[]}");
  RealHostOptions options;
  options.tls = Load(Files());
  options.pds = {{"127.0.0.1", server.port()}};
  const RealHost host(std::move(options), nullptr, nullptr);
  BOOST_TEST(host.Look(port::HttpGet{"127.0.0.1", server.port(), "/status"}, kSecond).ok());
  BOOST_TEST(host.Look(port::ListRegistry{"/tidb-binlog"}, kSecond).body == "{\"kvs\":[]}");
}

BOOST_AUTO_TEST_CASE(a_server_of_another_ca_is_refused) {
  const TlsServer server(certificates, "server", "");
  const Answer answer = Get(server.port(), Files("other-ca"));
  BOOST_TEST((answer.code == AnswerCode::kFailed));
  BOOST_TEST(Has(answer.body, fmt::format("TLS: the certificate of 127.0.0.1:{} is not to be "
                                          "trusted: ",
                                          server.port())));
  BOOST_TEST(AnswerText(answer) == answer.body);
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_host_is_refused) {
  const TlsServer server(certificates, "stranger", "");
  const Answer answer = Get(server.port(), Files());
  BOOST_TEST((answer.code == AnswerCode::kFailed));
  BOOST_TEST(Has(answer.body, "is not to be trusted: "));
}

BOOST_AUTO_TEST_CASE(a_client_that_the_server_does_not_trust_gets_nothing) {
  const TlsServer server(certificates, "server", "secret");
  const Answer answer = Get(server.port(), Files("ca", "other-ca"));
  BOOST_TEST(!answer.ok());
  BOOST_TEST(answer.body.find("secret") == std::string::npos);
}

// It answers the hello as Go's servers do, without reading on: nothing in it ends a header.
class PlainServer {
 public:
  PlainServer() {
    const auto [fd, port] = test::ListenOnLoopback(4);
    listener_ = fd;
    port_ = port;
    thread_ = std::jthread([this] {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      std::array<char, 1024> hello{};
      const std::string reply = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
      if (read(client, hello.data(), hello.size()) > 0) {
        send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
      }
      close(client);
    });
  }
  PlainServer(const PlainServer&) = delete;
  PlainServer& operator=(const PlainServer&) = delete;
  ~PlainServer() {
    thread_.join();
    close(listener_);
  }
  std::int64_t port() const { return port_; }

 private:
  int listener_ = -1;
  std::int64_t port_ = 0;
  std::jthread thread_;
};

BOOST_AUTO_TEST_CASE(a_port_that_speaks_plain_http_is_refused) {
  const PlainServer server;
  const Answer answer = Get(server.port(), Files());
  BOOST_TEST((answer.code == AnswerCode::kFailed));
  BOOST_TEST(answer.body == fmt::format("TLS: 127.0.0.1:{} speaks no TLS: is it plain HTTP? "
                                        "(tls.plain of the site file)",
                                        server.port()));
}

BOOST_AUTO_TEST_CASE(a_port_that_is_listed_as_plain_is_asked_in_plain_http) {
  const OneShotServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  TlsFiles files = Files();
  files.plain = {fmt::format("127.0.0.1:{}", server.port())};
  BOOST_TEST(Get(server.port(), files).body == "hi");
}

BOOST_AUTO_TEST_CASE(files_that_are_no_certificates_are_named) {
  TlsFiles files = Files();
  files.ca = "/nowhere/ca.pem";
  BOOST_TEST(Has(test::Why(Tls::Load(files)), "/nowhere/ca.pem: the ca of tls: "));
  files = Files();
  files.key = certificates.Key("server");
  BOOST_TEST(Has(test::Why(Tls::Load(files)), "the key of tls: "));
}

BOOST_AUTO_TEST_CASE(the_inventory_turns_it_on_and_the_site_file_says_where) {
  const test::TempDir dir;
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(dir / name) << text;
    return dir / name;
  };
  const std::string on = write("on.ini", "[all:vars]\nenable_tls = True\n");
  const std::string off = write("off.ini", "[all:vars]\nenable_tls = False\n");
  const std::string site = write("site.json", R"({"tls": {"ca": "/c/ca.pem", "cert": "/c/c.pem",
      "key": "/c/c.key", "plain": ["10.0.0.1:8249"]}})");
  BOOST_TEST(!LoadTlsFiles(off, "")->has_value());
  const Result<std::optional<TlsFiles>> missing = LoadTlsFiles(on, "");
  BOOST_TEST(Has(test::Why(missing), "on.ini:2:"));
  BOOST_TEST(Has(test::Why(missing), "enable_tls is on: say where CA, certificate and key are"));
  const Result<std::optional<TlsFiles>> files = LoadTlsFiles(on, site);
  BOOST_REQUIRE_MESSAGE(files.has_value() && files->has_value(), test::Why(files));
  BOOST_TEST((**files).ca == "/c/ca.pem");
  BOOST_TEST((**files).plain.front() == "10.0.0.1:8249");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
