#include "sim/kernel.h"

#include <algorithm>
#include <utility>

namespace tidegate::sim {

Kernel::Kernel(std::uint64_t seed, std::size_t node_count, Duration latency_min,
               Duration latency_max)
    : nodes_(node_count),
      latency_(node_count * node_count),
      last_arrival_(node_count * node_count, 0),
      cut_(node_count * node_count, 0) {
  static_assert(sizeof(Entry) == 32);
  Draws draws(seed, Purpose::kLatency, 0);
  for (Duration& latency : latency_) latency = draws.Between(latency_min, latency_max);
  heap_.reserve(1024);
  entries_.reserve(1024);
}

void Kernel::Attach(NodeId node, Process* process) {
  CHECK(node < nodes_.size());
  nodes_[node].process = process;
}

void Kernel::SetUp(NodeId node) {
  CHECK(!nodes_[node].up);
  nodes_[node].up = true;
}

void Kernel::SetDown(NodeId node) {
  NodeState& state = nodes_[node];
  CHECK(state.up);
  state.up = false;
  state.hung = false;
  ++state.incarnation;
  std::vector<Entry> held;
  held.swap(state.held);
  for (const Entry& entry : held) {
    if ((entry.flags & kReport) != 0) Fail(entry, SendFailure::kRefused, 0);
  }
}

void Kernel::SetHung(NodeId node, bool hung) {
  NodeState& state = nodes_[node];
  if (state.hung == hung) return;
  state.hung = hung;
  if (hung) return;
  std::vector<Entry> held;
  held.swap(state.held);
  for (Entry& entry : held) {
    entry.time = now_;
    entry.sequence = NextSequence();
    Push(entry);
  }
}

void Kernel::SetCut(NodeId one, NodeId other, bool cut) {
  cut_[LinkIndex(one, other)] = cut ? 1 : 0;
  cut_[LinkIndex(other, one)] = cut ? 1 : 0;
  if (!cut) ResendHeld();
}

void Kernel::SetCutOneWay(NodeId from, NodeId to, bool cut) {
  cut_[LinkIndex(from, to)] = cut ? 1 : 0;
  if (!cut) ResendHeld();
}

void Kernel::AddLatency(NodeId one, NodeId other, Duration by) {
  for (const std::size_t link : {LinkIndex(one, other), LinkIndex(other, one)}) {
    latency_[link] += by;
    CHECK(latency_[link] >= 0);
  }
}

// TCP sends again what was not acknowledged.
void Kernel::ResendHeld() {
  std::vector<Entry> held;
  held.swap(held_on_links_);
  for (Entry& entry : held) {
    if (IsCut(entry.from, entry.to)) {
      held_on_links_.push_back(entry);
      continue;
    }
    entry.time = now_ + Latency(entry.from, entry.to);
    entry.sequence = NextSequence();
    Push(entry);
  }
}

void Kernel::HoldOnLink(const Entry& entry) { held_on_links_.push_back(entry); }

void Kernel::Send(NodeId from, NodeId to, What what, std::uint64_t a, std::uint32_t b,
                  const SendOptions& options) {
  const std::size_t link = LinkIndex(from, to);
  const Time arrival = std::max(now_ + latency_[link] + options.extra_delay, last_arrival_[link]);
  last_arrival_[link] = arrival;
  std::uint8_t flags = 0;
  if (options.report_failure) flags |= kReport;
  if (options.dies_with_sender) flags |= kDiesWithSender;
  const Entry entry{arrival, NextSequence(), to, from, what, nodes_[from].incarnation, flags, b, a};
  if (cut_[link] != 0) {
    if (options.report_failure) {
      Fail(entry, SendFailure::kTimedOut, options.timeout);
    } else {
      HoldOnLink(entry);
    }
    return;
  }
  Push(entry);
}

void Kernel::ScheduleFault(Time at, std::uint64_t a) {
  CHECK(at >= now_);
  CHECK(next_fault_sequence_ < (1U << 31U));
  Push({at, next_fault_sequence_++, kNoNode, kNoNode, 0, 0, kFault, 0, a});
}

bool Kernel::Step(Time limit) {
  const bool any = front_count_ > 0 || !heap_.empty();
  const Key next = front_count_ > 0 ? front_[front_count_ - 1] : any ? heap_.front() : Key{0};
  if (!any || TimeOf(next) > limit) {
    now_ = std::max(now_, limit);
    return false;
  }
  if (front_count_ > 0) {
    --front_count_;
  } else {
    PopHeap();
  }
  const auto slot = static_cast<std::uint32_t>(next);
  const Entry entry = entries_[slot];
  free_slots_.push_back(slot);
  CHECK(entry.time >= now_);
  now_ = entry.time;
  if ((entry.flags & kAside) == 0) ++steps_;
  Deliver(entry);
  return true;
}

void Kernel::Deliver(const Entry& entry) {
  if ((entry.flags & kFault) != 0) {
    fault_handler_->OnTimer(0, entry.a, 0);
    return;
  }
  NodeState& state = nodes_[entry.to];
  if ((entry.flags & kTimer) != 0 || (entry.flags & kFailed) != 0) {
    if (!state.up || state.incarnation != entry.incarnation) return;
  } else {
    if ((entry.flags & kDiesWithSender) != 0 &&
        (nodes_[entry.from].incarnation != entry.incarnation || !nodes_[entry.from].up)) {
      return;
    }
    if (!state.up) {
      if ((entry.flags & kReport) != 0) {
        Fail(entry, SendFailure::kRefused, Latency(entry.to, entry.from));
      }
      return;
    }
    if (IsCut(entry.from, entry.to)) {
      if ((entry.flags & kReport) != 0) {
        Fail(entry, SendFailure::kTimedOut, 5 * kSecond);
      } else {
        HoldOnLink(entry);
      }
      return;
    }
  }
  if (state.hung) {
    state.held.push_back(entry);
    return;
  }
  if ((entry.flags & kTimer) != 0) {
    state.process->OnTimer(entry.what, entry.a, entry.b);
  } else if ((entry.flags & kFailed) != 0) {
    const bool refused = (entry.flags & kDiesWithSender) != 0;
    state.process->OnSendFailed({entry.to, entry.from, entry.what, entry.a, entry.b},
                                refused ? SendFailure::kRefused : SendFailure::kTimedOut);
  } else {
    state.process->OnMessage({entry.from, entry.to, entry.what, entry.a, entry.b});
  }
}

// Schedules the sender's OnSendFailed. In a failure entry `to` is the sender, `from` the peer, the
// incarnation the sender's, and the flag kDiesWithSender says "refused".
void Kernel::Fail(const Entry& entry, SendFailure failure, Duration delay) {
  Entry report = entry;
  std::swap(report.to, report.from);
  report.flags = kFailed;
  if (failure == SendFailure::kRefused) report.flags |= kDiesWithSender;
  report.time = now_ + delay;
  report.sequence = NextSequence();
  Push(report);
}

void Kernel::Push(const Entry& entry) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back(entry);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    entries_[slot] = entry;
  }
  const Key key = KeyOf(entry, slot);
  const bool in_front = front_count_ > 0 ? key < front_[0] : heap_.empty() || key < heap_.front();
  if (!in_front) {
    PushHeap(key);
    return;
  }
  if (front_count_ == kFrontMax) {
    PushHeap(front_[0]);
    std::copy(front_.begin() + 1, front_.end(), front_.begin());
    --front_count_;
  }
  std::size_t at = front_count_++;
  for (; at > 0 && front_[at - 1] < key; --at) front_[at] = front_[at - 1];
  front_[at] = key;
}

