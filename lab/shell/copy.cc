#include "lab/shell/copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace tidegate::lab {
namespace {

// The colon of host:path comes before the first slash (scp(1)).
std::size_t ColonOf(const std::string& word) {
  const std::size_t colon = word.find(':');
  const std::size_t slash = word.find('/');
  return colon == std::string::npos || colon == 0 || slash < colon ? std::string::npos : colon;
}

std::string CurrentFolder() {
  std::array<char, PATH_MAX> buffer{};
  return getcwd(buffer.data(), buffer.size()) == nullptr ? "/" : buffer.data();
}

std::string Join(const std::string& folder, std::string_view name) {
  return folder.ends_with('/') ? folder + std::string(name) : fmt::format("{}/{}", folder, name);
}

std::string HomeOf(const std::string& user) { return user == "root" ? "/root" : "/home/" + user; }

Error Missing(std::string_view path) {
  return {ErrorCode::kNotFound, fmt::format("{}: {}", path, std::strerror(errno)), ""};
}

void SetTimes(const RootDir& root, const std::string& path, const struct stat& from) {
  const Fd file = root.Open(path, O_RDONLY | O_NONBLOCK);
  const std::array<timespec, 2> times = {from.st_atim, from.st_mtim};
  if (file) futimens(file.get(), times.data());
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec;
}

bool IsExcluded(const CopyOptions& options, std::string_view name) {
  return std::any_of(options.excluded.begin(), options.excluded.end(),
                     [&](const std::string& pattern) {
                       return fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0;
                     });
}

Status CopyFile(const Operand& from, const Operand& to, const struct stat& status,
                CopyOptions* options) {
  const std::optional<struct stat> before = to.root.Stat(to.path);
  // rsync's quick check: a file of the same size and time is not sent again.
  if (options->times && options->links && before && SameFile(*before, status)) return {};
  options->copied.push_back(to.path);
  if (options->pretends) return {};
  const Fd source = from.root.Open(from.path, O_RDONLY | O_NONBLOCK);
  if (!source) return Missing(from.path);
  const mode_t mask = umask(0);
  umask(mask);
  mode_t mode = status.st_mode & 07777 & ~mask;
  if (options->modes) mode = status.st_mode & 07777;
  if (!options->modes && before) mode = before->st_mode & 07777;
  TRY(to.root.WriteFrom(source.get(), to.path, mode));
  if (options->times) SetTimes(to.root, to.path, status);
  return {};
}

Status RemoveTree(const RootDir& root, const std::string& path) {
  const Fd link = root.Open(path, O_PATH | O_NOFOLLOW);
  struct stat status {};
  const bool folder = link && fstat(link.get(), &status) == 0 && S_ISDIR(status.st_mode);
  if (!folder) return root.Remove(path);
  for (const std::string& name : root.List(path)) TRY(RemoveTree(root, Join(path, name)));
  const Fd parent = root.Open(FolderOf(path), O_RDONLY | O_DIRECTORY);
  if (parent) unlinkat(parent.get(), std::string(NameOf(path)).c_str(), AT_REMOVEDIR);
  return {};
}

Status DeleteOthers(const Operand& from, const Operand& to, const CopyOptions& options) {
  const std::vector<std::string> wanted = from.root.List(from.path);
  for (const std::string& name : to.root.List(to.path)) {
    if (std::binary_search(wanted.begin(), wanted.end(), name) || IsExcluded(options, name)) {
      continue;
    }
    if (!options.pretends) TRY(RemoveTree(to.root, Join(to.path, name)));
  }
  return {};
}

}  // namespace

bool IsFolderAt(const RootDir& root, const std::string& path) {
  const std::optional<struct stat> status = root.Stat(path);
  return status && S_ISDIR(status->st_mode);
}

