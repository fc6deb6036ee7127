#include "lab/downstream/database_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tidegate::lab {
namespace {

constexpr std::size_t kAnswerMax = 256U << 20U;
constexpr std::size_t kExecuteHead = 10;  // command, statement (4), flags (1), count (4)

// mariadb.com/kb: "MariaDB Error Codes".
constexpr std::uint16_t kUnknownCommand = 1047;
constexpr std::uint16_t kAccessDenied = 1227;
constexpr std::uint16_t kBadHandshake = 1043;
constexpr std::uint16_t kTooLarge = 1153;
constexpr std::uint16_t kServerGone = 2013;

bool Is(const SqlArrival& arrival, SqlCommand command) {
  return !arrival.payload.empty() &&
         static_cast<std::uint8_t>(arrival.payload[0]) == static_cast<std::uint8_t>(command);
}

std::uint32_t NumberAt(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 4; i > 0; --i) {
    const std::size_t place = at + i - 1;
    out = out << 8U | (place < bytes.size() ? static_cast<std::uint8_t>(bytes[place]) : 0U);
  }
  return out;
}

DatabaseSink::Outcome Refusal(const SqlArrival& arrival, std::uint16_t number,
                              std::string_view state, std::string_view why) {
  return {MakeError(static_cast<std::uint8_t>(arrival.sequence + 1), number, state, why)};
}

}  // namespace

Result<std::unique_ptr<DatabaseSink>> DatabaseSink::Start(const sim::RunPlan& plan, NodeId node,
                                                          const std::string& folder,
                                                          const std::string& lab) {
  TRY_ASSIGN(std::unique_ptr<MariadbServer> server, MariadbServer::Start(folder, lab));
  return {std::unique_ptr<DatabaseSink>(new DatabaseSink(plan, node, std::move(server)))};
}

DatabaseSink::DatabaseSink(const sim::RunPlan& plan, NodeId node,
                           std::unique_ptr<MariadbServer> server)
    : plan_(plan),
      node_(node),
      server_(std::move(server)),
      mirror_(plan, node, server_->socket_path()) {}

std::string DatabaseSink::endpoint() const {
  const sim::NodePlan& node = plan_.nodes[node_];
  return node.etcd_id.empty() ? node.info.name : node.etcd_id;
}

// The text of a statement that is about to be run; of a prepared one with its parameters' bytes.
std::string DatabaseSink::TextOf(const Client& client, const SqlArrival& arrival) {
  if (Is(arrival, SqlCommand::kQuery)) return arrival.payload.substr(1);
  if (!Is(arrival, SqlCommand::kExecute)) return "";
  const auto found = client.prepared.find(NumberAt(arrival.payload, 1));
  if (found == client.prepared.end()) return "";
  std::string bytes = arrival.payload.substr(std::min(kExecuteHead, arrival.payload.size()));
  if (const auto sent = client.long_data.find(found->first); sent != client.long_data.end()) {
    bytes += sent->second;
  }
  std::string text = found->second;
  if (!bytes.empty()) text += " -- parameters 0x";
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
  return text;
}

std::string DatabaseSink::StatementIn(const SqlArrival& arrival, StatementKind* kind) const {
  *kind = StatementKind::kOfSession;
  const auto found = clients_.find(arrival.connection);
  if (found == clients_.end() || !found->second.logged_in) return "";
  std::string text = TextOf(found->second, arrival);
  *kind = KindOf(text);
  const bool told = *kind == StatementKind::kReads || *kind == StatementKind::kWrites;
  return told ? text : "";
}

DatabaseSink::Outcome DatabaseSink::Do(const SqlArrival& arrival, std::int64_t unix_ns) {
  const auto found = clients_.find(arrival.connection);
  if (!arrival.connects && found == clients_.end()) return {"", true};
  Result<Outcome> outcome = arrival.connects           ? Connect(arrival.connection)
                            : !found->second.logged_in ? LogIn(&found->second, arrival)
                                                       : Command(&found->second, arrival, unix_ns);
  if (!outcome.has_value()) {
    // A statement that the server never ended may have done something.
    Outcome gone = Refusal(arrival, kServerGone, "HY000", outcome.error().message);
    gone.ends = gone.may_change = true;
    outcome = std::move(gone);
  }
  if (outcome->ends) Forget(arrival.connection);
  return *std::move(outcome);
}

