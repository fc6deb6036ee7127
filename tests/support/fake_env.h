// A host for the executor with settable time and scripted answers, and behind it the smallest
// cluster that an upgrade can be carried out on: units, files and binaries in maps, one PD clock,
// an old Drainer that is always a few seconds behind. Tests bend it through `intercept` and
// `fail_operation`, crash the executor at any output, and read what was performed and told.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/tso.h"
#include "engine/cluster.h"
#include "engine/executor.h"
#include "engine/port/port.h"

namespace tidegate::engine {

struct FakeClusterOptions {
  int tidbs = 1;
  int old_pumps = 1;
  int new_pumps = 1;
  int drainers = 1;
  std::string sink_type = "mysql";
  std::string era = "kafka";
};
/// A cluster that preflight has nothing against.
Cluster MakeCluster(const FakeClusterOptions& options = {});

/// Where a run is cut off.
struct Crash {
  enum class When { kBeforePersist, kAfterPersist, kAfterAction };
  std::uint64_t output = 0;  ///< the n-th output counted over the run, from 0
  When when = When::kBeforePersist;
};

class FakeEnv {
 public:
  explicit FakeEnv(Cluster cluster);

  /// Feeds the engine until it is finished, it asks a question that `say` does not answer, or
  /// `limit` of virtual time passed. False: not finished.
  bool Run(Engine* engine, Duration limit = 6 * kHour);
  /// The same with a crash: returns true when the crash happened.
  bool RunUntilCrash(Engine* engine, const Crash& crash);

  Tso TsoNow() const;
  std::string Told(port::Tell::Kind kind) const;  ///< texts, one a line
  std::vector<std::string> Performed() const { return performed_; }

  Cluster cluster;
  Time now = 0;
  std::vector<port::JournalRecord> journal;
  std::vector<port::Tell> tells;
  std::uint64_t outputs = 0;
  std::uint64_t operations = 0;
  std::vector<port::Input>* record = nullptr;  ///< gets every input, for benchmarks

  /// The operator; nullopt: no answer.
  std::function<std::optional<std::string>(const port::Tell&)> say;
  /// Answers instead of the cluster; nullopt: the cluster answers.
  std::function<std::optional<port::Answer>(const port::Query&)> intercept;
  /// Called with each action before it takes effect.
  std::function<void(const port::Action&)> perform_hook;
  bool crash_now = false;  ///< set by a hook: crash behind the action that is being performed
  /// One more input, delivered next.
  void Inject(port::Input input) { Push(now, std::move(input)); }
  /// The operation (action or query) with this number fails; none when absent.
  std::optional<std::uint64_t> fail_operation;
  /// Actions that fail, by their description's first words.
  std::string fail_action;

  // -- the cluster's state
  bool attached = true;
  bool marker = false;
  Tso checkpoint = 0;
  std::map<std::string, bool> active;  ///< "host unit"
  std::map<std::string, bool> enabled;
  std::map<std::string, std::string> files;  ///< "host path"
  std::map<std::string, std::string> binaries;
  std::map<std::string, std::string> backups;
  /// Which answers `/status` of an old Drainer is built from.
  bool synced = false;
  Duration lower_behind = 2850 * kMillisecond;
  std::string extra_registry;  ///< more "key\nvalue\n" lines

 private:
  struct Event {
    Time at;
    std::uint64_t order;
    port::Input input;
  };

  bool Drive(Engine* engine, Duration limit, const Crash* crash);
  bool Take(std::vector<port::Output>* taken, const Crash* crash);
  void Push(Time at, port::Input input);
  port::Answer Perform(const port::Action& action);
  port::Answer Look(const port::Query& query);
  port::Answer Get(const port::HttpGet& get);
  port::Answer Registry();
  bool PortOpen(const std::string& host, std::int64_t port);

  std::vector<Event> events_;
  std::uint64_t order_ = 0;
  std::vector<std::string> performed_;
};

std::string Base64(std::string_view bytes);

}  // namespace tidegate::engine
