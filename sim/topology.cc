#include "sim/topology.h"

#include <algorithm>
#include <cctype>
#include <regex>

namespace tidegate::sim {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool Matches(const std::string& pattern, const std::string& name) {
  if (pattern.empty() || pattern[0] != '~') return Lower(pattern) == name;
  try {
    return std::regex_search(name, std::regex(Lower(pattern.substr(1))));
  } catch (const std::regex_error&) {
    return false;
  }
}

}  // namespace

bool RowFilter::Passes(std::string_view schema, std::string_view table) const {
  const std::string low_schema = Lower(schema);
  const std::string low_table = Lower(table);
  const auto is_schema = [&](const std::string& name) { return Matches(name, low_schema); };
  if (std::any_of(ignore_schemas.begin(), ignore_schemas.end(),
                  [&](const std::string& name) { return Lower(name) == low_schema; })) {
    return false;
  }
  if (do_dbs.empty() && do_tables.empty()) return true;
  if (std::any_of(do_dbs.begin(), do_dbs.end(), is_schema)) return true;
  return std::any_of(do_tables.begin(), do_tables.end(), [&](const std::string& name) {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return false;
    return Matches(name.substr(0, dot), low_schema) && Matches(name.substr(dot + 1), low_table);
  });
}

NodeId Topology::Find(std::string_view name) const {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].info.name == name) return static_cast<NodeId>(i);
  }
  return kNoNode;
}

std::vector<std::string> Topology::Names() const {
  std::vector<std::string> out;
  out.reserve(nodes.size());
  for (const NodePlan& node : nodes) out.push_back(node.info.name);
  return out;
}

}  // namespace tidegate::sim
