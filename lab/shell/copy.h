// Copies between trees, as scp and rsync need them: each file beside its target, then renamed over
// it, so that nobody reads half of one and a running binary stays what it was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/hosts/root_dir.h"
#include "lab/shell/client.h"

namespace tidegate::lab {

/// One side of a copy: a path on a host, or on the machine where the program runs.
struct Operand {
  std::string host;  ///< "" = where the program runs
  RootDir root;
  std::string path;            ///< absolute; a slash at its end is kept
  bool folder_itself = false;  ///< it ended in a slash, or in "/."
};

/// "[user@]host:path" or a path. A host is visited: unknown ones are errors (kNotFound, in ssh's
/// words). Relative paths begin in the home of `user`, or in the current folder.
Result<Operand> ReadOperand(const Place& place, const std::string& program,
                            const std::string& word);
/// The operands that a pattern in the path of `operand` stands for; itself without one.
std::vector<Operand> Expand(const Operand& operand);

struct CopyOptions {
  bool recursive = false;
  bool times = false;
  bool modes = false;
  bool links = false;    ///< symbolic links are copied, not what they lead to
  bool deletes = false;  ///< what the source does not have is removed
  bool pretends = false;
  std::vector<std::string> excluded;
  std::vector<std::string> copied;  ///< filled: what was, or would be, copied
};

/// Copies what is at `from` to be what is at `to`; a folder's content joins what is there.
/// Errors: kNotFound, kBadInput for a folder without `recursive`, kIo.
Status Copy(const Operand& from, const Operand& to, CopyOptions* options);

/// Is there a folder?
bool IsFolderAt(const RootDir& root, const std::string& path);

}  // namespace tidegate::lab
