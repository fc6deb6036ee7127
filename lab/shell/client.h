// A program of the lab at work: where it is, and its line to the session.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lab/shell/wire.h"

namespace tidegate::lab {

/// From the environment: TIDEGATE_LAB is the lab's folder, TIDEGATE_HOST the host that this process
/// is on (the control machine without it), TIDEGATE_LAB_SOCKET where the session listens
/// (TIDEGATE_LAB/control without it), TIDEGATE_LAB_VISIBLE folders, separated by colons, that
/// must be seen on every host.
struct Place {
  std::string lab;
  std::string host;
  std::string socket;
  std::vector<std::string> visible;
};
/// Errors: kBadInput when this is no lab.
Result<Place> ReadPlace();

/// Sends the request (its host is filled in) and waits for the reply, however long it takes.
/// Errors: kUnavailable.
Result<Reply> Call(const Place& place, Request request);

/// The same in two halves, for who has to wait for something else as well.
Result<int> Send(const Place& place, Request request);  ///< the socket; the caller closes it
Result<Reply> Receive(int socket);

/// "tidegate lab: MESSAGE" on standard error; gives 125, which no program of the lab ends with.
int Trouble(const Error& error);
/// Prints a reply's two texts; gives its status.
int Finish(const Reply& reply);

// ---- the programs; `argv` is without argv[0]

int RunSsh(const Place& place, const std::vector<std::string>& argv);
int RunScp(const Place& place, const std::vector<std::string>& argv);
int RunSftp(const Place& place, const std::vector<std::string>& argv);
int RunRsync(const Place& place, const std::vector<std::string>& argv);
int RunSudo(const std::vector<std::string>& argv);
int RunNtpstat();
int RunMysql(const Place& place, const std::vector<std::string>& argv);
int RunPs(const Place& place, const std::vector<std::string>& argv);
int RunId(const Place& place, const std::vector<std::string>& argv);
int RunReadlink(const Place& place, const std::vector<std::string>& argv);
int RunBinlogctl(const Place& place, const std::vector<std::string>& argv);
int RunJournalctl(const Place& place, const std::vector<std::string>& argv);
int RunKill(const Place& place, const std::vector<std::string>& argv);
/// Lets people into a lab that is kept for them (keep.cc). Standard input is the socket at which
/// they come in. Does not return while the lab lasts.
int RunKeep(const Place& place);

}  // namespace tidegate::lab
