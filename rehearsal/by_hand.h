// A lab that is kept for people: what it has that the rehearsal of a program lacks. It prints where
// everything is, lets people in, shows them the world, and ends when they say so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lab/session/attended.h"
#include "lab/session/home.h"
#include "lab/session/session.h"
#include "rehearsal/lab_view.h"
#include "rehearsal/topology.h"

namespace tidegate::rehearsal {

/// The engine of such a lab, as the trace calls it.
inline constexpr const char* kByHand = "by hand";

struct ByHandOptions {
  std::string clock = "stopped";  ///< stopped, lockstep, real
  bool shell = false;             ///< a shell with this process's streams; the lab ends with it
  std::string command;            ///< of that shell; "": one to talk to
  bool quiet = false;             ///< prints nothing but what the shell does
  std::function<void(const std::string&)> print;  ///< to standard output, at once
};

class ByHand {
 public:
  explicit ByHand(ByHandOptions options) : options_(std::move(options)) {}
  ~ByHand();
  ByHand(const ByHand&) = delete;
  ByHand& operator=(const ByHand&) = delete;

  const ByHandOptions& options() const { return options_; }

  /// Opens the door. Errors: kIo. REQUIRES: one thread; called before the lab's network is entered.
  Status Open(const Prepared& prepared, const lab::Home& home);
  /// What the session needs to be one for people.
  void Fill(const lab::Home& home, lab::SessionOptions* session);
  /// Prints where everything is: whoever reads it finds the lab there. Gives who sees each event,
  /// for the eyes of people. REQUIRES: the session is made; `trace` outlives this.
  trace::Listener* Watch(const trace::Trace& trace);
  /// The lab has ended: waits until whoever was in has left.
  void Close();

 private:
  void StartVisitor(const lab::Home& home);
  void Show();

  ByHandOptions options_;
  std::vector<std::string> variables_;  ///< of the environment, for shells
  std::string where_;
  std::string title_;
  int door_ = -1;
  int visitor_ = 0;  ///< process; 0: none
  bool draws_ = false;
  std::unique_ptr<lab::Attended> attended_;
  std::unique_ptr<LabView> view_;
  std::uint64_t shown_ = 0;  ///< LabView::changes of the last picture
};

}  // namespace tidegate::rehearsal
