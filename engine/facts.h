// Facts: what the engine learned and later steps depend on, by name ("T0", "M", "checkpoint/d1").
// Every fact is in the journal before it is used; a resumed engine starts from the same facts.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/tso.h"

namespace tidegate::engine {

using Fact = std::pair<std::string, std::string>;

class Facts {
 public:
  /// Null when not known.
  const std::string* Find(std::string_view name) const {
    for (const Fact& fact : facts_) {
      if (fact.first == name) return &fact.second;
    }
    return nullptr;
  }

  /// The fact as a timestamp; -1 when it is not known or is no timestamp.
  Tso TsoOf(std::string_view name) const {
    const std::string* text = Find(name);
    if (text == nullptr) return -1;
    const Result<Tso> tso = ParseTso(*text);
    return tso ? *tso : -1;
  }

  void Set(std::string name, std::string value) {
    for (Fact& fact : facts_) {
      if (fact.first == name) {
        fact.second = std::move(value);
        return;
      }
    }
    facts_.emplace_back(std::move(name), std::move(value));
  }

  const std::vector<Fact>& all() const { return facts_; }

 private:
  std::vector<Fact> facts_;  // a dozen at most, in the order learned
};

}  // namespace tidegate::engine
