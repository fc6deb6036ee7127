// The mysql client: which endpoint, which statements, and rows as it prints them with -e or from a
// pipe, which is as with --batch (mysql(1)).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "lab/shell/errand.h"
#include "lab/shell/mysql_options.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::Answer;
using port::AnswerCode;
using sim::NodePlan;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string Trimmed(const std::string& text) {
  const std::size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

// Statements end at a semicolon or \G outside of quotes; comments of whole lines are none.
struct Statement {
  std::string text;
  bool vertical = false;
};
std::vector<Statement> Split(const std::string& text) {
  std::vector<Statement> out;
  std::string now;
  char quote = 0;
  const auto finish = [&](bool vertical) {
    const std::string trimmed = Trimmed(now);
    if (!trimmed.empty()) out.push_back({trimmed, vertical});
    now.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && text.compare(i, 3, "-- ") == 0) {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (quote == 0 && (c == ';' || text.compare(i, 2, "\\G") == 0)) {
      finish(c != ';');
      if (c != ';') ++i;
      continue;
    }
    if (quote != 0 && c == '\\' && quote != '`') {
      now += c;
      if (++i < text.size()) now += text[i];
      continue;
    }
    if (quote == 0 && (c == '\'' || c == '"' || c == '`')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
    now += c;
  }
  finish(false);
  return out;
}

bool IsQuery(const std::string& statement) {
  const std::string lower = Lower(statement.substr(0, 16));
  return lower.starts_with("select") || lower.starts_with("show") || lower.starts_with("desc") ||
         lower.starts_with("admin show") || lower.starts_with("explain");
}

// The world's servers know tables by their whole names, without backticks.
std::string Qualified(const std::string& statement, const std::string& schema) {
  std::string out;
  char quote = 0;
  for (const char c : statement) {
    if (quote == 0 && c == '`') continue;
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
    out += quote == 0 && (c == '\n' || c == '\t') ? ' ' : c;
  }
  if (schema.empty()) return out;
  const std::string lower = Lower(out);
  for (const std::string_view word : {" from ", " into ", "update "}) {
    const std::size_t at = lower.find(word);
    if (at == std::string::npos) continue;
    const std::size_t name = at + word.size();
    const std::size_t end = std::min(out.find_first_of(" (;,", name), out.size());
    if (out.substr(name, end - name).find('.') != std::string::npos || end == name) continue;
    return out.substr(0, name) + schema + "." + out.substr(name);
  }
  return out;
}

// "tidb HOST:PORT" or a sink's name, as the port calls endpoints; "" where nobody is.
std::string EndpointOf(const Errand& errand, const MysqlOptions& options) {
  const std::optional<std::string> named = errand.trees.HostNamed(options.host);
  const std::string& host = named ? *named : options.host;
  for (const NodePlan& node : errand.plan.nodes) {
    if (node.info.host != host || fmt::to_string(node.info.port) != options.port) continue;
    if (node.info.role == Role::kTidb) {
      return fmt::format("tidb {}:{}", node.info.host, node.info.port);
    }
    if (node.info.role == Role::kDownstream) {
      return node.etcd_id.empty() ? node.info.name : node.etcd_id;
    }
  }
  return "";
}

std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t tab = std::min(line.find('\t', at), line.size());
    out.push_back(line.substr(at, tab - at));
    at = tab + 1;
  }
  return out;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string Rows(const std::string& body, const MysqlOptions& options, bool vertical) {
  const std::vector<std::string> lines = Lines(body);
  std::string out;
  if (lines.empty()) return out;
  const std::vector<std::string> names = Fields(lines[0]);
  for (std::size_t i = options.names && !vertical ? 0 : 1; i < lines.size(); ++i) {
    if (vertical) {
      out += fmt::format("*************************** {}. row ***************************\n", i);
      const std::vector<std::string> fields = Fields(lines[i]);
      for (std::size_t f = 0; f < fields.size(); ++f) {
        out += fmt::format("{}: {}\n", f < names.size() ? names[f] : "", fields[f]);
      }
      continue;
    }
    for (const char c : lines[i]) {
      if (c == '\\' && !options.raw) out += '\\';
      out += c;
    }
    out += '\n';
  }
  return out;
}

// "ERROR 1064 (42000): …" is "ERROR 1064 (42000) at line 1: …" in a batch.
std::string ErrorText(const Answer& answer, const MysqlOptions& options) {
  switch (answer.code) {
    case AnswerCode::kConnectionRefused:
      return fmt::format("ERROR 2003 (HY000): Can't connect to MySQL server on '{}:{}' (111)\n",
                         options.host, options.port);
    case AnswerCode::kTimedOut:
      return "ERROR 2013 (HY000) at line 1: Lost connection to server during query\n";
    default: break;
  }
  const std::size_t bracket = answer.body.find("): ");
  if (!answer.body.starts_with("ERROR ") || bracket == std::string::npos) {
    return fmt::format("ERROR 1105 (HY000) at line 1: {}\n", answer.body);
  }
  return fmt::format("{}) at line 1: {}\n", answer.body.substr(0, bracket),
                     answer.body.substr(bracket + 3));
}

void AddStatement(const Errand::Self& errand, const MysqlOptions& options,
                  const std::string& endpoint, const Statement& statement) {
  errand->Then([options, endpoint, statement](const Errand::Self& e) {
    const bool vertical = options.vertical || statement.vertical;
    const auto came = [e, options, vertical](const Answer& answer) {
      if (answer.ok()) {
        e->reply.output += Rows(answer.body, options, vertical);
        e->Next();
        return;
      }
      e->reply.exit = 1;
      e->reply.errors += ErrorText(answer, options);
      if (options.forces) {
        e->Next();
      } else {
        e->End();
      }
    };
    const std::string text = Qualified(statement.text, options.schema);
    if (IsQuery(text)) {
      e->hands.Ask(port::QuerySql{endpoint, text}, kAskTimeout, came);
    } else {
      e->hands.Perform(port::RunSql{endpoint, text}, came);
    }
  });
}

}  // namespace

void TranslateMysql(const Errand::Self& errand) {
  MysqlOptions options = ReadMysqlOptions(errand->request.argv);
  const std::string endpoint = EndpointOf(*errand, options);
  if (endpoint.empty()) {
    errand->hands.Refused(errand->request.host,
                          fmt::format("mysql to '{}:{}', which is no server of this cluster",
                                      options.host, options.port));
    errand->reply.exit = 1;
    errand->reply.errors =
        fmt::format("ERROR 2003 (HY000): Can't connect to MySQL server on '{}:{}' (113)\n",
                    options.host, options.port);
    return;
  }
  const std::string& text = options.executes ? options.statements : errand->request.input;
  for (const Statement& statement : Split(text)) {
    const std::string lower = Lower(statement.text);
    if (lower.starts_with("use ")) {
      options.schema = Trimmed(Qualified(statement.text.substr(4), ""));
      continue;
    }
    if (lower.starts_with("set ") || lower == "quit" || lower == "exit") continue;
    AddStatement(errand, options, endpoint, statement);
  }
}

}  // namespace tidegate::lab
