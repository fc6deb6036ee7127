// systemctl, as systemd 241 to 252 prints it and ends (systemctl(1), "Exit status"; src/systemctl).
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lab/hosts/unit_text.h"
#include "lab/shell/errand.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::Answer;
using port::AnswerCode;

constexpr int kNotRunning = 3;  // systemctl(1): program is not running
constexpr int kNoSuchUnit = 4;  // of status
constexpr int kNotLoaded = 5;   // of start, stop and restart

struct Options {
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

void AddCommas(const std::string& text, std::vector<std::string>* out) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) out->push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
}

// Options that change nothing here.
bool IsIgnored(const std::string& word) {
  constexpr std::array<std::string_view, 17> kIgnored = {
      "--no-pager",  "--system",       "-l",        "--full",  "--force",
      "-f",          "--all",          "-a",        "--plain", "--no-ask-password",
      "--no-reload", "--type=service", "--no-wall", "--wait",  "--ignore-dependencies",
      "--runtime",   "--no-warn"};
  return std::find(kIgnored.begin(), kIgnored.end(), word) != kIgnored.end();
}

// The value of an option that takes one: behind "=", stuck to a short one, or the next word.
bool TakesValue(const std::vector<std::string>& argv, std::size_t* at, std::string_view letter,
                std::string_view name, std::string* value) {
  const std::string& word = argv[*at];
  if (word.starts_with(fmt::format("{}=", name))) {
    *value = word.substr(name.size() + 1);
    return true;
  }
  if (!letter.empty() && word.starts_with(letter) && word.size() > letter.size() &&
      !word.starts_with("--")) {
    *value = word.substr(letter.size());
    return true;
  }
  if (word != name && (letter.empty() || word != letter)) return false;
  *value = ++*at < argv.size() ? argv[*at] : "";
  return true;
}

Options ReadOptions(const std::vector<std::string>& argv, std::string host) {
  Options out;
  out.host = std::move(host);
  bool only_words = false;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    std::string value;
    if (only_words || word.empty() || word[0] != '-') {
      out.words.push_back(word);
    } else if (word == "--") {
      only_words = true;
    } else if (word == "-q" || word == "--quiet") {
      out.quiet = true;
    } else if (word == "--now") {
      out.now = true;
    } else if (word == "--no-block") {
      out.no_block = true;
    } else if (word == "--value") {
      out.only_values = true;
    } else if (word == "--no-legend" || word == "--legend=false") {
      out.no_legend = true;
    } else if (IsIgnored(word)) {
      continue;
    } else if (TakesValue(argv, &i, "-H", "--host", &value)) {
      out.host = value.substr(value.find('@') + 1);
    } else if (TakesValue(argv, &i, "-P", "-P", &value)) {
      out.only_values = true;
      AddCommas(value, &out.properties);
    } else if (TakesValue(argv, &i, "-p", "--property", &value)) {
      AddCommas(value, &out.properties);
    } else if (TakesValue(argv, &i, "-s", "--signal", &value)) {
      out.signal = value;
    } else if (TakesValue(argv, &i, "", "--state", &value)) {
      AddCommas(value, &out.states);
    } else if (!TakesValue(argv, &i, "-t", "--type", &value) &&
               !TakesValue(argv, &i, "-n", "--lines", &value) &&
               !TakesValue(argv, &i, "-o", "--output", &value) &&
               !TakesValue(argv, &i, "", "--job-mode", &value) &&
               !TakesValue(argv, &i, "", "--kill-who", &value)) {
      out.wrong = word;
      return out;
    }
  }
  return out;
}

// "pump" is short for "pump.service".
std::string FullName(const std::string& unit) {
  constexpr std::array<std::string_view, 6> kSuffixes = {".service", ".target", ".timer",
                                                         ".socket",  ".mount",  ".path"};
  const bool full = std::any_of(kSuffixes.begin(), kSuffixes.end(),
                                [&](std::string_view suffix) { return unit.ends_with(suffix); });
  return full ? unit : unit + ".service";
}

