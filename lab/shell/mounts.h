// Mounts in a namespace of one's own. Private to enter*.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/shell/client.h"

namespace tidegate::lab {

/// A mount namespace that nothing leaves; without root's rights in a user namespace of its own.
Status UnshareMounts();
/// `whole`: with what is mounted below `from`.
Status BindAt(const std::string& from, const std::string& to, bool whole);
/// The lab's programs over the machine's own of the same name, below `root`: by its whole path,
/// too, none of those runs.
Status BindPrograms(const Place& place, const std::string& root);
bool IsFolder(const std::string& path);
/// "cannot WHAT 'PATH': " and what errno says.
Error MountError(std::string_view what, std::string_view path);

}  // namespace tidegate::lab
