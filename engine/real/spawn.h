// Running one command on this machine: an argv array, never a shell. Output is bounded, time too.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace tidegate::engine {

struct Command {
  std::vector<std::string> argv;  ///< argv[0] is looked up on PATH
  std::string input;              ///< bytes for its standard input
  std::string input_file;         ///< or a file for it; "" = `input`
  bool own_locale = false;        ///< the user's, where nobody reads what it says
  Duration timeout = 5 * kMinute;
  std::size_t output_max = 16ULL << 20;  ///< of each of both outputs
};

struct CommandResult {
  enum class End : std::uint8_t {
    kExited,
    kSignaled,
    kTimedOut,    ///< its process group was killed
    kNotFound,    ///< no such program
    kNotStarted,  ///< spawn failed; `errors` says why
    kOutputFull,  ///< it printed more than output_max and was killed
  };
  End end = End::kNotStarted;
  int status = 0;  ///< exit status or signal
  std::string output;
  std::string errors;  ///< standard error

  bool ok() const { return end == End::kExited && status == 0; }
};

/// Runs `command` and waits for it. Its environment is ours, with LC_ALL=C but for `own_locale`.
/// REQUIRES: argv not empty.
CommandResult RunCommand(const Command& command);

}  // namespace tidegate::engine
