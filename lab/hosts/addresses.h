// Where hosts are in the lab's network. One that the inventories call by an address is there; one
// that they call by a name gets an address of its own, that nothing else has, and its name is in
// everybody's /etc/hosts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/run_plan.h"

namespace tidegate::lab {

class Addresses {
 public:
  explicit Addresses(const sim::RunPlan& plan);

  /// The IPv4 address of `host`, a host of the plan's nodes; "" of any other.
  std::string Of(const std::string& host) const;
  /// Of all hosts that have a port, each once, sorted.
  std::vector<std::string> Listening() const;

  /// /etc/hosts: names of hosts, and what else they are called.
  std::string HostsFile(const std::map<std::string, std::vector<std::string>>& others) const;

 private:
  std::map<std::string, std::string> by_host_;
};

}  // namespace tidegate::lab
