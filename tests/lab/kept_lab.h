// A lab that `tidegate lab` keeps up in a process of its own, and tidegate's commands beside it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace tidegate::test {

struct Ended {
  int status = -1;  ///< exit status, or 128 and the signal
  std::string output;
  std::string errors;
};

/// Runs the built tidegate with TMPDIR as it is, to its end.
Ended Tidegate(std::vector<std::string> words, const std::string& input = "");

/// TMPDIR is a folder of the test's own while this lives, so that labs of others are not in sight.
class OwnTmp {
 public:
  OwnTmp();
  ~OwnTmp();
  OwnTmp(const OwnTmp&) = delete;
  OwnTmp& operator=(const OwnTmp&) = delete;
  /// Names of what is in it.
  std::vector<std::string> Names() const;

 private:
  TempDir folder_;
  std::string before_;
};

/// `tidegate lab SCENARIO words…` that runs until somebody ends it.
class KeptLab {
 public:
  /// Returns when it has said where everything is. `scenario`: below scenarios/.
  explicit KeptLab(const std::string& scenario, std::vector<std::string> words = {});
  /// Kills it, where it still runs.
  ~KeptLab();
  KeptLab(const KeptLab&) = delete;
  KeptLab& operator=(const KeptLab&) = delete;

  const std::string& folder() const { return folder_; }  ///< of the lab
  pid_t pid() const { return pid_; }
  /// Its first child: process 1 of its programs' namespace.
  pid_t FirstProcess() const;
  void Signal(int signal) const;
  /// Reads what it prints until `text` is there.
  void Await(const std::string& text);
  /// Waits for its end. `output` is everything that it printed.
  Ended Wait();

 private:
  bool ReadMore();

  pid_t pid_ = 0;
  int out_ = -1;
  std::string printed_;
  std::string folder_;
};

}  // namespace tidegate::test
