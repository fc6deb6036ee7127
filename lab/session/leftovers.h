// What a lab leaves behind when its owner is killed: its folder, and perhaps processes and mounts.
// Whoever starts the next lab sweeps it. A living lab is told from a dead one by a lock on its
// `owner` file, which the kernel takes away with the process that holds it, whatever ended it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace tidegate::lab {

/// The file that marks a lab's folder as owned, and says by which process.
inline constexpr const char* kOwnerFile = "owner";
/// What the names of labs' folders begin with, below TMPDIR.
inline constexpr const char* kHomePrefix = "tidegate-lab-";

/// TMPDIR, or /tmp.
std::string LabsFolder();

/// Makes this process the owner of `folder`; `says` then stands in the owner file. Processes that
/// it starts are no owners. Errors: kIo.
Status Own(const std::string& folder, const std::string& says);
/// It isn't any more. REQUIRES: owned by this process, or never owned.
void Disown(const std::string& folder);

/// The labs of this user whose owner lives, by their folders, sorted.
std::vector<std::string> LivingLabs();

/// Sweeps all labs of this user whose owner is dead; a sentence for each. Folders without an owner
/// file are nobody's business. What can't be swept is said too, and stays.
std::vector<std::string> SweepLeftovers();

}  // namespace tidegate::lab
