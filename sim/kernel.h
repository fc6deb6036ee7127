// Virtual time and the network. The scheduler is a 4-ary heap of 16-byte keys behind a few sorted
// ones, the next to come: messages live for microseconds among timers of seconds. Time moves only
// by popping it; ties break by insertion, faults first. A message is delivered to a process only
// through the kernel, which knows who is up, who is hung and which links are cut; nodes know
// nothing of each other but what messages carry.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/draw.h"
#include "base/role.h"
#include "base/time.h"

namespace tidegate::sim {

/// What a timer or message is about; each node type numbers its timers, messages.h the messages.
using What = std::uint16_t;

struct Envelope {
  NodeId from = kNoNode;
  NodeId to = kNoNode;
  What what = 0;
  std::uint64_t a = 0;
  std::uint32_t b = 0;
};

enum class SendFailure : std::uint8_t {
  kRefused,  ///< the peer's process is down
  kTimedOut  ///< the link is cut; reported after the send's time-out
};

/// A process as the kernel sees it.
class Process {
 public:
  virtual ~Process() = default;
  virtual void OnTimer(What what, std::uint64_t a, std::uint32_t b) = 0;
  virtual void OnMessage(const Envelope& envelope) = 0;
  /// A message of this process with `report_failure` did not arrive.
  virtual void OnSendFailed(const Envelope& envelope, SendFailure failure) = 0;
};

struct SendOptions {
  bool report_failure = false;     ///< OnSendFailed tells the sender
  bool dies_with_sender = false;   ///< not delivered when the sender went down meanwhile
  Duration timeout = 5 * kSecond;  ///< until a cut link is reported
  Duration extra_delay = 0;        ///< on top of the link's latency
};

class Kernel {
 public:
  /// Latencies of links are drawn from [latency_min, latency_max] once per link.
  Kernel(std::uint64_t seed, std::size_t node_count, Duration latency_min, Duration latency_max);

  Time now() const { return now_; }
  /// How many entries were taken from the queue so far, but for those of AfterAside: where a run
  /// is, whoever looks on.
  std::uint64_t steps() const { return steps_; }

  /// REQUIRES: called once for each node before the first Step.
  void Attach(NodeId node, Process* process);

  // ---- processes
  bool IsUp(NodeId node) const { return nodes_[node].up; }
  bool IsHung(NodeId node) const { return nodes_[node].hung; }
  std::uint8_t incarnation(NodeId node) const { return nodes_[node].incarnation; }
  /// Up: timers and messages reach it. Down: its pending timers die.
  void SetUp(NodeId node);
  void SetDown(NodeId node);
  /// Hung (SIGSTOP, a blocked kernel call): nothing reaches it until it is resumed, then all at
  /// once.
  void SetHung(NodeId node, bool hung);

  // ---- links
  /// Cuts or mends both directions between two nodes. What was sent meanwhile is retransmitted when
  /// the link is mended, unless its sender asked for a report: then it has failed.
  void SetCut(NodeId one, NodeId other, bool cut);
  /// Cuts or mends one direction alone.
  void SetCutOneWay(NodeId from, NodeId to, bool cut);
  bool IsCut(NodeId from, NodeId to) const { return cut_[LinkIndex(from, to)] != 0; }
  /// A question, or its answer, does not arrive.
  bool IsCutEitherWay(NodeId one, NodeId other) const {
    return IsCut(one, other) || IsCut(other, one);
  }
  /// Messages between two nodes take `by` more, or less, from now on. REQUIRES: none takes less
  /// than nothing.
  void AddLatency(NodeId one, NodeId other, Duration by);
  Duration Latency(NodeId from, NodeId to) const { return latency_[LinkIndex(from, to)]; }
  /// Can a synchronous call (a TSO, a registry read) succeed now?
  bool CanCall(NodeId from, NodeId to) const {
    return nodes_[to].up && !nodes_[to].hung && !IsCutEitherWay(from, to);
  }

