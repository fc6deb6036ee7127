// binlogctl where it is called: the savepoint that generate_meta makes is a file of whoever calls.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <system_error>

#include "lab/hosts/root_dir.h"
#include "lab/shell/binlogctl_options.h"
#include "lab/shell/client.h"

namespace tidegate::lab {
namespace {

int Fail(const std::string& path, const std::string& why) {
  WriteAll(STDERR_FILENO, fmt::format("fail to execute command generate_meta, error: save meta "
                                      "into {}: {}\n",
                                      path, why));
  return 1;
}

}  // namespace

int RunBinlogctl(const Place& place, const std::vector<std::string>& argv) {
  const Result<Reply> reply = Call(place, {"binlogctl", "", argv, "", ""});
  if (!reply) return Trouble(reply.error());
  std::int64_t commit_ts = 0;
  const std::string& ts = reply->output;
  const bool made = std::from_chars(ts.data(), ts.data() + ts.size(), commit_ts).ec == std::errc();
  const BinlogctlOptions options = ReadBinlogctlOptions(argv, {});
  if (reply->exit != 0 || options.command != "generate_meta" || !made) return Finish(*reply);
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::absolute(options.data_dir, error).lexically_normal();
  const mode_t mask = umask(077);  // os.MkdirAll(dir, 0700)
  std::filesystem::create_directories(folder, error);
  umask(mask);
  if (error) return Fail(folder.string(), error.message());
  const Status written = RootDir("/").Write((folder / "savepoint").string(),
                                            SavepointText(commit_ts, options.time_zone), 0644);
  if (!written) return Fail(folder.string(), written.error().message);
  return Finish({0, "", reply->errors});
}

}  // namespace tidegate::lab
