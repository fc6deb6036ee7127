// Tells when files of a lab's hosts may have changed, by the kernel's notices (inotify), so that
// nobody need look at each of them before every outside input. A notice is there when the call that
// changed the file returns, whatever mount namespace it was made in. (A write into a mapped file
// gives none before the file is closed.)
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "lab/hosts/root_dir.h"

namespace tidegate::lab {

class TreeWatch {
 public:
  TreeWatch();

  /// May anything that is watched have changed since the last call? Always true where the kernel
  /// gives no notices, and after a path was watched that leads through a symbolic link.
  bool Stirred();

  /// Forgets what was said of links; what is watched from now on is told anew.
  void Begin();
  /// The file, whether it is there or not, and every folder above it. Look at it after this.
  void Watch(const RootDir& root, std::string_view path);

 private:
  // False where that is not there, or leads elsewhere.
  bool Add(const RootDir& root, std::string_view path, int flags);

  Fd notices_;
  bool unsure_ = true;  // something is there that can't be watched
  std::set<std::string, std::less<>> folders_;
};

}  // namespace tidegate::lab
