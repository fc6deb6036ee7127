// A TLS server on the loopback for tests, which answers whoever comes with a certificate of the CA,
// and the certificates: made by openssl(1) in a folder that is gone with the object.
#pragma once

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/real/spawn.h"
#include "tests/support/listen.h"
#include "tests/support/temp_dir.h"

namespace tidegate::engine {

class Certificates {
 public:
  Certificates() {
    for (const std::string ca : {"ca", "other-ca"}) Make(ca, {});
    Make("server", {"-CA", Pem("ca"), "-CAkey", Key("ca"), "-addext",
                    "subjectAltName=IP:127.0.0.1,DNS:localhost"});
    Make("stranger",
         {"-CA", Pem("ca"), "-CAkey", Key("ca"), "-addext", "subjectAltName=IP:10.9.9.9"});
    Make("client", {"-CA", Pem("ca"), "-CAkey", Key("ca")});
  }
  std::string Pem(const std::string& name) const { return dir_ / name + ".pem"; }
  std::string Key(const std::string& name) const { return dir_ / name + ".key"; }

 private:
  void Make(const std::string& name, std::vector<std::string> more) {
    Command command;
    command.argv = {"openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-days",
                    "3650",
                    "-subj",
                    "/CN=" + name,
                    "-keyout",
                    Key(name),
                    "-out",
                    Pem(name)};
    for (std::string& word : more) command.argv.push_back(std::move(word));
    const CommandResult result = RunCommand(command);
    BOOST_REQUIRE_MESSAGE(result.ok(), result.errors);
  }

  test::TempDir dir_;
};

class TlsServer {
 public:
  /// What is asked ("GET /status"), and the answer's body; without one it is 404.
  using Bodies = std::map<std::string, std::string>;

  /// Shows the certificate `who`. One body for all that is asked, or one for each.
  TlsServer(const Certificates& certificates, const std::string& who, std::string body)
      : TlsServer(certificates, who, Bodies{{"", std::move(body)}}) {}
  TlsServer(const Certificates& certificates, const std::string& who, Bodies bodies)
      : context_(SSL_CTX_new(TLS_server_method())), bodies_(std::move(bodies)) {
    std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL
    const std::string pem = certificates.Pem(who);
    const std::string key = certificates.Key(who);
    BOOST_REQUIRE(SSL_CTX_use_certificate_chain_file(context_, pem.c_str()) == 1);
    BOOST_REQUIRE(SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) == 1);
    BOOST_REQUIRE(
        SSL_CTX_load_verify_locations(context_, certificates.Pem("ca").c_str(), nullptr) == 1);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    const auto [fd, port] = test::ListenOnLoopback(4);
    listener_ = fd;
    port_ = port;
    thread_ = std::jthread([this] { Serve(); });
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    stop_ = true;
    thread_.join();
    close(listener_);
    SSL_CTX_free(context_);
  }
  std::int64_t port() const { return port_; }
  /// How often it was asked that; what nobody with a good certificate asked was not asked.
  int Asked(const std::string& what) {
    const std::lock_guard lock(mutex_);
    return asked_[what];
  }

 private:
  void Serve() {
    while (!stop_) {
      pollfd polled{listener_, POLLIN, 0};
      if (poll(&polled, 1, 20) <= 0) continue;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      SSL* ssl = SSL_new(context_);
      SSL_set_fd(ssl, client);
      if (SSL_accept(ssl) == 1) Answer(ssl);
      SSL_free(ssl);
      close(client);
    }
  }
  void Answer(SSL* ssl) {
    std::string request;
    std::array<char, 4096> buffer{};
    while (request.find("\r\n\r\n") == std::string::npos) {
      const int got = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
      if (got <= 0) return;
      request.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const std::string asked = request.substr(0, request.find(" HTTP/"));
    {
      const std::lock_guard lock(mutex_);
      ++asked_[asked];
    }
    auto body = bodies_.find("");
    if (body == bodies_.end()) body = bodies_.find(asked);
    const std::string reply = body == bodies_.end()
                                  ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
                                  : fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}",
                                                body->second.size(), body->second);
    SSL_write(ssl, reply.data(), static_cast<int>(reply.size()));
    SSL_shutdown(ssl);
  }

  SSL_CTX* context_;
  const Bodies bodies_;
  std::mutex mutex_;
  std::map<std::string, int> asked_;  // under mutex_
  int listener_ = -1;
  std::int64_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::jthread thread_;
};

}  // namespace tidegate::engine
