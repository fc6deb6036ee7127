// tidegate-lab-shell: every program of the lab's PATH and every stub, told apart by the name that
// it is called by and by the stamp behind its last byte.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <exception>
#include <filesystem>
#include <system_error>

#include "lab/hosts/root_dir.h"
#include "lab/hosts/stamp.h"
#include "lab/shell/client.h"
#include "lab/shell/enter.h"
#include "lab/shell/stub.h"

namespace tidegate::lab {
namespace {

int Enter(const Place& place, std::vector<std::string> argv) {
  if (const Status entered = EnterControl(place); !entered) return Trouble(entered.error());
  if (argv.empty()) return 0;
  std::vector<char*> words;
  for (std::string& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  execvp(words[0], words.data());
  return Trouble({ErrorCode::kNotFound, fmt::format("cannot run '{}'", argv[0]), ""});
}

int Run(const std::string& name, const std::vector<std::string>& argv) {
  if (name == "sudo") return RunSudo(argv);
  if (name == "ntpstat") return RunNtpstat();
  const Result<Place> place = ReadPlace();
  if (!place) return Trouble(place.error());
  if (name == "ssh") return RunSsh(*place, argv);
  if (name == "scp") return RunScp(*place, argv);
  if (name == "sftp") return RunSftp(*place, argv);
  if (name == "rsync") return RunRsync(*place, argv);
  if (name == "mysql" || name == "mariadb") return RunMysql(*place, argv);
  if (name == "binlogctl") return RunBinlogctl(*place, argv);
  if (name == "journalctl") return RunJournalctl(*place, argv);
  if (name == "kill") return RunKill(*place, argv);
  if (name == "ps") return RunPs(*place, argv);
  if (name == "tidegate-lab-keep") return RunKeep(*place);
  if (name == "tidegate-lab-enter") return Enter(*place, argv);
  if (name == "id") return RunId(*place, argv);
  if (name == "readlink") return RunReadlink(*place, argv);
  // Folders of supervise are given as they are seen from where the program is called.
  std::error_code error;
  const bool asks_folder = name.starts_with("sv") || name == "supervise";
  const std::string here =
      asks_folder ? std::filesystem::current_path(error).string() : std::string();
  // supervise.c: it works in the folder that it looks after.
  if (name == "supervise" && !argv.empty()) std::filesystem::current_path(argv[0], error);
  const Result<Reply> reply = Call(*place, {name, "", argv, "", here});
  return reply ? Finish(*reply) : Trouble(reply.error());
}

int Main(int argc, char** argv) {
  std::string name(NameOf(argc > 0 ? argv[0] : ""));
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  const Fd self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (const std::optional<Stamp> stamp = ReadStamp(self.get())) {
    std::array<char, PATH_MAX> path{};
    if (readlink("/proc/self/exe", path.data(), path.size() - 1) < 0) return 1;
    return RunStub(*stamp, path.data(), words);
  }
  if (name == "tidegate-lab-shell") {
    if (words.empty()) {
      return Trouble({ErrorCode::kBadInput, "the lab calls this program by its other names", ""});
    }
    name = words[0];
    words.erase(words.begin());
  }
  return Run(name, words);
}

}  // namespace
}  // namespace tidegate::lab

int main(int argc, char** argv) {
  try {
    return tidegate::lab::Main(argc, argv);
  } catch (const std::exception& error) {
    return tidegate::lab::Trouble({tidegate::ErrorCode::kIo, error.what(), ""});
  }
}
