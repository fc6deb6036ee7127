// The world keeps step with the machine's clock, or with a multiple of it: it runs ahead by one
// tick and waits there; while it owes answers it may be further ahead, so that they need not be
// timed one by one.
#pragma once

#include <sys/types.h>

#include "lab/session/pace.h"

namespace tidegate::lab {

class RealPace : public Pace {
 public:
  /// The world's time is `factor` times as fast as the machine's.
  explicit RealPace(std::int64_t factor);
  ~RealPace() override;

  Status Spawn(const Program& program) override;
  std::optional<int> ExitStatus() override;
  void KillAll() override;
  void Set(Time now) override;
  void Owes(bool answers) override { owes_ = answers; }
  bool Repeats() const override { return false; }
  bool Hurries() const override;
  bool Settled(bool worked, bool waiting, HttpFront* front) override;
  std::optional<Time> NextWake() override;
  bool WakeOne() override { return false; }
  std::uint64_t LineageOfProcess(int pid) override { return static_cast<std::uint64_t>(pid); }
  std::uint64_t LineageOfPort(std::uint16_t port) override { return port; }
  const std::string& trouble() const override { return trouble_; }

 protected:
  /// Nanoseconds of CLOCK_MONOTONIC.
  static Time Machine();
  /// As Spawn; `own_memory`: with a /dev/shm of its own, which goes with it.
  Status Start(const Program& program, bool own_memory);
  /// The world shows `now` when the machine's clock shows `machine`.
  void Anchor(Time now, Time machine);
  /// How far the world is ahead of the machine's clock, in the world's time.
  Duration AheadOf(Time machine) const {
    return now_ - (began_at_ + (machine - began_machine_) * factor_);
  }

  std::int64_t factor() const { return factor_; }
  Time now() const { return now_; }
  /// The first process of the namespace, as seen from here.
  pid_t pid() const { return pid_; }

 private:
  const std::string trouble_;
  const std::int64_t factor_;
  const Duration tick_;
  pid_t pid_ = 0;
  std::optional<int> status_;
  bool began_ = false;
  Time now_ = 0;
  Time began_at_ = 0;  // of the world
  Time began_machine_ = 0;
  bool owes_ = false;
  Time looked_at_ = 0;  // by the machine's clock, as the next
  Time busy_until_ = 0;
};

}  // namespace tidegate::lab
