// daemontools: a `supervise FOLDER RUN` for each part, told what to do by svc and asked by svstat.
// What the world calls a start or stop of such a unit is here a supervise that comes and goes: one
// that is down but still there waits for `svc -u`, and a second one of the same folder can't be.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "lab/hosts/unit_text.h"
#include "lab/shell/errand.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using port::Answer;
using sim::NodePlan;

constexpr int kSuperviseFailed = 111;  // daemontools: strerr_die
constexpr int kNoSuchService = 100;    // svok(8)

// Without a slash at its end; what is relative begins where the program was called.
std::string FolderIn(const Request& request, std::string folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  while (folder.starts_with("./")) folder = folder.substr(2);
  return folder.starts_with('/') ? folder : request.input + "/" + folder;
}

// status/ROLE of a deployment (tidb-ansible: roles/supervise).
NodeId NodeOfFolder(const sim::RunPlan& plan, const Request& request, const std::string& folder) {
  const std::string whole = FolderIn(request, folder);
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const trace::NodeInfo& info = plan.nodes[i].info;
    if (info.host == request.host && info.unit == whole) return static_cast<NodeId>(i);
  }
  return kNoNode;
}

void Start(const Errand::Self& errand, NodeId node) {
  const trace::NodeInfo& info = errand->plan.nodes[node].info;
  // One that still ends is started again when it has (supervise.c: trystart, each second).
  errand->hands.Perform(
      port::StartProcess{info.host, info.unit}, [errand, node](const Answer& answer) {
        if (answer.ok()) return;
        errand->hands.WhenDown(node, [errand, node](int) {
          const trace::NodeInfo& it = errand->plan.nodes[node].info;
          if (!HasSupervise(*errand, node)) return;
          errand->hands.Perform(port::StartProcess{it.host, it.unit}, [](const Answer&) {});
        });
      });
}

// `then` goes on with the errand, or leaves it open.
void AddStart(const Errand::Self& errand, NodeId node,
              const std::function<void(const Errand::Self&, NodeId)>& then) {
  const NodePlan& plan = errand->plan.nodes[node];
  const std::string script =
      errand->trees.Root(plan.info.host)->Read(RunScriptPath(plan)).value_or("");
  AddWhatItReads(errand, node, script, DeployDirOf(plan));
  errand->Then([node, then](const Errand::Self& e) {
    e->standing.wanted_down.erase(node);
    Start(e, node);
    then(e, node);
  });
}

// supervise.c: it is there until what it looks after has ended.
void EndWhenDown(const Errand::Self& errand, NodeId node) {
  const trace::NodeInfo& info = errand->plan.nodes[node].info;
  errand->hands.Ask(
      port::ShowUnit{info.host, info.unit}, kAskTimeout, [errand, node](const Answer& answer) {
        if (Runs(answer)) {
          errand->hands.WhenDown(node, [errand, node](int) { EndSupervise(*errand, node); });
        } else {
          EndSupervise(*errand, node);
        }
        errand->Next();
      });
}

void AddSvc(const Errand::Self& errand, const std::string& letters, const std::string& folder) {
  const NodeId node = NodeOfFolder(errand->plan, errand->request, folder);
  if (node == kNoNode) {
    errand->reply.errors +=
        fmt::format("svc: warning: unable to chdir to {}: file does not exist\n", folder);
    return;
  }
  if (!HasSupervise(*errand, node)) {
    errand->reply.errors +=
        fmt::format("svc: warning: unable to control {}: supervise not running\n", folder);
    return;
  }
  const bool exits = letters.find('x') != std::string::npos;
  for (const char letter : letters) {
    if (letter == 'u' || letter == 'o') {
      AddStart(errand, node, [](const Errand::Self& e, NodeId) { e->Next(); });
    }
    errand->Then([node, letter](const Errand::Self& e) {
      const trace::NodeInfo& info = e->plan.nodes[node].info;
      if (letter == 'd') {
        e->standing.wanted_down.insert(node);
        e->hands.Perform(port::StopProcess{info.host, info.unit}, [](const Answer&) {});
      }
      if (letter == 't') e->Signal(node, 15, [](bool) {});
      if (letter == 'k') e->Signal(node, 9, [](bool) {});
      e->Next();
    });
  }
  if (exits) errand->Then([node](const Errand::Self& e) { EndWhenDown(e, node); });
}

