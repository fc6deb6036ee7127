#include "engine/real/templates.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/names.h"
#include "engine/real/supervise.h"

namespace tidegate::engine {
namespace {

constexpr std::string_view kUnitFolder = "/etc/systemd/system/";

Status CheckPath(const std::string& path) {
  if (path.starts_with("/") && path.find('\0') == std::string::npos) return {};
  return Error{ErrorCode::kBadInput, fmt::format("'{}' is no absolute path", path), ""};
}

// Scripts are run, configurations hold passwords, units are read by systemd.
std::string_view ModeOf(const std::string& path) {
  if (path.ends_with(".sh")) return "0755";
  return path.starts_with(kUnitFolder) ? "0644" : "0600";
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

std::string ShellQuote(std::string_view word) {
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

Command Templates::On(const std::string& host, std::vector<std::string> argv) const {
  Command command;
  if (options_.kind == TemplateOptions::Kind::kLocal || host == "localhost") {
    command.argv = std::move(argv);
    return command;
  }
  std::string words;
  for (const std::string& word : argv) {
    if (!words.empty()) words += ' ';
    words += ShellQuote(word);
  }
  command.argv = {"ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"};
  if (!options_.ssh_user.empty()) {
    command.argv.insert(command.argv.end(), {"-l", options_.ssh_user});
  }
  command.argv.insert(command.argv.end(), {"--", host, std::move(words)});
  return command;
}

std::vector<std::string> Templates::Systemctl(std::vector<std::string> words) const {
  std::vector<std::string> argv;
  if (options_.sudo) argv = {"sudo", "-n"};
  argv.emplace_back("systemctl");
  for (std::string& word : words) argv.push_back(std::move(word));
  return argv;
}

// The statement goes through standard input: argv is for everybody to see.
Result<Command> Templates::Mysql(const std::string& endpoint, const std::string& statement) const {
  const auto found = options_.sql.find(endpoint);
  if (found == options_.sql.end()) {
    std::vector<std::string> known;
    for (const auto& [name, value] : options_.sql) known.push_back(name);
    return Error{
        ErrorCode::kNotFound,
        fmt::format("no SQL endpoint is named '{}'{}", endpoint, DidYouMean(endpoint, known)), ""};
  }
  Command command;
  command.argv = {"mysql"};
  if (!found->second.defaults_file.empty()) {
    command.argv.push_back("--defaults-extra-file=" + found->second.defaults_file);
  }
  for (std::string word :
       {"--host=" + found->second.host, fmt::format("--port={}", found->second.port),
        std::string("--protocol=tcp"), std::string("--connect-timeout=5"), std::string("--batch"),
        std::string("--raw")}) {
    command.argv.push_back(std::move(word));
  }
  command.input = statement + (statement.ends_with(";") ? "\n" : ";\n");
  return command;
}

struct ActionTemplates {
  const Templates& of;
  std::vector<Command>* out;

  Status Add(const std::string& host, Result<std::vector<std::string>> argv) const {
    if (!argv) return argv.error();
    out->push_back(of.On(host, std::move(*argv)));
    return {};
  }
  Status operator()(const port::StopProcess& a) const {
    if (port::UnderSupervise(a.unit)) return Add(a.host, SuperviseStop(a.unit));
    out->push_back(of.On(a.host, of.Systemctl({"stop", "--", a.unit})));
    return {};
  }
  Status operator()(const port::StartProcess& a) const {
    if (port::UnderSupervise(a.unit)) return Add(a.host, SuperviseStart(a.unit));
    out->push_back(of.On(a.host, of.Systemctl({"start", "--", a.unit})));
    return {};
  }
  Status operator()(const port::SetUnitEnabled& a) const {
    CHECK(!port::UnderSupervise(a.unit));
    out->push_back(of.On(a.host, of.Systemctl({a.enabled ? "enable" : "disable", "--", a.unit})));
    return {};
  }
  // Beside the old one, then renamed over it: a running binary can't be written to.
  Status operator()(const port::InstallBinary& a) const {
    TRY(CheckPath(a.path));
    const std::string fresh = a.path + ".tidegate-new";
    out->push_back(of.On(a.host, {"mkdir", "-p", "--", FolderOf(a.path)}));
    Command copy = of.On(a.host, {"install", "-m", "0755", "--", "/dev/stdin", fresh});
    copy.input_file = fmt::format("{}/{}/bin/{}", of.options_.resources_dir, a.version, a.part);
    out->push_back(std::move(copy));
    out->push_back(of.On(a.host, {"mv", "-f", "--", fresh, a.path}));
    return {};
  }
  Status operator()(const port::WriteFile& a) const {
    TRY(CheckPath(a.path));
    const bool unit = a.path.starts_with(kUnitFolder);
    const auto run = [&](std::vector<std::string> argv) {
      if (unit && of.options_.sudo) argv.insert(argv.begin(), {"sudo", "-n"});
      return of.On(a.host, std::move(argv));
    };
    const std::string fresh = a.path + ".tidegate-new";
    out->push_back(run({"mkdir", "-p", "--", FolderOf(a.path)}));
    Command write = run({"install", "-m", std::string(ModeOf(a.path)), "--", "/dev/stdin", fresh});
    write.input = a.content;
    out->push_back(std::move(write));
    out->push_back(run({"mv", "-f", "--", fresh, a.path}));
    if (unit) out->push_back(of.On(a.host, of.Systemctl({"daemon-reload"})));
    return {};
  }
  Status operator()(const port::RunSql& a) const {
    TRY_ASSIGN(Command command, of.Mysql(a.endpoint, a.statement));
    out->push_back(std::move(command));
    return {};
  }
  Status operator()(const port::RunHook& a) const {
    if (a.argv.empty())
      return Error{ErrorCode::kBadInput, "the hook '" + a.name + "' is empty", ""};
    Command command;
    command.argv = a.argv;
    out->push_back(std::move(command));
    return {};
  }
  Status operator()(const port::KeepBackup&) const { return {}; }
  Status operator()(const port::RunPlaybook& a) const {
    Command command;
    // ansible-core ends at once in a locale that is none of UTF-8.
    command.own_locale = true;
    // ansible.cfg, and with it the inventory, is looked for in the current folder.
    if (!a.dir.empty()) {
      TRY(CheckPath(a.dir));
      command.argv = {"env", "--chdir=" + a.dir};
    }
    command.argv.insert(command.argv.end(), {"ansible-playbook", a.playbook, "--tags=" + a.tags});
    if (!a.limit.empty()) command.argv.insert(command.argv.end(), {"-l", a.limit});
    out->push_back(std::move(command));
    return {};
  }
  Status operator()(const port::CopyBinary& a) const {
    TRY(CheckPath(a.from));
    TRY(CheckPath(a.to));
    const std::string fresh = a.to + ".tidegate-new";
    out->push_back(of.On(a.host, {"cp", "-pf", "--", a.from, fresh}));
    out->push_back(of.On(a.host, {"mv", "-f", "--", fresh, a.to}));
    return {};
  }
};

struct QueryTemplates {
  const Templates& of;

  Result<Command> operator()(const port::ShowUnit& q) const {
    if (port::UnderSupervise(q.unit)) {
      TRY_ASSIGN(std::vector<std::string> argv, SuperviseShow(q.unit));
      return of.On(q.host, std::move(argv));
    }
    return of.On(q.host, {"systemctl", "show", "-p", "LoadState,ActiveState,SubState,UnitFileState",
                          "--", q.unit});
  }
  Result<Command> operator()(const port::BinaryVersion& q) const {
    TRY(CheckPath(q.path));
    return of.On(q.host, {q.path, "-V"});
  }
  Result<Command> operator()(const port::ReadRemoteFile& q) const {
    TRY(CheckPath(q.path));
    return of.On(q.host, {"env", "LC_ALL=C", "cat", "--", q.path});
  }
  Result<Command> operator()(const port::QuerySql& q) const {
    return of.Mysql(q.endpoint, q.statement);
  }
  template <typename Other>
  Result<Command> operator()(const Other&) const {
    CHECK_MSG(false, "this query is no command");
    return Command();
  }
};

void AddSqlEndpoints(const Cluster& cluster, const Site& site, TemplateOptions* options) {
  for (const Tidb& tidb : cluster.tidbs) {
    options->sql[fmt::format("tidb {}:{}", tidb.process.host, tidb.process.port)] = {
        tidb.process.host, tidb.process.port, site.sql_defaults_file};
  }
  const auto add = [&](const Sink& sink) {
    if (sink.host.empty()) return;
    SqlEndpoint endpoint{sink.host, sink.port, ""};
    for (const SiteSink& listed : site.sinks) {
      if (listed.name == sink.name) endpoint.defaults_file = listed.defaults_file;
    }
    options->sql[sink.name] = endpoint;
  };
  for (const Drainer& drainer : cluster.old_drainers) add(drainer.sink);
  for (const Drainer& drainer : cluster.new_drainers) add(drainer.sink);
}

Result<std::vector<Command>> Templates::Render(const port::Action& action) const {
  std::vector<Command> commands;
  TRY(std::visit(ActionTemplates{*this, &commands}, action));
  return commands;
}

Result<Command> Templates::Render(const port::Query& query) const {
  return std::visit(QueryTemplates{*this}, query);
}

}  // namespace tidegate::engine
