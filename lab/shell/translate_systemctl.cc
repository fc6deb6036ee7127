// systemctl's verbs that change something: start, stop, restart, enable, disable, kill.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lab/hosts/unit_text.h"
#include "lab/shell/systemctl.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::Answer;

constexpr int kNotRunning = 3;  // systemctl(1): program is not running
constexpr int kNotLoaded = 5;   // of start, stop and restart

}  // namespace

std::string FullUnitName(const std::string& unit) {
  constexpr std::array<std::string_view, 6> kSuffixes = {".service", ".target", ".timer",
                                                         ".socket",  ".mount",  ".path"};
  const bool full = std::any_of(kSuffixes.begin(), kSuffixes.end(),
                                [&](std::string_view suffix) { return unit.ends_with(suffix); });
  return full ? unit : unit + ".service";
}

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

void Systemctl::FillVerb(const std::string& verb, const std::vector<std::string>& units) {
  if (verb == "is-active") errand_->reply.exit = kNotRunning;
  if (verb == "is-failed") errand_->reply.exit = 1;
  for (const std::string& word : units) {
    const std::string unit = FullUnitName(word);
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

void TranslateSystemctl(const Errand::Self& errand) {
  Systemctl(errand.get(), ReadSystemctlOptions(errand->request.argv, errand->request.host)).Fill();
}

}  // namespace tidegate::lab