// svstat.c: without a supervise nobody knows what the process is doing.
void AddSvstat(const Errand::Self& errand, const std::string& folder) {
  const NodeId node = NodeOfFolder(errand->plan, errand->request, folder);
  errand->Then([node, folder](const Errand::Self& e) {
    if (node == kNoNode) {
      e->reply.output += fmt::format("{}: unable to chdir: file does not exist\n", folder);
      e->Next();
      return;
    }
    const trace::NodeInfo& info = e->plan.nodes[node].info;
    e->hands.Ask(
        port::ShowUnit{info.host, info.unit}, kAskTimeout, [e, node, folder](const Answer& answer) {
          e->reply.output += SvstatLine(answer.body, folder, HasSupervise(*e, node), PidOf(node));
          e->Next();
        });
  });
}

}  // namespace

bool HasSupervise(const Errand& errand, NodeId node) {
  const auto found = errand.standing.supervises.find(node);
  return found != errand.standing.supervises.end() ? found->second != nullptr
                                                   : !errand.plan.nodes[node].version.empty();
}

// One that was there before the program began has no process to tell.
void EndSupervise(const Errand& errand, NodeId node) {
  const std::function<void()> end = std::exchange(errand.standing.supervises[node], nullptr);
  if (end != nullptr) end();
}

// daemontools 0.53, which tidb-ansible brings along, says "up pid 17, 35 seconds"; later ones put
// the id in brackets (tidb-ansible: roles/supervise/templates/start_role.sh.j2 reads the words and
// cuts the id out).
std::string SvstatLine(const std::string& world, const std::string& folder, bool supervised,
                       std::int64_t pid) {
  if (!supervised) return folder + ": supervise not running\n";
  std::string said = world.substr(std::min(world.find(": "), world.size()));
  if (const std::size_t at = said.find("(pid "); at != std::string::npos) {
    return fmt::format("{}{}pid {},{}", folder, said.substr(0, at), pid,
                       said.substr(said.find(')', at) + 1));
  }
  if (said.starts_with(": supervise")) return folder + ": down 1 seconds, normally up\n";
  return folder + said;
}

void TranslateSvc(const Errand::Self& errand) {
  const std::string& program = errand->request.program;
  std::string letters;
  for (const std::string& word : errand->request.argv) {
    if (program == "svc" && word.size() > 1 && word[0] == '-') {
      letters += word.substr(1);
    } else if (program == "svc") {
      AddSvc(errand, letters, word);
    } else if (program == "svstat") {
      AddSvstat(errand, word);
    } else if (const NodeId node = NodeOfFolder(errand->plan, errand->request, word);
               node == kNoNode || !HasSupervise(*errand, node)) {
      errand->reply.exit = kNoSuchService;
    }
  }
}

// The errand of a supervise ends when `svc -x` ends it.
void TranslateSupervise(const Errand::Self& errand) {
  const std::vector<std::string>& argv = errand->request.argv;
  if (argv.empty()) {
    errand->Fail(kSuperviseFailed, "supervise: usage: supervise dir [run]\n");
    return;
  }
  const NodeId node = NodeOfFolder(errand->plan, errand->request, argv[0]);
  if (node == kNoNode) {
    errand->hands.Refused(errand->request.host,
                          fmt::format("supervise of {}, where the cluster has no part",
                                      FolderIn(errand->request, argv[0])));
    errand->Fail(kSuperviseFailed, fmt::format("supervise: fatal: unable to chdir to {}: file does "
                                               "not exist\n",
                                               argv[0]));
    return;
  }
  if (HasSupervise(*errand, node)) {
    errand->Fail(kSuperviseFailed, fmt::format("supervise: fatal: unable to acquire "
                                               "{}/supervise/lock: temporary failure\n",
                                               argv[0]));
    return;
  }
  AddStart(errand, node, [](const Errand::Self& e, NodeId id) {
    e->standing.supervises[id] = [e] { e->End(); };
  });
}

void SuperviseDied(const sim::RunPlan& plan, Standing* standing, const Request& request) {
  if (request.argv.empty()) return;
  const NodeId node = NodeOfFolder(plan, request, request.argv[0]);
  if (node == kNoNode) return;
  // Of one that dies with the engine, or is killed while its process is to stay, the host keeps
  // what is as good: somebody who starts the process again.
  standing->supervises[node] = nullptr;
  if (!standing->wanted_down.contains(node)) standing->supervises[node] = [] {};
}

}  // namespace tidegate::lab
