// What the files of a host amount to since the world was last told.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "lab/hosts/stamp.h"
#include "lab/hosts/tree.h"
#include "lab/hosts/unit_text.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using sim::NodePlan;

// A file system's time stamps go by the kernel's tick: a file that was changed so shortly before a
// look may change again without any of them moving.
constexpr Duration kTick = 50 * kMillisecond;

Time RealNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Time NanosecondsOf(const timespec& at) { return at.tv_sec * kSecond + at.tv_nsec; }

}  // namespace

// The version of the stub at `path`; "" of anything that is no stub of the part that belongs there.
std::string Trees::VersionAt(const std::string& host, const RootDir& root,
                             const std::string& path) const {
  const Fd file = root.Open(path, O_RDONLY | O_NONBLOCK);
  if (!file) return "";
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || (status.st_mode & 0111) == 0) return "";
  std::optional<Stamp> stamp = ReadStamp(file.get());
  if (!stamp) return "";
  for (const NodePlan& node : plan_->nodes) {
    if (node.info.host == host && node.binary_path == path &&
        PartOf(node.info.role) == stamp->part) {
      return std::move(stamp->version);
    }
  }
  return "";
}

// Fills `known` with what is there now; false when it need not be read again.
bool Trees::Look(const Host& host, const std::string& path, Known* known) const {
  const Time now = RealNow();
  const std::optional<struct stat> status = host.root.Stat(path);
  const bool there = status && S_ISREG(status->st_mode);
  Known fresh;
  fresh.binary = known->binary;
  fresh.there = there;
  fresh.looked_at = now;
  if (there) {
    fresh.inode = status->st_ino;
    fresh.size = status->st_size;
    fresh.modified = NanosecondsOf(status->st_mtim);
    fresh.changed = NanosecondsOf(status->st_ctim);
  }
  const bool same = fresh.there == known->there && fresh.inode == known->inode &&
                    fresh.size == known->size && fresh.modified == known->modified &&
                    fresh.changed == known->changed;
  if (same && (!there || known->changed + kTick < known->looked_at)) return false;
  fresh.content = std::exchange(known->content, "");
  *known = std::move(fresh);
  return true;
}

void Trees::Watch(Host* host, const std::string& path, bool binary) {
  Known& known = host->files[path];
  known.binary = binary;
  Look(*host, path, &known);
  for (const auto& [name, one] : hosts_) {
    if (&one != host) continue;
    known.content = binary ? VersionAt(name, host->root, path) : host->root.Read(path).value_or("");
  }
}

// Unit files and run scripts, those that a run-book brings too.
void Trees::WatchScripts(Host* host) {
  std::vector<std::string> paths;
  for (const std::string& name : host->root.List(kUnitDir)) {
    if (name.ends_with(".service")) paths.push_back(fmt::format("{}/{}", kUnitDir, name));
  }
  for (const NodePlan& node : plan_->nodes) {
    const std::string script = RunScriptPath(node);
    const auto found = hosts_.find(node.info.host);
    if (!script.empty() && found != hosts_.end() && &found->second == host) {
      paths.push_back(script);
    }
  }
  for (const std::string& path : paths) {
    if (!host->files.contains(path)) Watch(host, path, false);
  }
}

// All whose changes ChangedOn tells.
void Trees::WatchAll() {
  watch_.Begin();
  for (const auto& [name, host] : hosts_) {
    watch_.Watch(host.root, fmt::format("{}/any.service", kUnitDir));
    for (const auto& [path, known] : host.files) watch_.Watch(host.root, path);
  }
}

std::vector<port::Action> Trees::ChangedOn(const std::string& name) {
  std::vector<port::Action> actions;
  Host* host = Find(name);
  if (host == nullptr) return actions;
  for (const std::string& file : host->root.List(kUnitDir)) {
    if (file.ends_with(".service")) host->files.try_emplace(fmt::format("{}/{}", kUnitDir, file));
  }
  for (auto& [path, known] : host->files) {
    if (!Look(*host, path, &known)) continue;
    if (known.binary) {
      std::string version = VersionAt(name, host->root, path);
      if (version == known.content) continue;
      known.content = version;
      const std::string part(NameOf(path));
      actions.emplace_back(port::InstallBinary{name, part, std::move(version), path});
    } else {
      std::string content = host->root.Read(path).value_or("");
      if (content == known.content) continue;
      known.content = content;
      actions.emplace_back(port::WriteFile{name, path, std::move(content)});
    }
  }
  return actions;
}

std::vector<port::Action> Trees::Changed() {
  if (!watch_.Stirred()) return {};
  WatchAll();
  std::vector<port::Action> actions = ChangedOn(std::string(kControlHost));
  for (const std::string& name : HostNames()) {
    for (port::Action& action : ChangedOn(name)) actions.push_back(std::move(action));
  }
  return actions;
}

Status Trees::Materialise(const std::string& name, const std::string& path,
                          std::string_view content) {
  Host* host = Find(name);
  if (host == nullptr) return Error{ErrorCode::kNotFound, fmt::format("no host '{}'", name), ""};
  Known& known = host->files[path];
  if (known.there && known.content == content && host->root.Stat(path)) return {};
  TRY(host->root.Write(path, content, 0644));
  watch_.Watch(host->root, path);
  Look(*host, path, &known);
  known.content = content;
  return {};
}

}  // namespace tidegate::lab