// What systemd would say about one unit: the world's lines where it has the process.
struct Shown {
  std::string load = "not-found";
  std::string active = "inactive";
  std::string sub = "dead";
  std::string file;
};

class Systemctl {
 public:
  Systemctl(Errand* errand, Options options) : errand_(errand), options_(std::move(options)) {}

  void Fill();

 private:
  using OnShown = std::function<void(const Shown&)>;

  // `options_.host` is a host of the plan from here on.
  NodeId NodeOf(const std::string& unit) const {
    return errand_->trees.NodeOfUnit(options_.host, unit);
  }
  std::string PlanUnit(NodeId node) const { return errand_->plan.nodes[node].info.unit; }
  void Show(const std::string& unit, const OnShown& then) const;
  std::vector<std::string> Units() const;

  void AddStart(const std::string& unit, const std::string& verb) const;
  void AddStop(const std::string& unit, bool starts_next) const;
  void AddEnable(const std::string& unit, bool enabled) const;
  void AddKill(const std::string& unit) const;
  void AddStatus(const std::string& unit) const;
  void AddShow(const std::string& unit) const;
  void AddIs(const std::string& unit, const std::string& verb) const;
  void AddCat(const std::string& unit) const;
  void AddList(bool files) const;
  void FillVerb(const std::string& verb, const std::vector<std::string>& units);

  Errand* errand_;  ///< whose steps hold copies of this
  Options options_;
};

void Systemctl::Show(const std::string& unit, const OnShown& then) const {
  const NodeId node = NodeOf(unit);
  if (node == kNoNode) {
    Shown shown;
    // A unit file of somebody's own that runs no part of the cluster.
    if (errand_->trees.HasUnit(options_.host, unit)) shown.load = "loaded", shown.file = "disabled";
    then(shown);
    return;
  }
  errand_->hands.Ask(port::ShowUnit{options_.host, PlanUnit(node)}, kAskTimeout,
                     [then](const Answer& answer) {
                       Shown shown;
                       if (answer.ok()) {
                         shown.load = PropertyIn(answer.body, "LoadState");
                         shown.active = PropertyIn(answer.body, "ActiveState");
                         shown.sub = PropertyIn(answer.body, "SubState");
                         shown.file = PropertyIn(answer.body, "UnitFileState");
                       }
                       then(shown);
                     });
}

std::vector<std::string> Systemctl::Units() const { return errand_->trees.Units(options_.host); }

void Systemctl::AddStart(const std::string& unit, const std::string& verb) const {
  const NodeId slot = NodeOf(unit);
  if (slot != kNoNode) {
    AddWhatItReads(errand_->shared_from_this(), slot,
                   errand_->trees.StartTextOf(options_.host, unit),
                   DeployDirOf(errand_->plan.nodes[slot]));
  }
  errand_->Then([self = *this, unit, verb](const Errand::Self& e) {
    const NodeId node = self.NodeOf(unit);
    if (node == kNoNode) {
      e->reply.exit = kNotLoaded;
      e->reply.errors += fmt::format("Failed to {} {}: Unit {} not found.\n", verb, unit, unit);
      e->Next();
      return;
    }
    const auto done = [e, unit](const Answer& answer) {
      if (!answer.ok()) {
        e->reply.exit = 1;
        e->reply.errors += fmt::format(
            "Job for {0} failed because the control process exited with error code.\n"
            "See \"systemctl status {0}\" and \"journalctl -xe\" for details.\n",
            unit);
      }
    };
    const port::StartProcess action{self.options_.host, self.PlanUnit(node)};
    if (self.options_.no_block) {
      e->hands.Perform(action, [](const Answer&) {});
      e->Next();
      return;
    }
    e->hands.Perform(action, [e, done](const Answer& answer) {
      done(answer);
      e->Next();
    });
  });
}

