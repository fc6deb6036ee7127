#include "sim/world/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tidegate::sim {
namespace {

constexpr const char* kIgnoredByDefault = "INFORMATION_SCHEMA,PERFORMANCE_SCHEMA,mysql";

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : text + ",") {
    if (c != ',') {
      if (c != ' ') word += c;
      continue;
    }
    if (!word.empty()) out.push_back(Lower(word));
    word.clear();
  }
  return out;
}

bool Matches(const std::string& pattern, const std::string& name) {
  if (pattern.empty() || pattern[0] != '~') return Lower(pattern) == Lower(name);
  std::string prefix = pattern.substr(1);
  if (!prefix.empty() && prefix[0] == '^') prefix.erase(0, 1);
  while (!prefix.empty() && (prefix.back() == '*' || prefix.back() == '.' || prefix.back() == '$')) {
    prefix.pop_back();
  }
  return Lower(name).rfind(Lower(prefix), 0) == 0;
}

struct TableRule {
  std::string schema;
  std::string table;
};

std::vector<TableRule> TableRules(const ConfigFile& config, const std::string& key) {
  std::vector<TableRule> rules;
  for (int i = 0;; ++i) {
    const std::string prefix = fmt::format("syncer.{}.{}.", key, i);
    if (!config.Has(prefix + "db-name")) return rules;
    rules.push_back({config.String(prefix + "db-name", ""), config.String(prefix + "tbl-name", "")});
  }
}

bool AnyRule(const std::vector<TableRule>& rules, const TablePlan& table) {
  return std::any_of(rules.begin(), rules.end(), [&](const TableRule& rule) {
    return Matches(rule.schema, table.schema) && Matches(rule.table, table.name);
  });
}

}  // namespace

TableFilter::TableFilter(const ConfigFile& config, const RunPlan& plan) {
  std::vector<std::string> ignored = config.Strings("syncer.ignore-schemas");
  if (ignored.empty()) ignored = Split(config.String("syncer.ignore-schemas", kIgnoredByDefault));
  const std::vector<std::string> do_dbs = config.Strings("syncer.replicate-do-db");
  const std::vector<TableRule> do_tables = TableRules(config, "replicate-do-table");
  const std::vector<TableRule> ignored_tables = TableRules(config, "ignore-table");
  for (const TablePlan& table : plan.tables) {
    const auto names_schema = [&](const std::string& name) { return Matches(name, table.schema); };
    bool passes = std::none_of(ignored.begin(), ignored.end(), names_schema);
    if (!do_dbs.empty() || !do_tables.empty()) {
      passes = passes && (std::any_of(do_dbs.begin(), do_dbs.end(), names_schema) ||
                          AnyRule(do_tables, table));
    }
    passes_.push_back(passes && !AnyRule(ignored_tables, table) ? 1 : 0);
  }
}

}  // namespace tidegate::sim
