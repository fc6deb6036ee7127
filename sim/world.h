// The world of one run: kernel, pools, and the nodes, built from a RunPlan. It owns everything and
// decides nothing: behaviour is in the nodes (world/). Nodes reach what they may reach through
// here: time, messages, PD and TiKV calls (answered by those nodes, refused when the link is cut),
// events.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/attach.h"
#include "sim/kernel.h"
#include "sim/messages.h"
#include "sim/run_plan.h"
#include "trace/recorder.h"

namespace tidegate::sim {

class NodeLog;
class World;

/// A node: a process slot that may be up or down. Subclasses are in world/, one file per kind.
class Node : public Process {
 public:
  Node(World& world, NodeId id) : world_(world), id_(id) {}

  NodeId id() const { return id_; }

  /// The process begins, with the version and configuration that are installed now. It is up in the
  /// kernel. An implementation that cannot start calls Hosts::Exited.
  virtual void OnStart() = 0;
  /// SIGTERM. The implementation ends what it must and calls Hosts::Exited.
  virtual void OnStopSignal() = 0;
  /// SIGKILL: memory is gone, what was on disk stays. The kernel entry is down already.
  virtual void OnKilled() = 0;
  /// Up, and its port open. A Pump that registers first is up some time without.
  virtual bool Listening() const { return true; }
  /// HTTP on the node's port; called only while it is up and listening.
  virtual HttpResponse OnHttp(const HttpRequest& request);
  /// MySQL protocol: a statement, answered as engine/port says for QuerySql and RunSql.
  virtual engine::port::Answer OnSql(std::string_view statement);
  /// What it has logged since its first start; null when this kind of node keeps no log.
  virtual const NodeLog* Log() const { return nullptr; }
  /// The same as a file; empty where there is none.
  std::string ReadLog() const;
  /// Work that is not finished: keeps the last phase of a run going. For ending runs only.
  virtual bool Pending() const { return false; }
  /// A fault that concerns this node alone; false when this kind of node has no such fault.
  virtual bool OnFault(const FaultPlan& fault, bool heal);

  void OnTimer(What, std::uint64_t, std::uint32_t) override {}
  void OnMessage(const Envelope&) override {}
  void OnSendFailed(const Envelope&, SendFailure) override {}

 protected:
  World& world() { return world_; }
  const World& world() const { return world_; }
  const NodePlan& plan() const;

  World& world_;
  NodeId id_;
};

class Pd;
class Tikv;
class Hosts;
class Control;
class Faults;
class Service;

class World final : public EngineLink {
 public:
  /// REQUIRES: `plan` and `recorder` outlive the world; `engine` too, or is null (no engine).
  World(const RunPlan& plan, trace::Recorder* recorder, AttachedEngine* engine);
  ~World() override;

  /// Runs until the end of the last phase or a limit; records kRunEnded last.
  void Run() { RunUntil(kTimeMax); }
  /// The same, but halts once everything up to and with `halt` has happened, unless the run ends
  /// before: then it gives true. Call one of them, once.
  bool RunUntil(Time halt);
  /// Before Run: `look` is called between two events whenever `every` has passed, behind the first
  /// step of the kernel that is no aside; 0: between any two, asides too. It may read HTTP of nodes
  /// as somebody with curl does, or be the engine, and must change nothing else.
  void LookEach(Duration every, std::function<void(World&)> look);

  // ---- for nodes
  Kernel& kernel() { return kernel_; }
  const Kernel& kernel() const { return kernel_; }
  Time now() const override { return kernel_.now(); }
  Duration host_clock_ahead() const override;
  const RunPlan& plan() const { return plan_; }
  const NodePlan& node_plan(NodeId id) const { return plan_.nodes[id]; }
  Node& node(NodeId id) { return *nodes_[id]; }
  std::size_t node_count() const { return nodes_.size(); }
  Pd& pd() { return *pd_; }
  const Pd& pd() const { return *pd_; }
  Tikv& tikv() { return *tikv_; }
  Hosts& hosts() { return *hosts_; }
  Service& service() { return *service_; }
  Faults& faults() { return *faults_; }
  Control& control() { return *control_; }

  Pool<Batch>& batches() { return batches_; }
  Pool<JobBatch>& job_batches() { return job_batches_; }
  Pool<CheckpointWrite>& checkpoint_writes() { return checkpoint_writes_; }

  std::uint32_t AddBody(const TxnBody& body, const std::vector<RowChange>& rows);
  const TxnBody& body(std::uint32_t index) const { return bodies_[index]; }
  const RowChange* rows(const TxnBody& body) const { return rows_.data() + body.first_row; }

  /// Sends a message type-safely.
  void Send(NodeId from, NodeId to, Msg what, std::uint64_t a = 0, std::uint32_t b = 0,
            const SendOptions& options = {}) {
    kernel_.Send(from, to, static_cast<What>(what), a, b, options);
  }

  /// Records an event at the present time; faults that wait for such an event are armed by it.
  void Record(trace::Event event);
  trace::TextId Intern(std::string_view text) { return recorder_->Intern(text); }
  bool wants_inputs() const { return recorder_->wants_inputs(); }
  /// The same without the values of password keys: for files and answers.
  trace::TextId InternRedacted(std::string_view text);
  std::string_view TextOf(trace::TextId id) const;
  void Alert(NodeId node, std::string_view text);

  // ---- EngineLink
  void Perform(std::uint64_t id, const engine::port::Action& action) override;
  void Ask(std::uint64_t id, std::uint32_t incarnation, const engine::port::Query& query,
           Duration timeout) override;
  void WakeAt(Time at) override;
  void Post(const engine::port::Input& input) override;
  void Claim(trace::Event event, std::string_view text) override;
  AttachedEngine* engine() { return engine_; }

 private:
  void BuildNodes();
  bool OverLimit() const;
  void StepUntil(Time limit);
  bool Drain(Time halt, trace::RunEnd* end);
  bool Quiet(Tso barrier);
  void LookAfter(std::uint64_t steps_before);

  const RunPlan& plan_;
  trace::Recorder* recorder_;
  AttachedEngine* engine_;
  Kernel kernel_;
  std::function<void(World&)> look_;
  Duration look_every_ = 0;
  Time look_at_ = kTimeMax;
  Pool<Batch> batches_;
  Pool<JobBatch> job_batches_;
  Pool<CheckpointWrite> checkpoint_writes_;
  std::vector<TxnBody> bodies_;
  std::vector<RowChange> rows_;
  std::vector<std::unique_ptr<Node>> nodes_;
  Pd* pd_ = nullptr;
  Tikv* tikv_ = nullptr;
  Service* service_ = nullptr;
  std::unique_ptr<Hosts> hosts_;
  Control* control_ = nullptr;
  std::unique_ptr<Faults> faults_;
  std::vector<Tso> saved_;  ///< last saved checkpoint of each Drainer; for ending a run only
};

}  // namespace tidegate::sim
