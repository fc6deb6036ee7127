// systemctl's command line (systemctl(1), "Options"), as far as anything here depends on it.
#pragma once

#include <string>
#include <vector>

namespace tidegate::lab {

struct SystemctlOptions {
  std::string host;
  bool quiet = false;
  bool now = false;
  bool no_block = false;
  bool only_values = false;
  bool no_legend = false;
  std::string signal = "15";
  std::vector<std::string> properties;
  std::vector<std::string> states;
  std::vector<std::string> words;  ///< the verb, then units
  std::string wrong;               ///< an option that nobody knows
};

/// `host`: where it was called; -H says another.
SystemctlOptions ReadSystemctlOptions(const std::vector<std::string>& argv, std::string host);

}  // namespace tidegate::lab
