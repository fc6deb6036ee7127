// From what a program of the lab was asked to do to actions and queries of the engine's port, and
// from their answers to what the real program would print and end with. No sockets, no processes:
// the session puts the actions to the world and sends the reply.
//
// The order in which things happen is the real programs' own: `systemctl stop a b` stops a, then b;
// a mysql client ends at the first statement that fails; svc and pkill do not wait.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "engine/port/port.h"
#include "lab/hosts/tree.h"
#include "lab/shell/wire.h"
#include "sim/run_plan.h"

namespace tidegate::lab {

using OnAnswer = std::function<void(const engine::port::Answer&)>;

/// What the translation needs of whoever owns the world. Answers may come at once or later.
class Hands {
 public:
  virtual ~Hands() = default;
  virtual void Perform(const engine::port::Action& action, OnAnswer on_answer) = 0;
  virtual void Ask(const engine::port::Query& query, Duration timeout, OnAnswer on_answer) = 0;
  /// Calls `then` once, with the process's exit status, when `node` has gone down.
  virtual void WhenDown(NodeId node, std::function<void(int status)> then) = 0;
  virtual Time now() const = 0;
  /// Something that would have left the lab was not done: a sentence for the report.
  virtual void Refused(const std::string& host, const std::string& what) = 0;
};

/// What lasts longer than one request.
struct Standing {
  std::set<NodeId> by_hand;  ///< nodes that run as somebody's process, not as a unit
  /// What somebody last started a node by: a command line, or a unit's command and its script.
  struct Started {
    std::string text;
    std::string folder;  ///< where it is run
    bool by_hand = false;
  };
  std::map<NodeId, Started> started;
  /// A file that the world was told to have other content than the tree has there.
  struct Told {
    std::string content;
    std::string in_tree;  ///< at that time; once it differs, the world has been told that
  };
  std::map<std::pair<std::string, std::string>, Told> told;  ///< by host and path
  std::map<NodeId, std::string> data_dirs;                   ///< where they aren't the plan's
  /// How to end the supervise of a node's folder; null: there is none. One that nobody has started
  /// or ended here is there if its part was installed.
  std::map<NodeId, std::function<void()>> supervises;
  std::set<NodeId> wanted_down;  ///< by `svc -d`
};

class Translator {
 public:
  using Done = std::function<void(const Reply&)>;

  /// REQUIRES: all outlive the object and what it began.
  Translator(const sim::RunPlan& plan, Trees& trees, Hands& hands)
      : plan_(plan), trees_(trees), hands_(hands) {}

  /// `done` is called once, perhaps before this returns. Whoever applies the request tells the
  /// world what changed in the trees first.
  void Translate(const Request& request, Done done);
  /// The program behind a request has died without waiting for its reply: a stub that was killed
  /// takes its node along.
  void CallerDied(const Request& request);

  /// Null: nobody has started it since the lab began.
  const Standing::Started* StartedBy(NodeId node) const {
    const auto found = standing_.started.find(node);
    return found == standing_.started.end() ? nullptr : &found->second;
  }

 private:
  const sim::RunPlan& plan_;
  Trees& trees_;
  Hands& hands_;
  Standing standing_;
};

}  // namespace tidegate::lab
