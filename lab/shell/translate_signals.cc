// What reaches processes past their supervisor: pkill and its kin, stubs that were started by hand.
// Only processes of the cluster exist here; nobody's else can be hit.
#include <fmt/format.h>
#include <regex.h>

#include <algorithm>
#include <charconv>

#include "lab/hosts/stand_in.h"
#include "lab/hosts/unit_text.h"
#include "lab/shell/errand.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::Answer;
using sim::NodePlan;

int SignalNumber(std::string_view name) {
  if (name.starts_with("SIG")) name.remove_prefix(3);
  if (name == "KILL") return 9;
  int number = 15;
  if (!name.empty() && name[0] >= '0' && name[0] <= '9') {
    std::from_chars(name.data(), name.data() + name.size(), number);
  }
  return number;
}

// ------------------------------------------------------------------ pkill, pgrep

struct Pattern {
  std::string text;
  int signal = 15;
  bool whole_line = false;  ///< -f
  bool exact = false;       ///< -x
};

Pattern ReadPattern(const std::string& program, const std::vector<std::string>& argv) {
  Pattern out;
  out.exact = program == "killall";
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word == "--signal" || word == "-s" || word == "-u" || word == "-U" || word == "-P") {
      if (i + 1 < argv.size() && word == "--signal") out.signal = SignalNumber(argv[i + 1]);
      ++i;
    } else if (word.starts_with("--signal=")) {
      out.signal = SignalNumber(word.substr(9));
    } else if (word == "--full") {
      out.whole_line = true;
    } else if (word == "--exact") {
      out.exact = true;
    } else if (word.size() > 1 && word[0] == '-' &&
               ((word[1] >= '0' && word[1] <= '9') || (word[1] >= 'A' && word[1] <= 'Z'))) {
      out.signal = SignalNumber(word.substr(1));
    } else if (word.size() > 1 && word[0] == '-') {
      if (word.find('f') != std::string::npos && program != "killall") out.whole_line = true;
      if (word.find('x') != std::string::npos) out.exact = true;
    } else {
      out.text = word;
    }
  }
  return out;
}

bool HasProcess(Role role) { return !PartOf(role).empty() || !StandInOf(role).empty(); }

// The file that runs.
std::string BinaryOf(const NodePlan& node) {
  const std::string other = StandInBinary(node);
  return other.empty() ? node.binary_path : other;
}

// As /proc/PID/cmdline has it: what the run script executes.
std::string CommandLine(const Errand& errand, const NodePlan& node) {
  if (!StandInOf(node.info.role).empty()) return StandInCommand(errand.plan, node);
  std::string text = errand.trees.Root(node.info.host)->Read(RunScriptPath(node)).value_or("");
  const std::size_t exec = text.rfind("exec ");
  if (exec == std::string::npos) return node.binary_path;
  std::string line;
  text = text.substr(exec + 5);
  for (const char c : text.substr(0, text.find(" 2>>"))) {
    if (c == '"' || c == '\\' || c == '\n') continue;
    if (c != ' ' || !line.ends_with(' ')) line += c;
  }
  return line;
}

