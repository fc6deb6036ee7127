// The real host of an engine: makes journal records durable, runs commands, asks over HTTP and
// TCP, sleeps, talks to the operator. It decides nothing.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/cluster.h"
#include "engine/engine.h"
#include "engine/port/port.h"
#include "engine/real/http_client.h"
#include "engine/real/journal_file.h"
#include "engine/real/templates.h"

namespace tidegate::engine {

/// Whoever sits at the terminal.
class Operator {
 public:
  virtual ~Operator() = default;
  virtual void Tell(const port::Tell& tell) = 0;
  /// "yes", "no" or "abort".
  virtual std::string Ask(const port::Tell& question) = 0;
};

struct RealHostOptions {
  TemplateOptions templates;
  std::vector<HostPort> pds;
  std::string backup_dir;
  std::shared_ptr<const Tls> tls = nullptr;  ///< null: plain HTTP
  /// Set by a signal handler; the next turn of the loop tells the executor "abort". May be null.
  const volatile std::sig_atomic_t* interrupted = nullptr;
  /// Abort right away: what `binlog-upgrade abort` does with a resumed executor.
  bool abort = false;
};

class RealHost {
 public:
  /// `journal` may be null for an engine that persists nothing. REQUIRES: both outlive the host.
  RealHost(RealHostOptions options, JournalFile* journal, Operator* people);

  /// Drives `engine` until it is finished. Errors: kIo when the journal can't be written: nothing
  /// was done after the last durable record.
  Status Run(Engine* engine);

  /// What one action or query comes back with. Used by Run; public for the contract test. A command
  /// of an action that runs longer than `timeout` is killed, and the action answered kTimedOut.
  port::Answer Perform(const port::Action& action, Duration timeout = 5 * kMinute) const;
  port::Answer Look(const port::Query& query, Duration timeout) const;

 private:
  struct Turn;

  Status Handle(const port::Input& input, Engine* engine, Turn* turn);
  void AnswerAsks(const std::vector<port::Ask>& asks, Turn* turn) const;
  port::Answer KeepBackup(const port::KeepBackup& backup) const;
  Time Now() const;
  void SleepUntil(Time at) const;
  bool Interrupted() const;

  RealHostOptions options_;
  Templates templates_;
  JournalFile* journal_;
  Operator* people_;
  Time started_wall_ = 0;
  Time started_steady_ = 0;
};

}  // namespace tidegate::engine
