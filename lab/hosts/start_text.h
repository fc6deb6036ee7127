// What a process is started by, as text: a command line, or the command of a unit and the script
// that it runs. Nothing is carried out; what only a shell could tell is not known.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::lab {

/// The value of `--NAME=V`, `--NAME V`, `-NAME="V"` in a command line or script; "" where there is
/// none, or one that only a shell could tell.
std::string FlagIn(const std::string& text, std::string_view name);

/// The file that standard error goes to (`2> FILE`, `2>>FILE`, `&>> FILE`); "" where it is left as
/// it is.
std::string ErrorsFileIn(const std::string& text);

/// `path`, seen from `folder`.
std::string Absolute(const std::string& path, const std::string& folder);

}  // namespace tidegate::lab