void Kernel::PushHeap(Key key) {
  std::size_t at = heap_.size();
  heap_.push_back(key);
  Key* const heap = heap_.data();
  while (at > 0) {
    const std::size_t parent = (at - 1) / 4;
    if (heap[parent] < key) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = key;
}

// REQUIRES: the heap is not empty.
void Kernel::PopHeap() {
  const Key last = heap_.back();
  heap_.pop_back();
  const std::size_t size = heap_.size();
  if (size == 0) return;
  Key* const heap = heap_.data();
  const auto earlier = [heap](std::size_t x, std::size_t y) { return heap[y] < heap[x] ? y : x; };
  std::size_t at = 0;
  std::size_t first = 1;
  for (; first + 4 <= size; first = at * 4 + 1) {
    const std::size_t best = earlier(earlier(first, first + 1), earlier(first + 2, first + 3));
    if (last < heap[best]) {
      heap[at] = last;
      return;
    }
    heap[at] = heap[best];
    at = best;
  }
  if (first < size) {
    std::size_t best = first;
    for (std::size_t child = first + 1; child < size; ++child) best = earlier(best, child);
    if (heap[best] < last) {
      heap[at] = heap[best];
      at = best;
    }
  }
  heap[at] = last;
}

}  // namespace tidegate::sim