bool Matches(const Errand& errand, const NodePlan& node, const Pattern& pattern) {
  const std::string name = std::string(NameOf(BinaryOf(node))).substr(0, 15);
  const std::string text = pattern.whole_line ? CommandLine(errand, node) : name;
  if (pattern.exact && text.size() != pattern.text.size() && !pattern.whole_line) return false;
  regex_t compiled{};
  if (regcomp(&compiled, pattern.text.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
  const bool found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return found;
}

void AddMatch(const Errand::Self& errand, NodeId node, const Pattern& pattern) {
  errand->Then([node, pattern](const Errand::Self& e) {
    const trace::NodeInfo& info = e->plan.nodes[node].info;
    e->hands.Ask(port::ShowUnit{info.host, info.unit}, kAskTimeout,
                 [e, node, pattern](const Answer& answer) {
                   if (Runs(answer)) {
                     e->reply.exit = 0;
                     if (e->request.program == "pgrep") {
                       e->reply.output += fmt::format("{}\n", PidOf(node));
                     } else {
                       e->Signal(node, pattern.signal, [](bool) {});
                     }
                   }
                   e->Next();
                 });
  });
}

// The lines that `ps` has besides those of real processes, as far as its options tell: -ef, aux or
// -C NAME.
void FillPs(const Errand::Self& errand) {
  const std::vector<std::string>& argv = errand->request.argv;
  const bool bsd = !argv.empty() && argv[0].find("aux") != std::string::npos;
  bool all = bsd;
  std::string name;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    if (argv[i] == "-C" && i + 1 < argv.size()) name = argv[i + 1];
    if (argv[i].starts_with("-") && argv[i].find_first_of("eA") != std::string::npos) all = true;
  }
  for (std::size_t i = 0; i < errand->plan.nodes.size(); ++i) {
    const NodePlan& node = errand->plan.nodes[i];
    const auto id = static_cast<NodeId>(i);
    if (node.info.host != errand->request.host || !HasProcess(node.info.role) ||
        (!all && NameOf(BinaryOf(node)) != name) || errand->standing.by_hand.contains(id)) {
      continue;
    }
    errand->Then([id, bsd](const Errand::Self& e) {
      const NodePlan& one = e->plan.nodes[id];
      e->hands.Ask(port::ShowUnit{one.info.host, one.info.unit}, kAskTimeout,
                   [e, id, bsd](const Answer& answer) {
                     const NodePlan& it = e->plan.nodes[id];
                     const std::string command = CommandLine(*e, it);
                     if (Runs(answer)) {
                       e->reply.output +=
                           bsd ? fmt::format("tidb {} 0.0 0.0 100000 10000 ? Ssl 00:00 0:00 {}\n",
                                             PidOf(id), command)
                               : fmt::format("tidb {} 1 0 00:00 ? 00:00:00 {}\n", PidOf(id),
                                             command);
                     }
                     e->Next();
                   });
    });
  }
}

/// What has an id that only the world has, on the host of the request.
struct WorldProcess {
  NodeId node = kNoNode;
  bool supervise = false;  ///< not the node's own process but what looks after it
};

WorldProcess ProcessOf(const Errand& errand, std::int64_t pid) {
  const bool supervise = pid >= kFirstSupervisePid;
  const std::int64_t index = pid - (supervise ? kFirstSupervisePid : kFirstPid);
  if (index < 0 || index >= static_cast<std::int64_t>(errand.plan.nodes.size())) return {};
  const auto node = static_cast<NodeId>(index);
  if (errand.plan.nodes[node].info.host != errand.request.host) return {};
  // One that was started or ended since has no id of the world's, or none at all.
  if (supervise && (errand.standing.supervises.contains(node) ||
                    !port::UnderSupervise(errand.plan.nodes[node].info.unit))) {
    return {};
  }
  return {node, supervise};
}

// /proc/PID/exe and /proc/PID/cwd of such a process: what stop_ROLE.sh looks at before it kills.
void FillReadlink(const Errand::Self& errand) {
  errand->reply.exit = 1;
  const std::string path = errand->request.argv.empty() ? "" : errand->request.argv.back();
  std::int64_t pid = 0;
  if (path.starts_with("/proc/")) std::from_chars(path.data() + 6, path.data() + path.size(), pid);
  const WorldProcess process = ProcessOf(*errand, pid);
  if (process.node == kNoNode) return;
  errand->Then([process, exe = path.ends_with("/exe")](const Errand::Self& e) {
    const NodePlan& node = e->plan.nodes[process.node];
    const std::string deploy = DeployDirOf(node);
    if (process.supervise) {
      e->reply.exit = 0;
      e->reply.output = exe ? deploy + "/bin/supervise\n" : node.info.unit + "\n";
      e->Next();
      return;
    }
    e->hands.Ask(port::ShowUnit{node.info.host, node.info.unit}, kAskTimeout,
                 [e, exe, deploy, binary = node.binary_path](const Answer& answer) {
                   if (Runs(answer)) {
                     e->reply.exit = 0;
                     e->reply.output = (exe ? binary : deploy) + "\n";
                   }
                   e->Next();
                 });
  });
}

// `kill` of a process that only the world has; the program itself does the rest.
void FillKill(const Errand::Self& errand) {
  int signal = 15;
  for (const std::string& word : errand->request.argv) {
    if (word.size() > 1 && word[0] == '-') {
      signal = SignalNumber(word.substr(1));
      continue;
    }
    std::int64_t pid = 0;
    std::from_chars(word.data(), word.data() + word.size(), pid);
    errand->Then([word, signal, process = ProcessOf(*errand, pid)](const Errand::Self& e) {
      const auto heard = [e, word](bool there) {
        if (!there) {
          e->reply.exit = 1;
          e->reply.errors += fmt::format("kill: ({}) - No such process\n", word);
        }
        e->Next();
      };
      const NodeId node = process.node;
      if (node == kNoNode) {
        heard(false);
      } else if (process.supervise) {
        if (signal != 0) EndSupervise(*e, node);
        heard(true);
      } else if (signal != 0) {
        e->Signal(node, signal, heard);
      } else {
        const trace::NodeInfo& info = e->plan.nodes[node].info;
        e->hands.Ask(port::ShowUnit{info.host, info.unit}, kAskTimeout,
                     [heard](const Answer& answer) { heard(Runs(answer)); });
      }
    });
  }
}

// ------------------------------------------------------------------ stubs

// The value of `-flag value`, `--flag value` or `--flag=value`.
std::string FlagOf(const std::vector<std::string>& argv, std::string_view flag) {
  for (std::size_t i = 0; i < argv.size(); ++i) {
    std::string_view word = argv[i];
    if (!word.starts_with('-')) continue;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    if (word == flag) return i + 1 < argv.size() ? argv[i + 1] : "";
    if (word.starts_with(fmt::format("{}=", flag))) {
      return std::string(word.substr(flag.size() + 1));
    }
  }
  return "";
}

}  // namespace

