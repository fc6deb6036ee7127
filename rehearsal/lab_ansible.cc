#include "rehearsal/lab_ansible.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include "base/files.h"
#include "engine/inventory.h"
#include "engine/site.h"

namespace tidegate::rehearsal {
namespace {

namespace fs = std::filesystem;

// What a checkout may have and nobody needs who runs its plays; binaries are the lab's own.
const std::set<std::string> kLeftOut = {".git", "resources", "downloads"};

Result<std::string> AnsibleDir(const Prepared& prepared, const LabInputs& inputs) {
  if (!prepared.cluster.ansible_dir.empty() || inputs.site.empty()) {
    return prepared.cluster.ansible_dir;
  }
  TRY_ASSIGN(const engine::Site site, engine::LoadSite(inputs.site));
  return site.ansible_dir;
}

Error CopyError(const fs::path& path, const std::error_code& error) {
  return {ErrorCode::kIo,
          fmt::format("can't take {} into the lab: {}", path.string(), error.message()), ""};
}

// What is there already, such as a configuration that the scenario says is old, stays.
Status CopyFolder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to, error);
  for (const fs::directory_entry& entry : fs::directory_iterator(from, error)) {
    if (kLeftOut.contains(entry.path().filename().string())) continue;
    const fs::path at = to / entry.path().filename();
    fs::copy(entry.path(), at,
             fs::copy_options::recursive | fs::copy_options::skip_existing |
                 fs::copy_options::copy_symlinks,
             error);
    if (error) return CopyError(entry.path(), error);
  }
  return error ? Status(CopyError(from, error)) : Status();
}

// As local_prepare.yml leaves them, and the tool that lies beside them.
Status LinkBinaries(const lab::Trees& trees, const lab::RootDir& folder) {
  const lab::RootDir resources(trees.ResourcesDir());
  TRY(folder.MakeFolder("/resources/bin"));
  for (const std::string& name : resources.List("/bin")) {
    TRY(folder.Link(fmt::format("{}/bin/{}", resources.path(), name), "/resources/bin/" + name));
  }
  return folder.Link(trees.ProgramsDir() + "/binlogctl", "/resources/bin/binlogctl");
}

}  // namespace

Status SupplyAnsibleDir(const Prepared& prepared, const LabInputs& inputs, const lab::Home& home,
                        const lab::Trees& trees) {
  TRY_ASSIGN(const std::string dir, AnsibleDir(prepared, inputs));
  if (dir.empty()) return {};
  std::error_code error;
  std::string from = dir;
  if (!fs::is_directory(dir, error)) {
    TRY_ASSIGN(const std::string ours, lab::FindProgram("lab/playbooks/rolling_update.yml"));
    from = fs::path(ours).parent_path().string();
  }
  const lab::RootDir folder(trees.Root(lab::kControlHost)->path() + dir);
  TRY(CopyFolder(from, folder.path()));
  TRY(LinkBinaries(trees, folder));
  TRY_ASSIGN(const std::string inventory, ReadFile(inputs.inventory));
  TRY(folder.Write("/inventory.ini", inventory, 0644));
  return WriteFileAtomically(home.path() + "/whole", dir + "\n");
}

Result<std::vector<std::string>> OtherHosts(const LabInputs& inputs, const sim::RunPlan& plan) {
  std::set<std::string> known = {std::string(lab::kControlHost)};
  for (const sim::NodePlan& node : plan.nodes) known.insert(node.info.host);
  std::vector<std::string> others;
  for (const std::string& file : {inputs.inventory, inputs.target}) {
    if (file.empty()) continue;
    TRY_ASSIGN(const engine::Inventory inventory, engine::Inventory::Load(file));
    for (const engine::InventoryHost& host : inventory.hosts()) {
      const auto address = inventory.Value(host, "ansible_host");
      const std::string& name = address && *address ? (*address)->text : host.name;
      if (known.insert(name).second) others.push_back(name);
    }
  }
  return {std::move(others)};
}

Status SupplyTools(const lab::Trees& trees) {
  for (const std::string name : {"pip", "python2"}) {
    TRY_ASSIGN(const std::string program, lab::FindProgram("lab/ansible/bin/" + name));
    TRY(lab::RootDir(trees.ProgramsDir()).Link(program, name));
  }
  return {};
}

Status AddAnsible(std::vector<std::string>* environment) {
  TRY_ASSIGN(const std::string callback, lab::FindProgram("lab/ansible/callback/skippy.py"));
  const std::string_view whole = callback;
  const std::string_view folder = whole.substr(0, whole.rfind("/callback/"));
  const std::array<std::array<std::string_view, 2>, 3> kinds = {
      {{"ANSIBLE_CALLBACK_PLUGINS", "callback"},
       {"ANSIBLE_FILTER_PLUGINS", "filter"},
       {"ANSIBLE_LIBRARY", "library"}}};
  for (const auto& [name, kind] : kinds) {
    const char* named = std::getenv(std::string(name).c_str());
    const std::string first = named == nullptr ? "" : fmt::format("{}:", named);
    const std::string variable = fmt::format("{}=", name);
    std::erase_if(*environment, [&](const std::string& one) { return one.starts_with(variable); });
    environment->push_back(fmt::format("{}{}{}/{}", variable, first, folder, kind));
  }
  return {};
}

}  // namespace tidegate::rehearsal
