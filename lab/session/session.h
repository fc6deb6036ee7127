// The engine of a rehearsal in the lab: a program of somebody's, behind real sockets. The session
// blocks in the world's callbacks while outside processes run, so virtual time stands still
// meanwhile; the kernel knows nothing of it.
//
// What comes from outside (an HTTP request, a command on a host) waits in a queue until the pace
// says that nothing more comes at this time; then the least of it is put to the world as an action
// or a query of the engine's port, so that it is recorded and judged as any engine's. Its answer
// takes the world's own time, and goes to the socket that waits for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/front/http_front.h"
#include "lab/hosts/tree.h"
#include "lab/session/attended.h"
#include "lab/session/control_socket.h"
#include "lab/session/crashes.h"
#include "lab/session/hooks.h"
#include "lab/session/host_logs.h"
#include "lab/session/pace.h"
#include "lab/session/sql_desk.h"
#include "lab/session/world_hands.h"
#include "sim/attach.h"
#include "sim/run_plan.h"
#include "sim/world.h"
#include "trace/recorder.h"

namespace tidegate::lab {

struct SessionOptions {
  std::string name;  ///< the engine, as the trace calls it
  Program program;
  /// What is started after a crash of the scenario's, when its time has passed; nothing: a crash is
  /// the end.
  std::optional<Program> program_again;
  Duration again_after = 20 * kSecond;
  std::string journal_path;  ///< of the engine's journal, a record a line; "": nobody knows it
  std::string control_path;  ///< of the socket for the hosts' programs
  std::vector<HookCommand> hooks;
  std::vector<std::unique_ptr<DatabaseSink>> databases;  ///< sinks that are real ones
  /// A lab that is kept for people: then `program` only lets them in. Outlives the session.
  Attended* attended = nullptr;
};

class Session final : public sim::AttachedEngine, public trace::Listener {
 public:
  /// REQUIRES: `plan` and `trees` outlive the session. Errors: kIo.
  static Result<std::unique_ptr<Session>> Make(SessionOptions options, const sim::RunPlan& plan,
                                               Trees* trees, std::unique_ptr<Pace> pace);

  /// REQUIRES: called before the world runs; `world` outlives the session's last callback.
  void Watch(sim::World* world);

  void Start(sim::EngineLink* link) override;
  void OnInput(const engine::port::Input& input) override;
  void Crash(trace::CrashPoint point) override;
  bool finished() const override { return finished_; }

  void OnEvent(const trace::Event& event, std::uint64_t index) override;

  /// What went wrong with the lab itself (a port that is taken); empty: nothing.
  const std::string& trouble() const { return trouble_; }
  /// What would have left the lab, and was not done.
  const std::vector<std::string>& refused() const { return hands_.refused(); }
  /// When the world has run: are real databases what the simulation is? Errors: kIo.
  Status CompareDatabases();

 private:
  /// A port of the plan's nodes.
  struct Port {
    std::string host;
    std::string address;  ///< of it, in the lab's network
    std::int64_t number = 0;
    HttpFront::Talk talk = HttpFront::Talk::kSilent;
    bool pd = false;
    std::string version;  ///< of its first process
  };
  /// Something that came from outside and waits for its turn.
  struct Waiting {
    std::string endpoint;
    std::string bytes;
    ConnectionId connection = 0;  ///< of an HTTP request; else `pid` or `peer_port` is known
    int pid = 0;
    std::uint16_t peer_port = 0;  ///< of a connection to a database
    bool only_looks = false;      ///< changes nothing, and no file of a host has a part in it
    std::function<void()> apply;
  };

  Session(SessionOptions options, const sim::RunPlan& plan, Trees* trees,
          std::unique_ptr<Pace> pace, std::unique_ptr<ControlSocket> control);

  void Settle();
  void WakeAt(Time at);
  bool Pump();
  bool Die(const Crashes::Crash& crash);
  void BeginAgain();
  bool Rest(bool worked);
  std::optional<int> Ended();
  std::optional<Time> NextWake();
  void SyncPorts();
  bool IsOpen(const Port& port) const;
  Status Open(const Port& port);
  void Queue(HttpArrival arrival);
  void Queue(ControlCall call);
  void Queue(SqlArrival arrival);
  void QueueDeath(CallId id);
  void AnswerAttended(CallId id, const Reply& reply);
  void ApplyLeast();
  void ApplyAll();
  std::uint64_t LineageOf(const Waiting& waiting);
  void ApplyHttp(HttpArrival arrival);
  void ApplyCall(CallId id, const Request& request);
  void SyncTrees();
  void Answer(ConnectionId connection, const engine::port::Answer& answer);
  void Finish(int status);
  const Port* FindPort(const std::string& address, std::int64_t number) const;
  std::string LastWords() const;

  SessionOptions options_;
  std::unique_ptr<Pace> pace_;
  std::unique_ptr<ControlSocket> control_;
  HttpFront front_;
  Trees* trees_;
  WorldHands hands_;
  Translator translator_;
  HostLogs logs_;
  Crashes crashes_;
  std::unique_ptr<SqlDesk> sql_;     // null: no sink is a real database
  std::map<CallId, Request> calls_;  // whose reply is to come
  std::vector<Port> ports_;
  std::vector<Waiting> waiting_;
  sim::World* world_ = nullptr;
  sim::EngineLink* link_ = nullptr;
  std::optional<Time> wake_at_;  // the next wake-up that was asked for
  bool stirred_ = true;          // something was done that a process may notice
  std::uint32_t incarnation_ = 1;
  std::optional<Time> back_at_;  // the engine is dead until then
  int rests_ = 0;                // looks without any work, one after another, of an attended lab
  Time logged_at_ = 0;           // when it was last seen that a process had written to its log
  bool finished_ = false;
  std::string trouble_;
};

}  // namespace tidegate::lab
