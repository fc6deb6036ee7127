#include "lab/hosts/addresses.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace tidegate::lab {
namespace {

using sim::NodePlan;

bool IsAddress(const std::string& host) {
  in_addr place{};
  return inet_pton(AF_INET, host.c_str(), &place) == 1;
}

bool Listens(const NodePlan& node) { return node.info.port > 0 || node.status_port > 0; }

}  // namespace

// RFC 2544 keeps 198.18.0.0/15 for tests: no inventory has an address of it, or then not all.
Addresses::Addresses(const sim::RunPlan& plan) {
  std::set<std::string> names;
  std::set<std::string> taken;
  for (const NodePlan& node : plan.nodes) {
    if (node.info.host.empty() || !Listens(node)) continue;
    if (IsAddress(node.info.host)) {
      by_host_[node.info.host] = node.info.host;
      taken.insert(node.info.host);
    } else {
      names.insert(node.info.host);
    }
  }
  int number = 0;
  for (const std::string& name : names) {
    std::string address;
    do {
      ++number;
      address = fmt::format("198.18.{}.{}", number / 250, 1 + number % 250);
    } while (taken.contains(address));
    by_host_[name] = address;
  }
}

std::string Addresses::Of(const std::string& host) const {
  const auto found = by_host_.find(host);
  return found == by_host_.end() ? "" : found->second;
}

std::vector<std::string> Addresses::Listening() const {
  std::vector<std::string> out;
  for (const auto& [host, address] : by_host_) out.push_back(address);
  std::sort(out.begin(), out.end());
  return out;
}

std::string Addresses::HostsFile(
    const std::map<std::string, std::vector<std::string>>& others) const {
  std::string text = "127.0.0.1 localhost\n";
  for (const auto& [host, address] : by_host_) {
    std::vector<std::string> names;
    if (host != address) names.push_back(host);
    if (const auto found = others.find(host); found != others.end()) {
      names.insert(names.end(), found->second.begin(), found->second.end());
    }
    if (!names.empty()) text += fmt::format("{} {}\n", address, fmt::join(names, " "));
  }
  return text;
}

}  // namespace tidegate::lab
