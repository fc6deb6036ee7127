#include "tests/house/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace tidegate::test {
namespace {

constexpr std::size_t kColumnsMax = 100;
constexpr std::size_t kFileLinesMax = 600;
constexpr std::size_t kFunctionLinesMax = 70;

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool IsUnderAny(std::string_view path, std::string_view places) {
  while (!places.empty()) {
    const std::size_t end = std::min(places.find(' '), places.size());
    if (StartsWith(path, places.substr(0, end))) return true;
    places.remove_prefix(std::min(end + 1, places.size()));
  }
  return false;
}

std::string At(const SourceFile& file, std::size_t line, const std::string& what) {
  return fmt::format("{}:{}: {}", file.path, line, what);
}

// What the sources of a folder may include of ours. The longest folder that fits counts.
struct Room {
  std::string_view folder;
  std::string_view may_include;
};
constexpr std::array<Room, 10> kRooms = {{
    {"base/", "base/"},
    {"trace/", "trace/ base/"},
    {"verifier/", "verifier/ trace/ base/"},
    {"engine/port/", "engine/port/ base/"},
    {"engine/", "engine/ base/"},
    {"watch/", "watch/ engine/ verifier/ trace/ base/"},
    {"sim/", "sim/ trace/ base/ engine/port/"},
    {"lab/", "lab/ sim/ trace/ base/ engine/port/"},
    {"rehearsal/", "rehearsal/ watch/ lab/ sim/ engine/ verifier/ trace/ base/"},
    {"tests/", "tests/ rehearsal/ watch/ lab/ sim/ engine/ verifier/ trace/ base/"},
}};

const Room* RoomOf(std::string_view path) {
  const Room* best = nullptr;
  for (const Room& room : kRooms) {
    if (StartsWith(path, room.folder) &&
        (best == nullptr || room.folder.size() > best->folder.size())) {
      best = &room;
    }
  }
  return best;
}

struct Banned {
  std::string_view word;
  std::string_view instead;
  std::string_view allowed_in;  ///< folders and files, separated by blanks
  bool call = false;            ///< only with a parenthesis behind it, and as no member
};
constexpr std::string_view kRealTime =
    "engine/real/ lab/ rehearsal/cmd_ tests/bench/ tests/engine_real/ tests/lab/clock/";
// Who stands in front of the clock's functions, and the program that calls them all.
constexpr std::string_view kClock =
    "lab/clock/preload/ lab/clock/multiplied/ tests/lab/clock/waits";
constexpr std::string_view kMayPrint =
    "base/check.cc engine/main.cc engine/real/terminal.cc rehearsal/main.cc rehearsal/cmd_";
constexpr std::array<Banned, 25> kBanned = {{
    {"system_clock", "virtual time of the kernel or the port", kRealTime},
    {"steady_clock", "virtual time of the kernel or the port", kRealTime},
    {"high_resolution_clock", "virtual time of the kernel or the port", ""},
    {"gettimeofday", "virtual time of the kernel or the port", kClock, true},
    {"clock_gettime", "virtual time of the kernel or the port",
     "engine/real/ lab/ tests/lab/clock/waits", true},
    {"time", "virtual time of the kernel or the port", kClock, true},
    {"random_device", "Draws of base/draw.h", "rehearsal/cmd_rehearse.cc"},
    {"rand", "Draws of base/draw.h", "", true},
    {"srand", "Draws of base/draw.h", "", true},
    {"mt19937", "Draws of base/draw.h", ""},
    {"mt19937_64", "Draws of base/draw.h", ""},
    {"uniform_int_distribution", "Draws::Below or Draws::Between", ""},
    {"uniform_real_distribution", "Draws::Below or Draws::Between", ""},
    {"bernoulli_distribution", "Draws::Permille", ""},
    {"shuffle", "Draws::Below and std::swap", "", true},
    {"cout", "a string that a main file prints", kMayPrint},
    {"cerr", "a string that a main file prints", kMayPrint},
    {"printf", "a string that a main file prints",
     "base/check.cc engine/main.cc engine/real/terminal.cc rehearsal/main.cc rehearsal/cmd_ "
     "tests/lab/clock/waits.cc tests/lab/clock/waits_at_once.cc",
     true},
    {"fprintf", "a string that a main file prints", kMayPrint, true},
    {"puts", "a string that a main file prints", kMayPrint, true},
    {"throw", "a Result", ""},
    {"sleep_for", "a wake-up at a time", kClock},
    {"sleep", "a wake-up at a time", kClock, true},
    {"usleep", "a wake-up at a time", kClock, true},
    {"nanosleep", "a wake-up at a time", kClock, true},
}};

// Is the word at `at` a call of that function itself, and no member, declaration or other
// namespace's? "::f(" and "std::f(" are calls, "x.f(", "x->f(", "Type f(" and "other::f(" are not.
bool IsFreeCall(std::string_view code, std::size_t at, std::string_view word) {
  if (code.substr(at + word.size(), 1) != "(") return false;
  std::string_view before = code.substr(0, at);
  if (before.size() >= 5 && before.substr(before.size() - 5) == "std::") return true;
  if (before.size() >= 2 && before.substr(before.size() - 2) == "::") {
    before.remove_suffix(2);
    return before.empty() || std::string_view(" \n({!=,").find(before.back()) != std::string::npos;
  }
  if (before.empty()) return true;
  if (before.back() == ' ') {
    const std::size_t last = before.find_last_not_of(' ');
    if (last == std::string_view::npos) return true;
    constexpr std::string_view kReturn = "return";
    before = before.substr(0, last + 1);
    if (before.size() >= kReturn.size() &&
        before.substr(before.size() - kReturn.size()) == kReturn) {
      return true;
    }
    return std::string_view("\n({!=,;&|+-*/?:<").find(before.back()) != std::string::npos;
  }
  return std::string_view("\n({!,").find(before.back()) != std::string::npos;
}

std::size_t LineAt(std::string_view text, std::size_t at) {
  return static_cast<std::size_t>(
             std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) +
         1;
}

// UTF-8: continuation bytes take no column.
std::size_t ColumnsOf(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// The names of variables and members in `code` that are declared as hash maps or sets.
std::vector<std::string> HashMapNames(std::string_view code) {
  std::vector<std::string> names;
  constexpr std::array<std::string_view, 8> kTypes = {
      "unordered_map",      "unordered_set",      "unordered_multimap", "unordered_multiset",
      "unordered_flat_map", "unordered_flat_set", "unordered_node_map", "unordered_node_set"};
  for (const std::string_view type : kTypes) {
    for (std::size_t at = FindWord(code, type); at != std::string_view::npos;
         at = FindWord(code, type, at + 1)) {
      std::size_t end = at + type.size();
      if (end >= code.size() || code[end] != '<') continue;
      std::size_t depth = 0;
      do {
        if (code[end] == '<') ++depth;
        if (code[end] == '>') --depth;
        ++end;
      } while (depth > 0 && end < code.size());
      while (end < code.size() && std::string_view(" \n&*").find(code[end]) != std::string::npos)
        ++end;
      std::size_t stop = end;
      while (stop < code.size() &&
             (std::isalnum(static_cast<unsigned char>(code[stop])) != 0 || code[stop] == '_'))
        ++stop;
      if (stop > end) names.emplace_back(code.substr(end, stop - end));
    }
  }
  return names;
}

// Does `list`, a CMakeLists.txt, name the source at `path`: by its path from there, or, what
// several tests share, as "../support/…"?
bool Names(const SourceFile& list, const std::string& path) {
  const std::string folder = list.path.substr(0, list.path.rfind('/') + 1);
  constexpr std::string_view kShared = "tests/support/";
  std::string name;
  if (StartsWith(path, folder)) {
    name = path.substr(folder.size());
  } else if (StartsWith(path, kShared) && StartsWith(folder, "tests/")) {
    name = "../support/" + path.substr(kShared.size());
  } else {
    return false;
  }
  const std::string_view text = list.text;
  for (std::size_t at = text.find(name); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    const std::size_t end = at + name.size();
    const char behind = end == text.size() ? ' ' : text[end];
    if (std::string_view(" \n(").find(before) != std::string_view::npos &&
        std::string_view(" \n)").find(behind) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

Complaints IncludeRule(const SourceFile& file) {
  Complaints out;
  const Room* room = RoomOf(file.path);
  std::size_t number = 0;
  for (const std::string_view line : LinesOf(file.text)) {
    ++number;
    constexpr std::string_view kInclude = "#include \"";
    if (!StartsWith(line, kInclude)) continue;
    const std::string_view path =
        line.substr(kInclude.size(), line.find('"', kInclude.size()) - kInclude.size());
    if (room == nullptr) {
      out.push_back(At(file, number, "this folder is in no row of the table of rooms"));
    } else if (RoomOf(path) == nullptr) {
      out.push_back(At(file, number, fmt::format("'{}': include by the path from the root", path)));
    } else if (!IsUnderAny(path, room->may_include)) {
      out.push_back(
          At(file, number,
             fmt::format("'{}': {} may include only {}", path, room->folder, room->may_include)));
    }
  }
  return out;
}

Complaints BannedCallRule(const SourceFile& file) {
  Complaints out;
  const std::string code = CodeOf(file.text);
  for (const Banned& banned : kBanned) {
    if (IsUnderAny(file.path, banned.allowed_in)) continue;
    for (std::size_t at = FindWord(code, banned.word); at != std::string::npos;
         at = FindWord(code, banned.word, at + 1)) {
      if (banned.call && !IsFreeCall(code, at, banned.word)) continue;
      out.push_back(At(file, LineAt(code, at),
                       fmt::format("'{}' is banned here; use {}", banned.word, banned.instead)));
    }
  }
  // fmt::print is a function of the library that everybody has at hand.
  if (IsUnderAny(file.path, kMayPrint)) return out;
  for (std::size_t at = code.find("fmt::print("); at != std::string::npos;
       at = code.find("fmt::print(", at + 1)) {
    out.push_back(At(file, LineAt(code, at),
                     "'fmt::print' is banned here; use a string that a main file prints"));
  }
  return out;
}

Complaints LineLengthRule(const SourceFile& file) {
  Complaints out;
  const std::vector<std::string_view> lines = LinesOf(file.text);
  const std::string blanked = WithoutLiterals(file.text);
  const std::vector<std::string_view> bare = LinesOf(blanked);
  const bool test = StartsWith(file.path, "tests/");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (ColumnsOf(lines[i]) <= kColumnsMax) continue;
    // Within a raw string the line is blank but for its end.
    const std::size_t first = bare[i].find_first_not_of(' ');
    const bool raw = first == std::string_view::npos || first > kColumnsMax / 2 ||
                     lines[i].find("R\"") != std::string_view::npos;
    if (test && raw) continue;
    out.push_back(At(file, i + 1,
                     fmt::format("{} columns; the limit is {}", ColumnsOf(lines[i]), kColumnsMax)));
  }
  return out;
}

Complaints FileLengthRule(const SourceFile& file) {
  const std::size_t count = LinesOf(file.text).size();
  if (count <= kFileLinesMax) return {};
  return {
      At(file, count, fmt::format("{} lines; the limit is {}: split it", count, kFileLinesMax))};
}

Complaints FunctionLengthRule(const SourceFile& file) {
  Complaints out;
  for (const FunctionExtent& function : FunctionsOf(CodeOf(file.text))) {
    if (function.line_count <= kFunctionLinesMax) continue;
    out.push_back(At(file, function.first_line,
                     fmt::format("a function of {} lines; the limit is {}: split it",
                                 function.line_count, kFunctionLinesMax)));
  }
  return out;
}

Complaints LeftoverRule(const SourceFile& file) {
  Complaints out;
  // Written in two parts, so that this file does not find itself.
  static const std::array<std::string, 3> kNotes = {
      "TO"
      "DO",
      "FIX"
      "ME",
      "XX"
      "X"};
  static const std::array<std::string, 4> kMachine = {
      "/wo"
      "rk/",
      "/ro"
      "ot/",
      "/ho"
      "me/runner",
      "/tm"
      "p/b-"};
  std::size_t number = 0;
  for (const std::string_view line : LinesOf(file.text)) {
    ++number;
    for (const std::string& note : kNotes) {
      if (FindWord(line, note) != std::string_view::npos) {
        out.push_back(At(file, number, fmt::format("'{}': do it, or write down why not", note)));
      }
    }
    for (const std::string& path : kMachine) {
      if (line.find(path) != std::string_view::npos) {
        out.push_back(At(file, number, fmt::format("'{}' is a path of one machine", path)));
      }
    }
  }
  return out;
}

Complaints FloatRule(const SourceFile& file) {
  Complaints out;
  if (!StartsWith(file.path, "sim/")) return out;
  const std::string code = CodeOf(file.text);
  for (const std::string_view word : {std::string_view("float"), std::string_view("double")}) {
    for (std::size_t at = FindWord(code, word); at != std::string::npos;
         at = FindWord(code, word, at + 1)) {
      out.push_back(At(file, LineAt(code, at),
                       fmt::format("'{}' in the simulator; use integers and ratios", word)));
    }
  }
  return out;
}

Complaints HashMapRule(const SourceFile& file, const std::string& header) {
  Complaints out;
  if (!IsUnderAny(file.path, "sim/ engine/ verifier/")) return out;
  const std::string code = CodeOf(file.text);
  std::vector<std::string> names = HashMapNames(code);
  for (std::string& name : HashMapNames(CodeOf(header))) names.push_back(std::move(name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    for (std::size_t at = FindWord(code, name); at != std::string::npos;
         at = FindWord(code, name, at + 1)) {
      const std::string_view behind = std::string_view(code).substr(at + name.size());
      const std::string_view before = std::string_view(code).substr(0, at);
      const bool ranged = StartsWith(behind, ")") && before.size() >= 3 &&
                          before.substr(before.size() - 3) == " : ";
      const bool begun = StartsWith(behind, ".begin()") || StartsWith(behind, ".cbegin()");
      if (!ranged && !begun) continue;
      out.push_back(At(file, LineAt(code, at),
                       fmt::format("'{}' is a hash map: its order must not reach output; use a "
                                   "vector or std::map, or sort first",
                                   name)));
    }
  }
  return out;
}

Complaints PragmaOnceRule(const SourceFile& file) {
  if (file.path.size() < 2 || file.path.substr(file.path.size() - 2) != ".h") return {};
  if (file.text.find("\n#pragma once\n") != std::string::npos) return {};
  return {At(file, 1, "a header begins with what it is, then #pragma once")};
}

Complaints UnlistedRule(const std::vector<SourceFile>& sources,
                        const std::vector<SourceFile>& lists) {
  Complaints out;
  for (const SourceFile& source : sources) {
    const bool listed = std::any_of(lists.begin(), lists.end(), [&](const SourceFile& list) {
      return Names(list, source.path);
    });
    if (!listed) out.push_back(At(source, 1, "no CMakeLists.txt names it: it is never built"));
  }
  return out;
}

}  // namespace tidegate::test
