// journalctl: what systemd and the processes of its units said on this host. The session keeps a
// file for each unit (lab/session/host_logs.h); it alone knows which is meant, and what time it is.
#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "lab/hosts/root_dir.h"
#include "lab/shell/client.h"
#include "lab/shell/journal_options.h"

namespace tidegate::lab {
namespace {

struct Entry {
  JournalLine line;
  std::string_view unit;
};

class Journal {
 public:
  Journal(const std::string& folder, std::vector<std::string> units)
      : folder_(folder), units_(std::move(units)), read_(units_.size()), fresh_(units_.size()) {}

  /// What was added since the last call, in the order of time. Valid until the next one.
  std::vector<Entry> Take() {
    std::vector<Entry> out;
    for (std::size_t i = 0; i < units_.size(); ++i) {
      const std::string text = folder_.Read("/" + units_[i]).value_or("");
      const std::size_t whole = text.rfind('\n') + 1;  // 0 where there is no line
      fresh_[i] = whole > read_[i] ? text.substr(read_[i], whole - read_[i]) : "";
      read_[i] = std::max(read_[i], whole);
      for (std::string_view rest = fresh_[i]; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        if (const auto line = ReadJournalLine(rest.substr(0, end)))
          out.push_back({*line, units_[i]});
        rest.remove_prefix(end + 1);
      }
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Entry& a, const Entry& b) { return a.line.at_us < b.line.at_us; });
    return out;
  }

 private:
  RootDir folder_;
  std::vector<std::string> units_;
  std::vector<std::size_t> read_;
  std::vector<std::string> fresh_;
};

int Refuse(const std::string& why) {
  WriteAll(STDERR_FILENO, why + "\n");
  return 1;
}

// Returns when nobody reads any more, by SIGPIPE at the latest.
int Follow(const Place& place, const JournalOptions& options, const std::string& folder,
           Journal* journal) {
  const Fd watch(inotify_init1(IN_CLOEXEC));
  if (!watch || inotify_add_watch(watch.get(), folder.c_str(), IN_MODIFY | IN_CREATE) < 0) {
    return Refuse("Failed to follow the journal.");
  }
  for (;;) {
    std::string text;
    for (const Entry& entry : journal->Take()) {
      text += JournalText(entry.line, options.output, place.host, entry.unit);
    }
    if (!WriteAll(STDOUT_FILENO, text)) return 1;
    std::array<char, 4096> events{};
    if (read(watch.get(), events.data(), events.size()) <= 0) return 1;
  }
}

}  // namespace

int RunJournalctl(const Place& place, const std::vector<std::string>& argv) {
  const JournalOptions options = ReadJournalOptions(argv);
  if (!options.wrong.empty()) return Refuse(options.wrong);
  const Result<Reply> reply = Call(place, {"journalctl", "", options.units, "", ""});
  if (!reply) return Trouble(reply.error());
  std::int64_t now_us = 0;
  std::vector<std::string> units;
  for (std::string_view rest = reply->output; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (now_us == 0) {
      std::from_chars(line.data(), line.data() + line.size(), now_us);
    } else {
      units.emplace_back(line);
    }
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  std::array<std::optional<std::int64_t>, 2> bounds;
  const std::array<std::string_view, 2> words = {options.since, options.until};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].empty()) continue;
    bounds[i] = MomentOf(words[i], now_us);
    if (!bounds[i].has_value())
      return Refuse(fmt::format("Failed to parse timestamp: {}", words[i]));
  }
  const std::string folder = fmt::format("{}/journald/{}", place.lab, place.host);
  Journal journal(folder, std::move(units));
  std::vector<Entry> entries = journal.Take();
  std::erase_if(entries, [&](const Entry& one) {
    return (bounds[0].has_value() && one.line.at_us < *bounds[0]) ||
           (bounds[1].has_value() && one.line.at_us > *bounds[1]);
  });
  if (options.lines.has_value() && entries.size() > *options.lines) {
    entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(*options.lines));
  }
  if (options.newest_first) std::reverse(entries.begin(), entries.end());
  std::string text;
  for (const Entry& entry : entries) {
    text += JournalText(entry.line, options.output, place.host, entry.unit);
  }
  const bool silent = options.quiet || options.follow || options.output == "json";
  if (text.empty() && !silent) text = "-- No entries --\n";
  if (!WriteAll(STDOUT_FILENO, text)) return 1;
  return options.follow ? Follow(place, options, folder, &journal) : 0;
}

}  // namespace tidegate::lab
