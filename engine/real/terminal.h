// The operator at a terminal: one line a step as it happens, questions answered by a typed word.
#pragma once

#include <cstdio>
#include <string>

#include "engine/real/real_host.h"

namespace tidegate::engine {

class Terminal : public Operator {
 public:
  struct Options {
    bool yes = false;    ///< answer every question with yes
    bool quiet = false;  ///< print nothing; questions are answered by `yes` or with no
  };
  /// REQUIRES: both streams outlive it.
  Terminal(Options options, std::FILE* in, std::FILE* out);

  void Tell(const port::Tell& tell) override;
  /// An end of input counts as "no".
  std::string Ask(const port::Tell& question) override;

  /// The line that Tell prints, without its line end.
  static std::string LineOf(const port::Tell& tell);

 private:
  Options options_;
  std::FILE* in_;
  std::FILE* out_;
};

}  // namespace tidegate::engine
