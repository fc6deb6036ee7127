// The folder of one lab: its sockets, the hosts' trees, what the engine printed. Removed at the
// end; when its owner is killed, by the next lab (leftovers.h).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace tidegate::lab {

class Home {
 public:
  /// Below TMPDIR, after what dead labs left there was swept. `says`: what the lab is, for people
  /// who look. Errors: kIo.
  static Result<Home> Make(const std::string& says);
  ~Home();
  Home(Home&& other) noexcept;
  Home& operator=(Home&&) = delete;

  const std::string& path() const { return path_; }
  std::string log_path() const;
  std::string control_path() const;
  /// Where those who want a shell in a lab that is kept for people come in.
  std::string enter_path() const;
  /// Of the lab's own programs, first on PATH.
  std::string bin_path() const;
  /// The environment of this process, with the lab's PATH.
  std::vector<std::string> Environment() const;
  /// What was swept, a sentence for each dead lab.
  const std::vector<std::string>& swept() const { return swept_; }

 private:
  explicit Home(std::string path) : path_(std::move(path)) {}
  std::string path_;
  std::vector<std::string> swept_;
};

/// A file of our own build, by its place in the build folder ("lab/clock/libtidegate_clock.so").
/// Errors: kIo, when it is not there.
Result<std::string> FindProgram(const std::string& place);

}  // namespace tidegate::lab
