// Where clients meet the lab's real databases. What they send waits its turn as every other input
// from outside; a statement that others could notice is put to the world first, as a question or an
// action of the engine's port, so that it takes time, fails with its node and is in the trace. Then
// the database runs it, and what became of the rows and checkpoints that the world knows is told to
// the world by value: from the trace alone a run can be made again without the database.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/downstream/database_sink.h"
#include "lab/downstream/sql_front.h"
#include "lab/hosts/addresses.h"
#include "lab/shell/translate.h"
#include "sim/world.h"

namespace tidegate::lab {

class SqlDesk {
 public:
  /// `patient`: clients of a sink that hangs wait until it goes on. REQUIRES: `plan` and `hands`
  /// outlive it.
  SqlDesk(const sim::RunPlan& plan, Hands& hands,
          std::vector<std::unique_ptr<DatabaseSink>> databases, bool patient);

  /// REQUIRES: called before the world runs; `world` outlives what is called here.
  void Watch(sim::World* world) { world_ = world; }
  bool Serves(const std::string& address, std::int64_t port) const;
  SqlFront& front() { return front_; }

  void Saw(const trace::Event& event);
  /// True when there was something to do.
  bool Poll();
  void Apply(const SqlArrival& arrival);
  /// Only looks: nothing that was written on hosts has a part in it.
  static bool OnlyLooks(const SqlArrival& arrival);
  /// Has the world been told of changes that it has not made yet? No time passes until then, and
  /// nothing else may be applied.
  bool Owes() const { return owed_ > 0; }
  /// The clients are gone: what they left behind is told to the world.
  void End();
  /// When the run is over, and End was called: are the databases what the simulation is? Errors:
  /// kIo, naming what is not.
  Status Compare();

  /// What went wrong with a database itself; empty: nothing.
  const std::string& trouble() const { return trouble_; }

 private:
  DatabaseSink* Find(const std::string& address, std::int64_t port) const;
  const sim::Downstream& SinkOf(const DatabaseSink& database) const;
  void Run(DatabaseSink* database, const SqlArrival& arrival);
  void Ask(DatabaseSink* database, const SqlArrival& arrival, const std::string& statement);
  void Perform(DatabaseSink* database, const SqlArrival& arrival, const std::string& statement);
  bool WaitsStill(const SqlArrival& arrival) const;
  void AwaitAnswer(DatabaseSink* database, const SqlArrival& arrival, const std::string& statement);
  void TellChanges(DatabaseSink* database);
  void Note(const Error& error);

  const sim::RunPlan& plan_;
  Addresses addresses_;
  Hands& hands_;
  std::vector<std::unique_ptr<DatabaseSink>> databases_;
  bool patient_;
  SqlFront front_;
  sim::World* world_ = nullptr;
  int owed_ = 0;
  bool stirred_ = false;
  bool ended_ = false;
  std::string trouble_;
};

}  // namespace tidegate::lab