Result<Operand> ReadOperand(const Place& place, const std::string& program,
                            const std::string& word) {
  Operand out;
  const std::size_t colon = ColonOf(word);
  std::string home = CurrentFolder();
  std::string path = word;
  out.root = RootDir("/");
  if (colon != std::string::npos) {
    std::string host = word.substr(0, colon);
    const std::size_t at = host.rfind('@');
    const std::string user = at == std::string::npos ? "tidb" : host.substr(0, at);
    host = at == std::string::npos ? host : host.substr(at + 1);
    std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
    path = word.substr(colon + 1);
    if (path.starts_with(':')) path = path.substr(1);  // rsync's daemon syntax is none here
    home = HomeOf(user);
    if (path.starts_with('~')) {
      const std::size_t end = std::min(path.find('/'), path.size());
      if (end > 1) home = HomeOf(path.substr(1, end - 1));
      path.erase(0, end + 1);
    }
    TRY_ASSIGN(const Reply reply, Call(place, {program, "", {host, path}, "", ""}));
    if (reply.exit != 0) {
      std::string said = reply.errors;
      while (said.ends_with('\n')) said.pop_back();
      return Error{ErrorCode::kNotFound, said, ""};
    }
    out.host = reply.output;
    out.root = RootDir(fmt::format("{}/hosts/{}", place.lab, out.host));
  }
  out.path = path.starts_with('/') ? path : Join(home, path);
  out.folder_itself = out.path.ends_with('/') || out.path.ends_with("/.");
  while (out.path.size() > 1 && (out.path.ends_with('/') || out.path.ends_with("/."))) {
    out.path.pop_back();
  }
  return out;
}

std::vector<Operand> Expand(const Operand& operand) {
  const std::size_t pattern = operand.path.find_first_of("*?[");
  if (pattern == std::string::npos) return {operand};
  const std::size_t slash = operand.path.rfind('/', pattern);
  const std::size_t end = std::min(operand.path.find('/', pattern), operand.path.size());
  const std::string folder = slash == 0 ? "/" : operand.path.substr(0, slash);
  const std::string wanted = operand.path.substr(slash + 1, end - slash - 1);
  std::vector<Operand> out;
  for (const std::string& name : operand.root.List(folder)) {
    if (fnmatch(wanted.c_str(), name.c_str(), FNM_PERIOD) != 0) continue;
    Operand one = operand;
    one.path = Join(folder, name) + operand.path.substr(end);
    for (Operand& found : Expand(one)) out.push_back(std::move(found));
  }
  if (out.empty()) out.push_back(operand);  // a shell leaves what matches nothing as it is
  return out;
}

Status Copy(const Operand& from, const Operand& to, CopyOptions* options) {
  const Fd entry = from.root.Open(from.path, O_PATH | (options->links ? O_NOFOLLOW : 0));
  struct stat status {};
  if (!entry || fstat(entry.get(), &status) != 0) return Missing(from.path);
  if (S_ISLNK(status.st_mode)) {
    std::array<char, PATH_MAX> target{};
    if (readlinkat(entry.get(), "", target.data(), target.size() - 1) < 0) {
      return Missing(from.path);
    }
    options->copied.push_back(to.path);
    return options->pretends ? Status() : to.root.Link(target.data(), to.path);
  }
  if (S_ISREG(status.st_mode)) return CopyFile(from, to, status, options);
  if (!S_ISDIR(status.st_mode)) return {};  // pipes and sockets stay where they are
  if (!options->recursive) {
    return Error{ErrorCode::kBadInput, fmt::format("{}: not a regular file", from.path), ""};
  }
  if (!options->pretends) TRY(to.root.MakeFolder(to.path));
  for (const std::string& name : from.root.List(from.path)) {
    if (IsExcluded(*options, name)) continue;
    Operand inner = from;
    Operand outer = to;
    inner.path = Join(from.path, name);
    outer.path = Join(to.path, name);
    TRY(Copy(inner, outer, options));
  }
  return options->deletes ? DeleteOthers(from, to, *options) : Status();
}

}  // namespace tidegate::lab
