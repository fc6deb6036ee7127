// A process reads what its command line names; the world, what the inventories name. Where they
// differ, the world is told the content under its own name for it.
#include <fmt/format.h>

#include <utility>

#include "lab/hosts/stand_in.h"
#include "lab/hosts/start_text.h"
#include "lab/hosts/unit_text.h"
#include "lab/shell/errand.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using sim::NodePlan;

void AddWrite(const Errand::Self& errand, const std::string& host, const std::string& path,
              const std::string& content) {
  errand->Then([host, path, content](const Errand::Self& e) {
    e->hands.Perform(port::WriteFile{host, path, content}, [e](const port::Answer&) { e->Next(); });
  });
}

// Has the world `content` at `path`, which in the tree is another file? Tells it where not.
void AddTold(const Errand::Self& errand, const std::string& host, const std::string& path,
             const std::string& content) {
  auto& all = errand->standing.told;
  const std::string in_tree = errand->trees.Root(host)->Read(path).value_or("");
  const auto found = all.find({host, path});
  const bool told = found != all.end() && found->second.in_tree == in_tree;
  if ((told ? found->second.content : in_tree) == content) return;
  all[{host, path}] = {content, in_tree};
  AddWrite(errand, host, path, content);
}

// Where the world looks for a Drainer's flags: beside its configuration.
std::string WorldsScript(const NodePlan& node) {
  const std::size_t conf = node.config_path.rfind("/conf/");
  if (node.info.role != Role::kDrainer || conf == std::string::npos) return "";
  return node.config_path.substr(0, conf) + "/scripts/run_drainer.sh";
}

// A Drainer of another folder than the inventory's begins with that folder's savepoint; from then
// on the world keeps it under the name that it knows.
void AddDataDir(const Errand::Self& errand, NodeId id, const std::string& data) {
  const NodePlan& node = errand->plan.nodes[id];
  const std::string& planned = node.info.data_dir;
  std::string& now = errand->standing.data_dirs.try_emplace(id, planned).first->second;
  if (node.info.role != Role::kDrainer || planned.empty() || data.empty() || data == now) return;
  now = data;
  const std::string name = node.info.era == Era::kLocal ? "/savePoint" : "/savepoint";
  const RootDir& root = *errand->trees.Root(node.info.host);
  AddWrite(errand, node.info.host, planned + name, root.Read(data + name).value_or(""));
}

}  // namespace

void AddWhatItReads(const Errand::Self& errand, NodeId id, const std::string& text,
                    const std::string& folder) {
  const NodePlan& node = errand->plan.nodes[id];
  const std::string& host = node.info.host;
  const RootDir& root = *errand->trees.Root(host);
  if (text.empty()) return;
  const std::string& program = errand->request.program;
  const bool by_hand = program == PartOf(node.info.role) || program == StandInOf(node.info.role);
  errand->standing.started[id] = {text, folder, by_hand};
  if (PartOf(node.info.role).empty()) return;
  if (!node.config_path.empty()) {
    std::string path = Absolute(FlagIn(text, "config"), folder);
    if (path.empty()) path = node.config_path;
    const std::optional<std::string> content = root.Read(path);
    if (!content && path != node.config_path) {
      errand->Then([path](const Errand::Self& e) {
        e->Fail(1,
                fmt::format("verifying flags error, open {}: no such file or directory\n", path));
      });
      return;
    }
    AddTold(errand, host, node.config_path, content.value_or(""));
  }
  if (const std::string script = WorldsScript(node); !script.empty()) {
    const std::string own = root.Read(script).value_or("");
    AddTold(errand, host, script, !own.empty() && text.ends_with(own) ? own : text);
  }
  AddDataDir(errand, id, Absolute(FlagIn(text, "data-dir"), folder));
}

}  // namespace tidegate::lab
