// Coming into a lab that is kept for people: whose it is, and a shell in it. The shell runs in the
// lab (lab/shell/keep.cc); here is the side that has the user's terminal. When that is a terminal
// the shell gets one of its own, between which and the user's everything is carried, so that it can
// stop, start and interrupt its jobs as it would anywhere.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lab/shell/wire.h"

namespace tidegate::lab {

/// Listens where visitors of the lab at `path` come in; the caller closes it. Errors: kIo.
Result<int> ListenForVisitors(const std::string& path);

struct Visit {
  std::string enter_path;  ///< Home::enter_path of the lab
  std::string command;     ///< of a shell; "": a shell to talk to
};
/// Runs a shell with this process's streams, and gives its exit status when it has ended. Errors:
/// kUnavailable: the lab is gone. REQUIRES: one thread.
Result<int> VisitLab(const Visit& visit);

/// The labs that are kept for people on this machine, by their folders.
std::vector<std::string> KeptLabs();
/// The one that is meant: by its folder or the end of its name; with "" the only one that there is.
/// Errors: kBadInput, which says what there is.
Result<std::string> FindLab(const std::string& named);

/// Says a `lab` command to the lab at `folder`, and waits for the reply. Errors: kUnavailable.
Result<Reply> CallLab(const std::string& folder, const std::vector<std::string>& words);

}  // namespace tidegate::lab
