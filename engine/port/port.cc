#include "engine/port/port.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tidegate::engine::port {
namespace {

// The first words of a statement: enough to recognise it, never a value. A timestamp in a table's
// name, or its placeholder in a plan, is a value too.
std::string StatementHead(const std::string& statement) {
  std::string head;
  int words = 0;
  for (const char c : statement) {
    if (c == ' ' && ++words == 6) break;
    if (c == '(' || c == '\'' || c == '"' || c == '=' || c == '$') break;
    if (c >= '0' && c <= '9' && !head.empty() && head.back() == '_') break;
    head += c;
  }
  return head;
}

struct ActionText {
  std::string operator()(const StopProcess& a) const {
    const std::string by = a.signal == 0 ? "" : fmt::format(" by signal {}", a.signal);
    return fmt::format("stop-process {} on {}{}", a.unit, a.host, by);
  }
  std::string operator()(const StartProcess& a) const {
    return fmt::format("start-process {} on {}", a.unit, a.host);
  }
  std::string operator()(const SetUnitEnabled& a) const {
    return fmt::format("{} {} on {}", a.enabled ? "enable-unit" : "disable-unit", a.unit, a.host);
  }
  std::string operator()(const InstallBinary& a) const {
    return fmt::format("install-binary {} {} at {} on {}", a.part, a.version, a.path, a.host);
  }
  std::string operator()(const WriteFile& a) const {
    return fmt::format("write-file {} on {}", a.path, a.host);
  }
  std::string operator()(const RunSql& a) const {
    return fmt::format("run-sql at {}: {}", a.endpoint, StatementHead(a.statement));
  }
  std::string operator()(const RunHook& a) const { return fmt::format("run-hook {}", a.name); }
  std::string operator()(const KeepBackup& a) const {
    return fmt::format("keep-backup {}", a.name);
  }
  std::string operator()(const RunPlaybook& a) const {
    return fmt::format("run-playbook {} --tags={}{}{}", a.playbook, a.tags,
                       a.limit.empty() ? "" : " -l ", a.limit);
  }
  std::string operator()(const CopyBinary& a) const {
    return fmt::format("copy-binary {} to {} on {}", a.from, a.to, a.host);
  }
};

struct QueryText {
  std::string operator()(const HttpGet& q) const {
    if (q.method == "GET") return fmt::format("http-get http://{}:{}{}", q.host, q.port, q.path);
    return fmt::format("http-request {} http://{}:{}{}", q.method, q.host, q.port, q.path);
  }
  std::string operator()(const ListRegistry& q) const {
    return fmt::format("list-registry {}", q.root);
  }
  std::string operator()(const ShowUnit& q) const {
    return fmt::format("show-unit {} on {}", q.unit, q.host);
  }
  std::string operator()(const BinaryVersion& q) const {
    return fmt::format("binary-version {} on {}", q.path, q.host);
  }
  std::string operator()(const ReadRemoteFile& q) const {
    return fmt::format("read-remote-file {} on {}", q.path, q.host);
  }
  std::string operator()(const QuerySql& q) const {
    return fmt::format("query-sql at {}: {}", q.endpoint, StatementHead(q.statement));
  }
  std::string operator()(const ConnectTcp& q) const {
    return fmt::format("connect-tcp {}:{}", q.host, q.port);
  }
};

}  // namespace

std::string Describe(const Action& action) { return std::visit(ActionText{}, action); }
std::string Describe(const Query& query) { return std::visit(QueryText{}, query); }

}  // namespace tidegate::engine::port