void Systemctl::AddStop(const std::string& unit, bool starts_next) const {
  errand_->Then([self = *this, unit, starts_next](const Errand::Self& e) {
    const NodeId node = self.NodeOf(unit);
    if (node == kNoNode) {
      if (!starts_next) {
        e->reply.exit = kNotLoaded;
        e->reply.errors += fmt::format("Failed to stop {0}: Unit {0} not loaded.\n", unit);
      }
      e->Next();
      return;
    }
    const port::StopProcess action{self.options_.host, self.PlanUnit(node)};
    if (self.options_.no_block && !starts_next) {
      e->hands.Perform(action, [](const Answer&) {});
      e->Next();
      return;
    }
    e->hands.Perform(action, [e, unit](const Answer& answer) {
      if (!answer.ok()) {
        e->reply.exit = 1;
        e->reply.errors += fmt::format(
            "Job for {0} failed because a timeout was exceeded.\n"
            "See \"systemctl status {0}\" and \"journalctl -xe\" for details.\n",
            unit);
      }
      e->Next();
    });
  });
}

void Systemctl::AddEnable(const std::string& unit, bool enabled) const {
  errand_->Then([self = *this, unit, enabled](const Errand::Self& e) {
    const NodeId node = self.NodeOf(unit);
    const std::string& host = self.options_.host;
    if (!e->trees.HasUnit(host, unit)) {
      e->reply.exit = 1;
      e->reply.errors += fmt::format("Failed to {} unit: Unit file {} does not exist.\n",
                                     enabled ? "enable" : "disable", unit);
      e->Next();
      return;
    }
    const auto link = [self, unit, enabled](const Errand::Self& one) {
      const RootDir* root = one->trees.Root(self.options_.host);
      const std::string path = fmt::format("{}/multi-user.target.wants/{}", kUnitDir, unit);
      const auto names = root->List(fmt::format("{}/multi-user.target.wants", kUnitDir));
      const bool there = std::find(names.begin(), names.end(), unit) != names.end();
      const Status status = one->trees.LinkUnit(self.options_.host, unit, enabled);
      if (!status) one->reply.errors += status.error().ToString() + "\n";
      if (self.options_.quiet || there == enabled) return;
      one->reply.errors += enabled
                               ? fmt::format("Created symlink {} → {}/{}.\n", path, kUnitDir, unit)
                               : fmt::format("Removed {}.\n", path);
    };
    if (node == kNoNode) {
      link(e);
      e->Next();
      return;
    }
    e->hands.Perform(port::SetUnitEnabled{host, self.PlanUnit(node), enabled},
                     [e, link](const Answer& answer) {
                       if (answer.ok()) {
                         link(e);
                       } else {
                         e->reply.exit = 1;
                         e->reply.errors += answer.body + "\n";
                       }
                       e->Next();
                     });
  });
}

void Systemctl::AddKill(const std::string& unit) const {
  errand_->Then([self = *this, unit](const Errand::Self& e) {
    const NodeId node = self.NodeOf(unit);
    const std::string& name = self.options_.signal;
    const int signal = name == "9" || name == "KILL" || name == "SIGKILL" ? 9 : 15;
    if (node == kNoNode) {
      e->reply.exit = 1;
      e->reply.errors += fmt::format("Failed to kill unit {0}: Unit {0} not loaded.\n", unit);
      e->Next();
      return;
    }
    e->Signal(node, signal, [e, unit](bool there) {
      if (!there) {
        e->reply.exit = 1;
        e->reply.errors += fmt::format("Failed to kill unit {}: No such process\n", unit);
      }
      e->Next();
    });
  });
}

void Systemctl::AddStatus(const std::string& unit) const {
  errand_->Then([self = *this, unit](const Errand::Self& e) {
    self.Show(unit, [e, unit](const Shown& shown) {
      if (shown.load == "not-found") {
        e->reply.exit = kNoSuchUnit;
        e->reply.errors += fmt::format("Unit {} could not be found.\n", unit);
        e->Next();
        return;
      }
      const bool up = shown.active == "active";
      if (!up && e->reply.exit == 0) e->reply.exit = kNotRunning;
      const std::string_view dot = shown.active == "failed" ? "×" : up ? "●" : "○";
      e->reply.output += fmt::format(
          "{}{} {} - {} service\n     Loaded: loaded ({}/{}; {}; preset: enabled)\n"
          "     Active: {} ({})\n",
          e->reply.output.empty() ? "" : "\n", dot, unit, unit.substr(0, unit.rfind('.')), kUnitDir,
          unit, shown.file, shown.active, shown.sub);
      e->Next();
    });
  });
}

