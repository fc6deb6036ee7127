// An operator's own Ansible inventory (INI), read as Ansible reads it: groups with :children and
// :vars, host aliases with variables, ranges, quotes, comments. What tidegate does not need is kept
// and never complained about; what Ansible itself would refuse is an error with its place.
//
// Facts: tidb-ansible inventory.ini and roles/*; precedence as Ansible's: host, then child group,
// then parent group, then all.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidegate::engine {

/// A place in the inventory, both from 1, columns in bytes.
struct InventoryPlace {
  std::int64_t line = 0;
  std::int64_t column = 0;
};

/// A variable's value as Ansible would see it: quotes removed, `{{ name }}` not yet replaced.
struct InventoryValue {
  std::string text;
  InventoryPlace place;
};

using InventoryVars = std::map<std::string, InventoryValue, std::less<>>;

struct InventoryHost {
  std::string name;  ///< the alias
  InventoryPlace place;
  InventoryVars vars;  ///< of its own lines; a later line wins
};

struct InventoryGroup {
  std::string name;
  InventoryPlace place;
  std::vector<std::size_t> hosts;     ///< indexes, in file order, unique
  std::vector<std::size_t> children;  ///< indexes, in file order, unique
  InventoryVars vars;
};

class Inventory {
 public:
  /// `file` is used in messages only. Tolerates CRLF, tabs and a byte order mark. Bounds: 16 MiB,
  /// 10,000 hosts, 1,000 groups. Errors: kBadInput at file:line:column.
  static Result<Inventory> Parse(std::string_view text, std::string file);
  /// Reads and parses `path`.
  static Result<Inventory> Load(const std::string& path);

  const std::string& file() const { return file_; }
  const std::vector<InventoryHost>& hosts() const { return hosts_; }
  const std::vector<InventoryGroup>& groups() const { return groups_; }

  bool HasGroup(std::string_view group) const;
  /// Every host of `group` and of the groups below it, in file order, each once. None for a group
  /// that isn't there; "all" has every host.
  std::vector<const InventoryHost*> HostsOf(std::string_view group) const;
  /// The one host of that name, or null.
  const InventoryHost* FindHost(std::string_view name) const;

  /// The value in effect for `host`, `{{ name }}` replaced; nullopt when nobody sets it. Errors: an
  /// expression that is more than a name, a name that nobody sets, a loop.
  Result<std::optional<InventoryValue>> Value(const InventoryHost& host,
                                              std::string_view name) const;
  /// The value that [all:vars] gives; for what belongs to the whole cluster.
  Result<std::optional<InventoryValue>> GlobalValue(std::string_view name) const;

  /// kBadInput at file:line:column.
  Error ErrorAt(InventoryPlace place, std::string message) const;
  /// "no group [x] with a host; did you mean 'y'?": for a group that somebody needs.
  Error MissingGroup(std::string_view group) const;

 private:
  friend class InventoryReader;

  const InventoryGroup* FindGroup(std::string_view name) const;
  const InventoryValue* Raw(const InventoryHost* host, std::string_view name) const;
  Result<std::optional<InventoryValue>> Expanded(const InventoryHost* host, std::string_view name,
                                                 int depth) const;

  std::string file_;
  std::vector<InventoryHost> hosts_;
  std::vector<InventoryGroup> groups_;  ///< [0] is "all"
  std::map<std::string, std::size_t, std::less<>> host_index_;
  std::map<std::string, std::size_t, std::less<>> group_index_;
  std::vector<std::vector<std::size_t>> precedence_;  ///< of each host: groups, strongest first
};

}  // namespace tidegate::engine
