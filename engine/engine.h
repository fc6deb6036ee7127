// What a host drives: inputs go in, outputs come out, in the order in which they are to be carried
// out. The executor is one; the contract test of the hosts puts a scripted one in its place.
#pragma once

#include <vector>

#include "engine/port/port.h"

namespace tidegate::engine {

class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = default;
  Engine(Engine&&) = default;
  Engine& operator=(const Engine&) = default;
  Engine& operator=(Engine&&) = default;
  virtual ~Engine() = default;

  /// Appends the outputs to `outputs`. The first call starts the work, whatever its input. A host
  /// carries out nothing behind a Tell of kind kFinished.
  virtual void Handle(const port::Input& input, std::vector<port::Output>* outputs) = 0;
  virtual bool finished() const = 0;
};

}  // namespace tidegate::engine