void Systemctl::AddShow(const std::string& unit) const {
  errand_->Then([self = *this, unit](const Errand::Self& e) {
    self.Show(unit, [self, e, unit](const Shown& shown) {
      const bool loaded = shown.load == "loaded";
      const std::array<std::pair<std::string, std::string>, 9> lines = {{
          {"Id", unit},
          {"Names", unit},
          {"LoadState", shown.load},
          {"ActiveState", shown.active},
          {"SubState", shown.sub},
          {"Result", shown.active == "failed" ? "exit-code" : "success"},
          {"FragmentPath", loaded ? fmt::format("{}/{}", kUnitDir, unit) : ""},
          {"UnitFileState", shown.file},
          {"CanStart", loaded ? "yes" : "no"},
      }};
      if (!e->reply.output.empty()) e->reply.output += "\n";
      for (const auto& [name, value] : lines) {
        const auto& wanted = self.options_.properties;
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) {
          continue;
        }
        e->reply.output +=
            self.options_.only_values ? value + "\n" : fmt::format("{}={}\n", name, value);
      }
      e->Next();
    });
  });
}

// is-active and is-failed succeed when any unit is so, is-enabled when all are.
void Systemctl::AddIs(const std::string& unit, const std::string& verb) const {
  errand_->Then([self = *this, unit, verb](const Errand::Self& e) {
    self.Show(unit, [self, e, unit, verb](const Shown& shown) {
      std::string said = verb == "is-enabled" ? shown.file : shown.active;
      bool good = verb == "is-failed" ? said == "failed" : said == "active";
      if (verb == "is-enabled") good = said == "enabled";
      if (verb == "is-enabled" && shown.load == "not-found") {
        e->reply.errors +=
            fmt::format("Failed to get unit file state for {}: No such file or directory\n", unit);
      } else if (!self.options_.quiet) {
        e->reply.output += said + "\n";
      }
      const bool all = verb == "is-enabled";
      if (good && !all) e->reply.exit = 0;
      if (!good && all) e->reply.exit = 1;
      e->Next();
    });
  });
}

void Systemctl::AddCat(const std::string& unit) const {
  errand_->Then([self = *this, unit](const Errand::Self& e) {
    const RootDir* root = e->trees.Root(self.options_.host);
    const std::string path = fmt::format("{}/{}", kUnitDir, unit);
    const std::optional<std::string> text = root == nullptr ? std::nullopt : root->Read(path);
    if (text) {
      e->reply.output += fmt::format("# {}\n{}", path, *text);
    } else {
      e->reply.exit = 1;
      e->reply.errors += fmt::format("No files found for {}.\n", unit);
    }
    e->Next();
  });
}

// list-unit-files, or list-units of those that are loaded.
void Systemctl::AddList(bool files) const {
  const std::vector<std::string> patterns(options_.words.begin() + 1, options_.words.end());
  const auto wanted = [&](const std::string& unit) {
    return patterns.empty() ||
           std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
             return fnmatch(pattern.c_str(), unit.c_str(), 0) == 0 || FullName(pattern) == unit;
           });
  };
  const auto count = std::make_shared<int>(0);
  if (!options_.no_legend) {
    errand_->reply.output +=
        files ? "UNIT FILE STATE PRESET\n" : "UNIT LOAD ACTIVE SUB DESCRIPTION\n";
  }
  for (const std::string& unit : Units()) {
    if (!wanted(unit)) continue;
    errand_->Then([self = *this, unit, files, count](const Errand::Self& e) {
      self.Show(unit, [self, e, unit, files, count](const Shown& shown) {
        const auto& states = self.options_.states;
        const bool named =
            states.empty() || std::any_of(states.begin(), states.end(), [&](const std::string& s) {
              return s == shown.active || s == shown.sub || s == shown.file;
            });
        if (named) {
          ++*count;
          e->reply.output +=
              files ? fmt::format("{} {} enabled\n", unit, shown.file)
                    : fmt::format("{} {} {} {} {} service\n", unit, shown.load, shown.active,
                                  shown.sub, unit.substr(0, unit.rfind('.')));
        }
        e->Next();
      });
    });
  }
  if (options_.no_legend) return;
  errand_->Then([files, count](const Errand::Self& e) {
    e->reply.output +=
        fmt::format("\n{} {}.\n", *count, files ? "unit files listed" : "loaded units listed");
    e->Next();
  });
}

