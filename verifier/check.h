// A check: one invariant, in one file under verifier/checks/. It asks for event kinds and is shown
// no others; what several checks need (nodes, ledgers, rows, the gate decision) the model has
// derived before. A check keeps O(open transactions) or O(distinct keys) of its own.
#pragma once

#include <bitset>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "trace/event.h"
#include "trace/header.h"
#include "trace/recorder.h"
#include "verifier/finding.h"
#include "verifier/findings.h"

namespace tidegate::verifier {

class Model;

class KindSet {
 public:
  KindSet() = default;
  KindSet(std::initializer_list<trace::EventKind> kinds) {
    for (const trace::EventKind kind : kinds) bits_.set(static_cast<std::size_t>(kind));
  }
  bool Has(trace::EventKind kind) const { return bits_.test(static_cast<std::size_t>(kind)); }

 private:
  std::bitset<static_cast<std::size_t>(trace::EventKind::kCount)> bits_;
};

/// What every check may look at, and where it reports. All outlive the checks.
struct Context {
  const trace::Header& header;
  const trace::TextTable& texts;
  const Model& model;
  Findings& findings;
};

class Check {
 public:
  explicit Check(const Context& context) : context_(context) {}
  virtual ~Check() = default;
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

  /// "no-lost-commit".
  virtual std::string_view Id() const = 0;
  /// The sentence of docs/invariants.md, in the same words.
  virtual std::string_view Statement() const = 0;
  virtual Section InSection() const = 0;
  virtual KindSet Subscribes() const = 0;
  /// The model has already taken `event` in.
  virtual void OnEvent(const trace::Event& event, std::uint64_t index) = 0;
  /// After the last event.
  virtual void OnEnd() {}

  /// How often the premise held: what was looked at, not what was wrong.
  std::uint64_t premise_count() const { return premise_count_; }
  /// Why nothing can be said about this run; empty when it was judged.
  const std::string& not_judged() const { return not_judged_; }

 protected:
  const trace::Header& header() const { return context_.header; }
  const trace::TextTable& texts() const { return context_.texts; }
  const Model& model() const { return context_.model; }
  Findings& findings() const { return context_.findings; }
  const std::string& NameOf(NodeId node) const;

  std::uint64_t premise_count_ = 0;
  std::string not_judged_;

 private:
  Context context_;
};

}  // namespace tidegate::verifier
