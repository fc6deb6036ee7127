#include "sim/world/filter.h"

#include <fmt/format.h>

#include "sim/topology.h"

namespace tidegate::sim {
namespace {

constexpr const char* kIgnoredByDefault = "INFORMATION_SCHEMA,PERFORMANCE_SCHEMA,mysql";

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : text + ",") {
    if (c != ',') {
      if (c != ' ') word += c;
      continue;
    }
    if (!word.empty()) out.push_back(word);
    word.clear();
  }
  return out;
}

std::vector<std::string> TableRules(const ConfigFile& config, const std::string& key) {
  std::vector<std::string> rules;
  for (int i = 0;; ++i) {
    const std::string prefix = fmt::format("syncer.{}.{}.", key, i);
    if (!config.Has(prefix + "db-name")) return rules;
    rules.push_back(config.String(prefix + "db-name", "") + "." +
                    config.String(prefix + "tbl-name", ""));
  }
}

}  // namespace

TableFilter::TableFilter(const ConfigFile& config, const RunPlan& plan) {
  RowFilter filter;
  filter.ignore_schemas = config.Strings("syncer.ignore-schemas");
  if (filter.ignore_schemas.empty()) {
    filter.ignore_schemas = Split(config.String("syncer.ignore-schemas", kIgnoredByDefault));
  }
  filter.do_dbs = config.Strings("syncer.replicate-do-db");
  filter.do_tables = TableRules(config, "replicate-do-table");
  for (const TablePlan& table : plan.tables) {
    passes_.push_back(filter.Passes(table.schema, table.name) ? 1 : 0);
  }
}

}  // namespace tidegate::sim
