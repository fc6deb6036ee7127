#include "lab/shell/binlogctl_options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

namespace tidegate::lab {
namespace {

struct Flag {
  std::string_view name;
  std::string_view usage;
  std::string BinlogctlOptions::*text = nullptr;
  bool BinlogctlOptions::*on = nullptr;
};

constexpr std::string_view kTls = "for connection with cluster components.";

std::vector<Flag> FlagsOf(const BinlogctlRelease& release) {
  using O = BinlogctlOptions;
  std::vector<Flag> flags = {
      {"V", "prints version and exit", nullptr, &O::version},
      {"cmd", "operator: pumps, drainers, update-pump, …", &O::command, nullptr},
      {"data-dir", "meta directory path", &O::data_dir, nullptr},
      {"node-id", "id of node, of the commands that change one", &O::node_id, nullptr},
      {"pd-urls", "a comma separated list of PD endpoints", &O::pd_urls, nullptr},
      {"ssl-ca", kTls, nullptr, nullptr},
      {"ssl-cert", kTls, nullptr, nullptr},
      {"ssl-key", kTls, nullptr, nullptr},
      {"state", "set node's state: online, pausing, paused, closing or offline", &O::state,
       nullptr},
      {"time-zone", "set time zone if you want save time info in savepoint file", &O::time_zone,
       nullptr}};
  if (release.show_offline) {
    flags.push_back({"show-offline-nodes", "include offline nodes", nullptr, &O::show_offline});
  }
  if (release.encrypts) flags.push_back({"text", "text to be encrypted", nullptr, nullptr});
  return flags;
}

bool Is(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), value) != words.end();
}

void Refuse(std::string why, BinlogctlOptions* out) {
  out->said_first = why + "\n";
  out->wrong = std::move(why);
}

// Go: strconv.ParseBool
void SetBool(const Flag& flag, std::string_view value, BinlogctlOptions* out) {
  if (Is(value, {"1", "t", "T", "true", "TRUE", "True"})) {
    out->*flag.on = true;
  } else if (Is(value, {"0", "f", "F", "false", "FALSE", "False"})) {
    out->*flag.on = false;
  } else {
    Refuse(fmt::format("invalid boolean value \"{}\" for -{}: parse error", value, flag.name), out);
  }
}

}  // namespace

BinlogctlOptions ReadBinlogctlOptions(const std::vector<std::string>& argv,
                                      const BinlogctlRelease& release) {
  BinlogctlOptions out;
  const std::vector<Flag> flags = FlagsOf(release);
  for (std::size_t i = 0; i < argv.size() && out.wrong.empty(); ++i) {
    std::string_view word = argv[i];
    if (word.size() < 2 || word[0] != '-') {
      out.wrong = fmt::format("'{}' is not a valid flag", word);
      break;
    }
    word.remove_prefix(word[1] == '-' ? 2 : 1);
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const bool has_value = equals != std::string_view::npos;
    const auto found = std::find_if(flags.begin(), flags.end(),
                                    [&](const Flag& flag) { return flag.name == name; });
    if (found == flags.end() && Is(name, {"h", "help"})) {
      out.help = true;
      break;
    }
    if (found == flags.end()) {
      Refuse(fmt::format("flag provided but not defined: -{}", name), &out);
    } else if (found->on != nullptr) {
      SetBool(*found, has_value ? word.substr(equals + 1) : "true", &out);
    } else if (!has_value && i + 1 == argv.size()) {
      Refuse(fmt::format("flag needs an argument: -{}", name), &out);
    } else {
      const std::string value = has_value ? std::string(word.substr(equals + 1)) : argv[++i];
      if (found->text != nullptr) out.*found->text = value;
    }
  }
  return out;
}

std::string BinlogctlUsage(const BinlogctlRelease& release) {
  std::vector<Flag> flags = FlagsOf(release);
  std::sort(flags.begin(), flags.end(),
            [](const Flag& a, const Flag& b) { return a.name < b.name; });
  std::string text = "Usage of binlogctl:\n";
  for (const Flag& flag : flags) {
    text += fmt::format("  -{}{}\n    \t{}\n", flag.name, flag.on == nullptr ? " string" : "",
                        flag.usage);
  }
  return text;
}

std::string SavepointText(std::int64_t commit_ts, const std::string& time_zone) {
  std::string text = fmt::format("commitTS = {}\n", commit_ts);
  if (time_zone.empty()) return text;
  const bool local = time_zone == "Local";
  const bool known = local || time_zone == "UTC" ||
                     (time_zone.find("..") == std::string::npos &&
                      access(fmt::format("/usr/share/zoneinfo/{}", time_zone).c_str(), R_OK) == 0);
  if (!known) return text;
  const std::int64_t ms = commit_ts >> 18;
  const std::time_t seconds = ms / 1000;
  // As Go prints a time: without zeros at the end of its fraction.
  std::string fraction = fmt::format(".{:03}", ms % 1000);
  while (fraction.ends_with('0')) fraction.pop_back();
  if (fraction == ".") fraction.clear();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  if (!local) {
    setenv("TZ", time_zone.c_str(), 1);
    tzset();
  }
  std::tm there{};
  localtime_r(&seconds, &there);
  std::array<char, 40> date{};
  std::array<char, 40> zone{};
  std::strftime(date.data(), date.size(), "%Y-%m-%d %H:%M:%S", &utc);
  text += fmt::format("{}{} +0000 UTC\n", date.data(), fraction);
  std::strftime(date.data(), date.size(), "%Y-%m-%d %H:%M:%S", &there);
  std::strftime(zone.data(), zone.size(), "%z %Z", &there);
  return text + fmt::format("{}{} {}", date.data(), fraction, zone.data());
}

}  // namespace tidegate::lab