Result<DatabaseSink::Outcome> DatabaseSink::Connect(ConnectionId connection) {
  TRY_ASSIGN(ServerLink link, ServerLink::Connect(server_->socket_path()));
  TRY_ASSIGN(std::string greeting, link.Receive());
  clients_.erase(connection);
  clients_.emplace(connection, Client(std::move(link)));
  return Outcome{Plainer(std::move(greeting))};
}

// A login, or what a plugin of the server's asks for.
Result<DatabaseSink::Outcome> DatabaseSink::LogIn(Client* client, const SqlArrival& arrival) {
  std::string packet = MakePacket(arrival.sequence, arrival.payload);
  if (arrival.sequence == 1) {
    std::optional<std::string> plainer = PlainerLogin(std::move(packet));
    if (!plainer.has_value()) {
      Outcome refused = Refusal(arrival, kBadHandshake, "08S01", "Bad handshake");
      refused.ends = true;
      return refused;
    }
    packet = *std::move(plainer);
  }
  TRY(client->link.Send(packet));
  TRY_ASSIGN(std::string answer, client->link.Receive());
  const std::uint8_t kind = PacketKind(answer);
  client->logged_in = kind == kOkPacket;
  return Outcome{std::move(answer), kind == kErrorPacket};
}

// NOW() is the cluster's time. Statements that look back at the one before have nothing in between.
Status DatabaseSink::TellTime(Client* client, std::int64_t unix_ns) {
  if (client->told_ns == unix_ns) return {};
  client->told_ns = unix_ns;
  const Result<std::vector<ServerLink::Row>> set = client->link.Query(
      fmt::format("SET timestamp = {}.{:06}", unix_ns / kSecond, unix_ns % kSecond / kMicrosecond));
  const bool lost = !set.has_value() && set.error().code != ErrorCode::kBadInput;
  return lost ? Status(set.error()) : Status();
}

Result<DatabaseSink::Outcome> DatabaseSink::Command(Client* client, const SqlArrival& arrival,
                                                    std::int64_t unix_ns) {
  const auto number =
      arrival.payload.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(arrival.payload[0]);
  if (!IsServed(number)) {
    return Refusal(
        arrival, kUnknownCommand, "08S01",
        fmt::format("the lab's database takes no command {:#04x} of the protocol", number));
  }
  const auto command = static_cast<SqlCommand>(number);
  const std::string text = TextOf(*client, arrival);
  const StatementKind kind = KindOf(text);
  if (kind == StatementKind::kForbidden) {
    return Refusal(arrival, kAccessDenied, "42000",
                   "Access denied; the lab ends its database itself");
  }
  if (!text.empty() && !AsksForLast(text)) TRY(TellTime(client, unix_ns));
  TRY(client->link.Send(MakeCommand(arrival.payload)));
  if (command == SqlCommand::kResetConnection) client->told_ns = 0;
  const std::uint32_t statement = NumberAt(arrival.payload, 1);
  if (command == SqlCommand::kCloseStatement) client->prepared.erase(statement);
  if (command == SqlCommand::kSendLongData) {
    client->long_data[statement] += arrival.payload.substr(std::min<std::size_t>(
        kExecuteHead - 3, arrival.payload.size()));  // command, statement (4), parameter (2)
  } else if (command != SqlCommand::kPrepare) {
    client->long_data.erase(statement);
  }
  if (HasNoAnswer(command)) {
    return Outcome{"", command == SqlCommand::kQuit};
  }
  Outcome outcome;
  AnswerReader reader(command);
  for (bool last = false; !last;) {
    TRY_ASSIGN(const std::string packet, client->link.Receive());
    last = reader.Take(std::string_view(packet).substr(kPacketHead));
    if (command == SqlCommand::kPrepare && outcome.bytes.empty() && reader.error() == 0) {
      client->prepared[NumberAt(packet, kPacketHead + 1)] = arrival.payload.substr(1);
    }
    outcome.bytes += packet;
    if (outcome.bytes.size() <= kAnswerMax) continue;
    Outcome refused = Refusal(arrival, kTooLarge, "08S01", "the answer is larger than 256 MB");
    refused.ends = true;
    return refused;
  }
  client->has_written |= kind == StatementKind::kWrites;
  outcome.may_change = client->has_written;
  if (!reader.in_transaction()) client->has_written = false;
  return outcome;
}

}  // namespace tidegate::lab