  // ---- scheduling
  /// A timer of `node`; it dies with the process's incarnation.
  void After(NodeId node, Duration delay, What what, std::uint64_t a = 0, std::uint32_t b = 0) {
    CHECK(delay >= 0);
    const NodeState& state = nodes_[node];
    Push({now_ + delay, NextSequence(), node, node, what, state.incarnation, kTimer, b, a});
  }
  /// A timer that lets somebody look and changes nothing by itself: it counts as no step.
  void AfterAside(NodeId node, Duration delay, What what) {
    CHECK(delay >= 0);
    Push({now_ + delay, NextSequence(), node, node, what, nodes_[node].incarnation, kTimer | kAside,
          0, 0});
  }
  /// A message; links keep the order of what is sent over them.
  void Send(NodeId from, NodeId to, What what, std::uint64_t a = 0, std::uint32_t b = 0,
            const SendOptions& options = {});
  /// A fault: fires before every other entry of its time. Handled by the fault handler.
  void ScheduleFault(Time at, std::uint64_t a);
  void SetFaultHandler(Process* handler) { fault_handler_ = handler; }

  /// Delivers the next entry. False when there is none up to `limit`; time then is `limit`.
  bool Step(Time limit);

 private:
  enum Flag : std::uint8_t {
    kTimer = 1,
    kReport = 2,
    kDiesWithSender = 4,
    kFailed = 8,
    kFault = 16,
    kAside = 32
  };

  struct Entry {
    Time time;
    std::uint32_t sequence;
    NodeId to;
    NodeId from;
    What what;
    std::uint8_t incarnation;
    std::uint8_t flags;
    std::uint32_t b;
    std::uint64_t a;
  };
  struct NodeState {
    Process* process = nullptr;
    bool up = false;
    bool hung = false;
    std::uint8_t incarnation = 0;
    std::vector<Entry> held;  // deliveries to a hung process
  };

  // Time, sequence and the entry's slot in one number, so that a comparison needs no branch: which
  // of two entries comes first is nothing that a processor can guess.
  __extension__ using Key = unsigned __int128;
  static Key KeyOf(const Entry& entry, std::uint32_t slot) {
    return (static_cast<Key>(static_cast<std::uint64_t>(entry.time)) << 64U) |
           (static_cast<std::uint64_t>(entry.sequence) << 32U) | slot;
  }
  static Time TimeOf(Key key) { return static_cast<Time>(static_cast<std::uint64_t>(key >> 64U)); }
  std::size_t LinkIndex(NodeId from, NodeId to) const {
    return static_cast<std::size_t>(from) * nodes_.size() + to;
  }
  // Faults use the lower half of the sequence numbers, so that they come first at their time.
  std::uint32_t NextSequence() {
    CHECK(next_sequence_ != UINT32_MAX);
    return next_sequence_++;
  }
  void Push(const Entry& entry);
  void PushHeap(Key key);
  void PopHeap();
  void Deliver(const Entry& entry);
  void Fail(const Entry& entry, SendFailure failure, Duration delay);
  void HoldOnLink(const Entry& entry);
  void ResendHeld();

  Time now_ = 0;
  std::uint64_t steps_ = 0;
  std::uint32_t next_sequence_ = 1U << 31U;
  std::uint32_t next_fault_sequence_ = 0;
  static constexpr std::size_t kFrontMax = 16;
  std::array<Key, kFrontMax> front_{};  // descending; all of it comes before all of heap_
  std::size_t front_count_ = 0;
  std::vector<Key> heap_;
  std::vector<Entry> entries_;  // by slot
  std::vector<std::uint32_t> free_slots_;
  std::vector<NodeState> nodes_;
  std::vector<Duration> latency_;
  std::vector<Time> last_arrival_;
  std::vector<std::uint8_t> cut_;
  std::vector<Entry> held_on_links_;  // what nobody asked about waits for the link to be mended
  Process* fault_handler_ = nullptr;
};

}  // namespace tidegate::sim
