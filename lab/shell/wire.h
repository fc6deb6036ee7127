// What the lab's programs say to the session over its control socket: one line of JSON each way.
//
//   {"program":"systemctl","host":"172.16.10.49","argv":["stop","drainer"],"path":"","input":""}
//   {"exit":0,"stdout":"","stderr":""}
//
// `argv` is without argv[0]; `host` is where the program runs, "localhost" the control machine.
// Who calls is the kernel's word: no process id is said, so that two runs say the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidegate::lab {

struct Request {
  std::string program;
  std::string host;
  std::vector<std::string> argv;
  std::string path;   ///< of a stub: the file that runs
  std::string input;  ///< of mysql: its standard input; of a stub: the folder it is started in
};

struct Reply {
  int exit = 0;
  std::string output;
  std::string errors;
};

std::string WriteRequest(const Request& request);
/// Errors: kBadInput; what is missing is empty.
Result<Request> ReadRequest(std::string_view line);
std::string WriteReply(const Reply& reply);
Result<Reply> ReadReply(std::string_view line);

}  // namespace tidegate::lab
