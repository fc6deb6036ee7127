// One request on its way: steps that are taken one after another, each when the answer to the one
// before has come, and the reply that they build. Private to translate*.cc.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lab/hosts/world_pids.h"
#include "lab/shell/translate.h"

namespace tidegate::lab {

class Errand : public std::enable_shared_from_this<Errand> {
 public:
  using Self = std::shared_ptr<Errand>;
  /// Calls Next or End of the errand once, now or later.
  using Step = std::function<void(const Self&)>;

  Errand(const sim::RunPlan& all, Trees& files, Hands& world, Standing& lasting, Request asked,
         Translator::Done end)
      : plan(all),
        trees(files),
        hands(world),
        standing(lasting),
        request(std::move(asked)),
        done_(std::move(end)) {}

  void Then(Step step) { steps_.push_back(std::move(step)); }

  /// Takes the next step; the reply goes out when there is none left.
  void Next() {
    if (steps_.empty()) {
      End();
      return;
    }
    const Step step = std::move(steps_.front());
    steps_.pop_front();
    step(shared_from_this());
  }

  /// Sends the reply as it is; the steps that are left are not taken.
  void End() {
    steps_.clear();
    if (const Translator::Done done = std::exchange(done_, nullptr)) done(reply);
  }
  /// A signal to the process of `node` itself, past its supervisor. `then` hears whether there was
  /// one.
  void Signal(NodeId node, int signal, std::function<void(bool)> then) {
    const trace::NodeInfo& info = plan.nodes[node].info;
    const bool supervised = !standing.by_hand.contains(node);
    hands.Perform(
        engine::port::StopProcess{info.host, info.unit, signal, supervised},
        [then = std::move(then)](const engine::port::Answer& answer) { then(answer.ok()); });
  }
  void Fail(int status, std::string message) {
    reply.exit = status;
    reply.errors += std::move(message);
    End();
  }

  const sim::RunPlan& plan;
  Trees& trees;
  Hands& hands;
  Standing& standing;
  const Request request;
  Reply reply;

 private:
  std::deque<Step> steps_;
  Translator::Done done_;
};

/// Each fills the steps of a request of its program.
void TranslateSystemctl(const Errand::Self& errand);
void TranslateSvc(const Errand::Self& errand);  // svc, svstat, svok
void TranslateSupervise(const Errand::Self& errand);
void TranslateSignals(const Errand::Self& errand);  // pkill, killall, pgrep, kill, ps
void TranslateJournalctl(const Errand::Self& errand);
void TranslateMysql(const Errand::Self& errand);
void TranslateBinlogctl(const Errand::Self& errand);
void TranslateVisit(const Errand::Self& errand);  // ssh, scp, rsync
void TranslateStub(const Errand::Self& errand);   // pump, drainer, tidb-server
void TranslateStubSignal(const Errand::Self& errand);

/// Adds the steps by which the world learns what a process of `node` that is started by `text` (a
/// command line, or a script) will read: its configuration, its script's flags, its savepoint.
/// `folder`: where it is started.
void AddWhatItReads(const Errand::Self& errand, NodeId node, const std::string& text,
                    const std::string& folder);

/// The node for which a stub runs; kNoNode where the cluster has none there.
NodeId NodeOfStub(const sim::RunPlan& plan, const Request& request);

/// Is somebody looking after the folder of `node`?
bool HasSupervise(const Errand& errand, NodeId node);
/// A signal that ends the supervise of a folder, and not what it looks after.
void EndSupervise(const Errand& errand, NodeId node);

/// The process of a supervise has died. What it looked after goes on.
void SuperviseDied(const sim::RunPlan& plan, Standing* standing, const Request& request);

/// What svstat prints of `folder`, from what the world says of that unit.
std::string SvstatLine(const std::string& world, const std::string& folder, bool supervised,
                       std::int64_t pid);

/// The state that a ShowUnit answer tells of, in systemd's words; svstat's are read, too.
std::string StateIn(const std::string& body);
/// Is there a process?
bool Runs(const engine::port::Answer& answer);

/// The value of `NAME=` in the lines of a ShowUnit answer; "" when it isn't there.
std::string PropertyIn(const std::string& body, const std::string& name);

inline constexpr Duration kAskTimeout = 30 * kSecond;

}  // namespace tidegate::lab
