// From typed actions and queries to argv arrays. A value of an inventory is always one element of
// an argv, never a piece of a shell's text. Over ssh the far side is a shell whether one likes it
// or not: there each word is put between single quotes, in which a shell changes nothing.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/cluster.h"
#include "engine/port/port.h"
#include "engine/real/spawn.h"
#include "engine/site.h"

namespace tidegate::engine {

/// How a MySQL-protocol endpoint is reached.
struct SqlEndpoint {
  std::string host;
  std::int64_t port = 0;
  std::string defaults_file;  ///< mysql --defaults-extra-file, with user and password; "" = none
};

struct TemplateOptions {
  enum class Kind : std::uint8_t { kLocal, kSsh };
  Kind kind = Kind::kLocal;
  std::string ssh_user;       ///< "" = ssh's own default
  std::string resources_dir;  ///< holds VERSION/bin/PART for each binary to install
  bool sudo = false;          ///< systemctl and unit files through `sudo -n`
  std::map<std::string, SqlEndpoint, std::less<>> sql;  ///< by endpoint name
};

/// Adds the SQL endpoints of a cluster: each TiDB as "tidb HOST:PORT", each sink that is a server
/// by its name, with the `defaults_file` that the site file gives.
void AddSqlEndpoints(const Cluster& cluster, const Site& site, TemplateOptions* options);

class Templates {
 public:
  explicit Templates(TemplateOptions options) : options_(std::move(options)) {}

  /// The commands, in order; each must end with 0 before the next. KeepBackup renders none: the
  /// host keeps backups itself. Errors: kNotFound for an SQL endpoint that nobody listed, kBadInput
  /// for a path that is not absolute.
  Result<std::vector<Command>> Render(const port::Action& action) const;

  /// The one command of a query. REQUIRES: ShowUnit, BinaryVersion, ReadRemoteFile or QuerySql; the
  /// others are no commands.
  Result<Command> Render(const port::Query& query) const;

 private:
  friend struct ActionTemplates;
  friend struct QueryTemplates;

  Command On(const std::string& host, std::vector<std::string> argv) const;
  std::vector<std::string> Systemctl(std::vector<std::string> words) const;
  Result<Command> Mysql(const std::string& endpoint, const std::string& statement) const;

  TemplateOptions options_;
};

/// `word` between single quotes, as every POSIX shell reads it back unchanged.
std::string ShellQuote(std::string_view word);

}  // namespace tidegate::engine
