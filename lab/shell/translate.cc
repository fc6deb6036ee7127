#include "lab/shell/translate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/hosts/stand_in.h"
#include "lab/hosts/unit_text.h"
#include "lab/shell/errand.h"

namespace tidegate::lab {

namespace port = engine::port;
using sim::NodePlan;

void Translator::Translate(const Request& request, Done done) {
  const auto errand =
      std::make_shared<Errand>(plan_, trees_, hands_, standing_, request, std::move(done));
  const std::string& program = request.program;
  if (program == "systemctl") {
    TranslateSystemctl(errand);
  } else if (program == "svc" || program == "svstat" || program == "svok") {
    TranslateSvc(errand);
  } else if (program == "supervise") {
    TranslateSupervise(errand);
  } else if (program == "pkill" || program == "killall" || program == "pgrep" ||
             program == "kill" || program == "ps" || program == "readlink") {
    TranslateSignals(errand);
  } else if (program == "journalctl") {
    TranslateJournalctl(errand);
  } else if (program == "mysql") {
    TranslateMysql(errand);
  } else if (program == "binlogctl") {
    TranslateBinlogctl(errand);
  } else if (program == "ssh" || program == "scp" || program == "rsync") {
    TranslateVisit(errand);
  } else if (program == "pump" || program == "drainer" || program == "tidb-server" ||
             IsStandIn(program)) {
    TranslateStub(errand);
  } else if (program == "stub-signal") {
    TranslateStubSignal(errand);
  } else {
    errand->Fail(127, fmt::format("{}: the lab knows no such program\n", program));
    return;
  }
  errand->Next();
}

void Translator::CallerDied(const Request& request) {
  if (request.program == "supervise") return SuperviseDied(plan_, &standing_, request);
  const NodeId node = NodeOfStub(plan_, request);
  if (node == kNoNode || standing_.by_hand.erase(node) == 0) return;
  const trace::NodeInfo& info = plan_.nodes[node].info;
  hands_.Perform(port::StopProcess{info.host, info.unit, 9, false}, [](const port::Answer&) {});
}

std::string PropertyIn(const std::string& body, const std::string& name) {
  const std::string wanted = "\n" + name + "=";
  const std::string text = "\n" + body;
  const std::size_t at = text.find(wanted);
  if (at == std::string::npos) return "";
  const std::size_t from = at + wanted.size();
  return text.substr(from, std::min(text.find('\n', from), text.size()) - from);
}

std::string StateIn(const std::string& body) {
  const std::string state = PropertyIn(body, "ActiveState");
  if (!state.empty()) return state;
  if (body.find(": up ") != std::string::npos) {
    return body.find("want down") == std::string::npos ? "active" : "deactivating";
  }
  return body.find("want up") == std::string::npos ? "inactive" : "activating";
}

bool Runs(const port::Answer& answer) {
  const std::string state = StateIn(answer.body);
  return state == "active" || state == "deactivating";
}

// Somebody comes to a host, with a command or for files. Refused hosts are for the report; files
// that the world writes are brought into the tree where the words name them. argv[0] is the host.
void TranslateVisit(const Errand::Self& errand) {
  const Request& request = errand->request;
  if (request.argv.empty()) {
    errand->Fail(255, "");
    return;
  }
  const std::optional<std::string> host = errand->trees.HostNamed(request.argv[0]);
  if (!host) {
    errand->hands.Refused(request.host, fmt::format("{} to '{}', which is no host of this cluster",
                                                    request.program, request.argv[0]));
    errand->Fail(255, fmt::format("ssh: Could not resolve hostname {}: Name or service not known\n",
                                  request.argv[0]));
    return;
  }
  errand->reply.output = *host;  // the plan's name, for the program
  std::string words;
  for (std::size_t i = 1; i < request.argv.size(); ++i) words += request.argv[i] + "\n";
  std::set<std::string> paths;
  for (const NodePlan& node : errand->plan.nodes) {
    const std::string& folder = node.info.data_dir;
    if (node.info.host != *host || node.info.role != Role::kDrainer || folder.empty()) continue;
    const std::string name(NameOf(folder));
    // A shell that reads its commands from elsewhere may read anything.
    const bool unseen = words.empty() || words == "\n" || words.ends_with(" -s\n");
    if (!unseen && words.find("savepoint") == std::string::npos &&
        words.find("savePoint") == std::string::npos && words.find(name) == std::string::npos) {
      continue;
    }
    paths.insert(
        fmt::format("{}/{}", folder, node.info.era == Era::kLocal ? "savePoint" : "savepoint"));
  }
  for (const std::string& path : paths) {
    errand->Then([host = *host, path](const Errand::Self& e) {
      e->hands.Ask(port::ReadRemoteFile{host, path}, kAskTimeout,
                   [e, host, path](const port::Answer& answer) {
                     if (answer.ok()) {
                       const Status status = e->trees.Materialise(host, path, answer.body);
                       if (!status) e->reply.errors += status.error().ToString() + "\n";
                     }
                     e->Next();
                   });
    });
  }
}

}  // namespace tidegate::lab
