// What the session does with requests that came over HTTP: puts them to the world, and its answers
// on the wire.
#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "lab/session/pd_gateway.h"
#include "lab/session/session.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::AnswerCode;

// A client decides itself how long it waits; what a hung node owes it never comes.
constexpr Duration kAskMax = 24 * kHour;
// A person's time stands still: what is never answered lets no more of it pass than this.
constexpr Duration kAttendedAskMax = 10 * kSecond;

constexpr std::string_view kJson = "application/json";

std::int64_t StatusOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kUnavailable: return 501;
    default: return 400;
  }
}

// grpc: codes/codes.go, of the statuses that are refused with.
int GrpcCodeOf(std::int64_t status) {
  switch (status) {
    case 404: return 5;
    case 501: return 12;
    default: return 3;
  }
}

}  // namespace

void Session::ApplyHttp(HttpArrival arrival) {
  const ConnectionId connection = arrival.connection;
  const Port* at = FindPort(arrival.host, arrival.port);
  CHECK(at != nullptr);
  if (!at->pd || !IsGatewayPath(arrival.target)) {
    hands_.Ask(port::HttpGet{at->host, arrival.port, std::move(arrival.target),
                             std::move(arrival.method), std::move(arrival.body)},
               options_.attended == nullptr ? kAskMax : kAttendedAskMax,
               [this, connection](const port::Answer& answer) { Answer(connection, answer); });
    return;
  }
  const auto refuse = [&](std::int64_t status, const std::string& why) {
    front_.Reply(connection,
                 {status, kJson,
                  fmt::format("{{\"error\":{},\"code\":{}}}", JsonQuote(why), GrpcCodeOf(status))});
    stirred_ = true;
  };
  if (arrival.method != "POST") return refuse(405, "Method Not Allowed");
  if (IsGatewayWrite(arrival.target)) {
    const Result<port::RunHook> hook = ReadGatewayWrite(arrival.target, arrival.body, at->version);
    if (!hook.has_value()) return refuse(StatusOf(hook.error()), hook.error().message);
    return hands_.Perform(*hook, [this, connection](port::Answer answer) {
      answer.content_type = kJson;
      Answer(connection, answer);
    });
  }
  const Result<RegistryRead> read = ReadGatewayRequest(arrival.target, arrival.body, at->version);
  if (!read.has_value()) return refuse(StatusOf(read.error()), read.error().message);
  hands_.Ask(port::ListRegistry{read->root}, kAskMax,
             [this, connection, read = *read](const port::Answer& came) {
               port::Answer answer = came;
               answer.content_type = kJson;
               if (answer.ok()) {
                 const Result<std::string> body = GatewayAnswer(read, answer.body);
                 CHECK(body.has_value());
                 answer.body = *body;
               }
               Answer(connection, answer);
             });
}

void Session::Answer(ConnectionId connection, const port::Answer& answer) {
  switch (answer.code) {
    case AnswerCode::kOk:
    case AnswerCode::kHttpStatus:
      front_.Reply(connection,
                   {answer.status == 0 ? 200 : answer.status, answer.content_type, answer.body});
      break;
    case AnswerCode::kTimedOut: return;  // it stays as silent as it was
    default: front_.Drop(connection); break;
  }
  stirred_ = true;
}

// The lab's folder has another name in each run.

}  // namespace tidegate::lab
