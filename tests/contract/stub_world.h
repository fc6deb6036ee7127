// A world of stub programs: a folder with units as files, and systemctl, mysql, sudo and a hook as
// shell scripts in front of PATH, as long as the object lives. Nothing outside the folder is
// touched and nobody needs to be root: what goes to /etc/systemd/system through sudo lands below
// the folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temp_dir.h"

namespace tidegate::test {

class StubWorld {
 public:
  StubWorld();
  StubWorld(const StubWorld&) = delete;
  StubWorld& operator=(const StubWorld&) = delete;
  ~StubWorld();

  const std::string& path() const { return dir_.path(); }
  std::string operator/(const std::string& name) const { return dir_ / name; }
  std::string hook() const { return dir_ / "bin/hook"; }

  /// A unit; `state` is "active", "inactive", "broken" (does not start), "hung" (does not stop).
  void AddUnit(const std::string& unit, const std::string& state);
  /// "active", "inactive", …; "" when there is no such unit.
  std::string StateOf(const std::string& unit) const;
  /// A program that prints `version` for -V, at `path` below the folder or absolute.
  void AddBinary(const std::string& path, const std::string& version) const;
  void Write(const std::string& path, std::string_view text, bool program = false) const;
  /// "" when there is no such file.
  std::string Read(const std::string& path) const;

  bool Has(const std::string& path) const;

  /// The lines of the file "visible": what hooks and operators took note of.
  std::vector<std::string> Visible() const;

 private:
  std::string Full(const std::string& path) const;

  TempDir dir_;
  std::string path_before_;
};

}  // namespace tidegate::test