void Systemctl::FillVerb(const std::string& verb, const std::vector<std::string>& units) {
  if (verb == "is-active") errand_->reply.exit = kNotRunning;
  if (verb == "is-failed") errand_->reply.exit = 1;
  for (const std::string& word : units) {
    const std::string unit = FullName(word);
    if (verb == "start") {
      AddStart(unit, verb);
    } else if (verb == "stop") {
      AddStop(unit, false);
    } else if (verb == "restart" || verb == "reload-or-restart") {
      AddStop(unit, true);
      AddStart(unit, verb);
    } else if (verb == "enable" || verb == "reenable") {
      AddEnable(unit, true);
      if (options_.now) AddStart(unit, "start");
    } else if (verb == "disable") {
      AddEnable(unit, false);
      if (options_.now) AddStop(unit, false);
    } else if (verb == "kill") {
      AddKill(unit);
    } else if (verb == "status") {
      AddStatus(unit);
    } else if (verb == "show") {
      AddShow(unit);
    } else if (verb == "cat") {
      AddCat(unit);
    } else {
      AddIs(unit, verb);
    }
  }
}

void Systemctl::Fill() {
  if (!options_.wrong.empty()) {
    errand_->reply.exit = 1;
    errand_->reply.errors = fmt::format("systemctl: unrecognized option '{}'\n", options_.wrong);
    return;
  }
  const std::optional<std::string> host = errand_->trees.HostNamed(options_.host);
  if (!host) {
    errand_->hands.Refused(
        errand_->request.host,
        fmt::format("systemctl on '{}', which is no host of this cluster", options_.host));
    errand_->reply.exit = 1;
    errand_->reply.errors = fmt::format(
        "Failed to connect to bus: Host is down\nssh: Could not resolve hostname {}: Name or "
        "service not known\n",
        options_.host);
    return;
  }
  options_.host = *host;
  const std::string verb = options_.words.empty() ? "list-units" : options_.words[0];
  if (options_.words.empty()) options_.words.push_back(verb);
  if (verb == "daemon-reload" || verb == "daemon-reexec" || verb == "reset-failed") return;
  if (verb == "list-unit-files" || verb == "list-units") {
    AddList(verb == "list-unit-files");
    return;
  }
  constexpr std::array<std::string_view, 14> kVerbs = {
      "start",  "stop", "restart", "reload-or-restart", "enable",    "reenable",  "disable", "kill",
      "status", "show", "cat",     "is-active",         "is-failed", "is-enabled"};
  if (std::find(kVerbs.begin(), kVerbs.end(), verb) == kVerbs.end()) {
    errand_->reply.exit = 1;
    errand_->reply.errors = fmt::format("Unknown command verb {}.\n", verb);
    return;
  }
  if (options_.words.size() == 1) {
    errand_->reply.exit = 1;
    errand_->reply.errors = "Too few arguments.\n";
    return;
  }
  FillVerb(verb, {options_.words.begin() + 1, options_.words.end()});
}

}  // namespace

void TranslateSystemctl(const Errand::Self& errand) {
  Systemctl(errand.get(), ReadOptions(errand->request.argv, errand->request.host)).Fill();
}

}  // namespace tidegate::lab
