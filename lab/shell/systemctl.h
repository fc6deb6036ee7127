// One call of systemctl, as systemd 241 to 252 prints it and ends (systemctl(1), "Exit status";
// src/systemctl): its verb becomes steps of the errand.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "lab/shell/errand.h"
#include "lab/shell/systemctl_options.h"

namespace tidegate::lab {

class Systemctl {
 public:
  Systemctl(Errand* errand, SystemctlOptions options)
      : errand_(errand), options_(std::move(options)) {}

  void Fill();

 private:
  // What systemd would say about one unit: the world's lines where it has the process.
  struct Shown {
    std::string load = "not-found";
    std::string active = "inactive";
    std::string sub = "dead";
    std::string file;
  };
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
  SystemctlOptions options_;
};

/// "pump" is short for "pump.service".
std::string FullUnitName(const std::string& unit);

}  // namespace tidegate::lab
