// A sink that is a real database: its server, the mirror that keeps it what the simulation has, and
// the connections of clients to it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lab/downstream/mariadb_server.h"
#include "lab/downstream/mirror.h"
#include "lab/downstream/sql_front.h"
#include "lab/downstream/statement_kind.h"
#include "sim/run_plan.h"

namespace tidegate::lab {

class DatabaseSink {
 public:
  /// What becomes of something that a client sent.
  struct Outcome {
    std::string bytes;        ///< for the client
    bool ends = false;        ///< the connection
    bool may_change = false;  ///< rows may be others than before
  };

  /// Starts its server in `folder`, for the lab in the folder `lab`. Errors: as the server's.
  static Result<std::unique_ptr<DatabaseSink>> Start(const sim::RunPlan& plan, NodeId node,
                                                     const std::string& folder,
                                                     const std::string& lab);

  NodeId node() const { return node_; }
  const std::string& host() const { return plan_.nodes[node_].info.host; }
  std::int64_t port() const { return plan_.nodes[node_].info.port; }
  /// As the engine's port calls it.
  std::string endpoint() const;
  Mirror& mirror() { return mirror_; }

  /// Is it a statement, and which one? "": what the world need not hear of.
  std::string StatementIn(const SqlArrival& arrival, StatementKind* kind) const;
  /// Has the server do it, and waits for that. `unix_ns`: what its clock shows.
  Outcome Do(const SqlArrival& arrival, std::int64_t unix_ns);
  void Forget(ConnectionId connection) { clients_.erase(connection); }
  void ForgetAll() { clients_.clear(); }

 private:
  struct Client {
    explicit Client(ServerLink to_server) : link(std::move(to_server)) {}
    ServerLink link;
    bool logged_in = false;
    bool has_written = false;                        ///< in the transaction that is open
    std::int64_t told_ns = 0;                        ///< what its clock was set to
    std::map<std::uint32_t, std::string> prepared;   ///< statements by their numbers
    std::map<std::uint32_t, std::string> long_data;  ///< of their parameters, sent before
  };

  DatabaseSink(const sim::RunPlan& plan, NodeId node, std::unique_ptr<MariadbServer> server);
  Result<Outcome> Connect(ConnectionId connection);
  Result<Outcome> LogIn(Client* client, const SqlArrival& arrival);
  Result<Outcome> Command(Client* client, const SqlArrival& arrival, std::int64_t unix_ns);
  static std::string TextOf(const Client& client, const SqlArrival& arrival);
  static Status TellTime(Client* client, std::int64_t unix_ns);

  const sim::RunPlan& plan_;
  NodeId node_;
  std::unique_ptr<MariadbServer> server_;
  Mirror mirror_;
  std::map<ConnectionId, Client> clients_;
};

}  // namespace tidegate::lab
