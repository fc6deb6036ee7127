// systemctl's verbs that look: status, show, is-active and its kin, cat, the lists.
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "lab/shell/systemctl.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::Answer;

constexpr int kNoSuchUnit = 4;  // systemctl(1): no such unit
constexpr int kNotRunning = 3;  // program is not running

}  // namespace

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
             return fnmatch(pattern.c_str(), unit.c_str(), 0) == 0 || FullUnitName(pattern) == unit;
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

}  // namespace tidegate::lab