void TranslateSignals(const Errand::Self& errand) {
  const Request& request = errand->request;
  if (request.program == "kill") {
    FillKill(errand);
    return;
  }
  if (request.program == "readlink") {
    FillReadlink(errand);
    return;
  }
  if (request.program == "ps") {
    FillPs(errand);
    return;
  }
  const Pattern pattern = ReadPattern(request.program, request.argv);
  if (pattern.text.empty()) {
    errand->reply.exit = 2;
    errand->reply.errors = fmt::format("{}: no matching criteria specified\n", request.program);
    return;
  }
  errand->reply.exit = 1;
  for (std::size_t i = 0; i < errand->plan.nodes.size(); ++i) {
    const NodePlan& node = errand->plan.nodes[i];
    if (node.info.host != request.host || !HasProcess(node.info.role)) continue;
    if (Matches(*errand, node, pattern)) AddMatch(errand, static_cast<NodeId>(i), pattern);
  }
  if (request.program != "killall") return;
  errand->Then([name = pattern.text](const Errand::Self& e) {
    if (e->reply.exit != 0) e->reply.errors += fmt::format("{}: no process found\n", name);
    e->Next();
  });
}

NodeId NodeOfStub(const sim::RunPlan& plan, const Request& request) {
  const std::string address = FlagOf(request.argv, request.program == "tidb-server" ? "P" : "addr");
  const std::string asked = address.substr(address.rfind(':') + 1);
  NodeId found = kNoNode;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const NodePlan& node = plan.nodes[i];
    if (node.info.host != request.host || BinaryOf(node) != request.path) continue;
    // Two slots of one binary are told apart by their port.
    if (found == kNoNode || asked == fmt::to_string(node.info.port)) {
      found = static_cast<NodeId>(i);
    }
  }
  return found;
}

void TranslateStub(const Errand::Self& errand) {
  const Request& request = errand->request;
  const NodeId node = NodeOfStub(errand->plan, request);
  if (node == kNoNode) {
    errand->hands.Refused(request.host, fmt::format("start of {}, where the cluster has no {}",
                                                    request.path, request.program));
    errand->reply.exit = 1;
    errand->reply.errors = fmt::format("{}: the inventories have no {} with this binary on {}\n",
                                       request.path, request.program, request.host);
    return;
  }
  errand->Then([node](const Errand::Self& e) {
    const trace::NodeInfo& info = e->plan.nodes[node].info;
    e->hands.Ask(port::ShowUnit{info.host, info.unit}, kAskTimeout, [e, node](const Answer& a) {
      const std::string state = StateIn(a.body);
      if (state == "active" || state == "activating" || state == "deactivating") {
        e->Fail(1, fmt::format("listen tcp :{}: bind: address already in use\n",
                               e->plan.nodes[node].info.port));
        return;
      }
      e->Next();
    });
  });
  std::string line = request.path;
  for (const std::string& word : request.argv) line += " " + word;
  AddWhatItReads(errand, node, line, request.input);
  errand->Then([node](const Errand::Self& e) {
    const trace::NodeInfo& info = e->plan.nodes[node].info;
    e->hands.Perform(port::StartProcess{info.host, info.unit}, [e, node](const Answer& answer) {
      if (!answer.ok()) {
        e->Fail(1, answer.body + "\n");
        return;
      }
      e->standing.by_hand.insert(node);
      e->hands.WhenDown(node, [e, node](int status) {
        e->standing.by_hand.erase(node);
        e->reply.exit = status;
        e->Next();
      });
    });
  });
}

// `input` is the stub's part; behind the signal's number come the stub's own words.
void TranslateStubSignal(const Errand::Self& errand) {
  Request stub = errand->request;
  stub.program = stub.input;
  if (!stub.argv.empty()) stub.argv.erase(stub.argv.begin());
  const NodeId node = NodeOfStub(errand->plan, stub);
  const bool known = node != kNoNode && errand->standing.by_hand.contains(node);
  const int signal = errand->request.argv.empty() ? 15 : SignalNumber(errand->request.argv[0]);
  if (!known) {
    errand->reply.exit = 1;
    return;
  }
  errand->Then([node, signal](const Errand::Self& e) {
    e->Signal(node, signal, [e](bool there) {
      if (!there) e->reply.exit = 1;
      e->Next();
    });
  });
}

}  // namespace tidegate::lab
