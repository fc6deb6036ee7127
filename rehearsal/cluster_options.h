// The options by which a real cluster is named: its files, and which upgrade of it is meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "engine/cluster_builder.h"

namespace tidegate::rehearsal {

/// --inventory (required), --target, --site and --procedure, which is one of `procedures`, into
/// `paths`. `paths` outlives the parse.
inline void AddClusterOptions(CLI::App* command, engine::ClusterPaths* paths,
                              const std::vector<std::string>& procedures) {
  command->add_option("--inventory", paths->inventory, "The old inventory.ini")->required();
  command->add_option("--target", paths->target, "The new side's inventory");
  command->add_option("--site", paths->site, "What no inventory says (JSON)");
  command
      ->add_option_function<std::string>(
          "--procedure",
          [paths](const std::string& name) { paths->procedure = engine::ProcedureNamed(name); },
          "Which documented upgrade [kafka-to-cluster]")
      ->check(CLI::IsMember(procedures));
}

}  // namespace tidegate::rehearsal
