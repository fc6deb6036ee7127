// The INI syntax of an Ansible inventory, as Ansible's own reader takes it: sections, shell-like
// words in host lines (# starts a comment there), Python literals in :vars lines (a # after a
// complete literal is a comment, after a bare word it belongs to the value).
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/names.h"
#include "engine/inventory.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kFileBytesMax = 16ULL << 20;
constexpr std::size_t kLineBytesMax = 64ULL << 10;
constexpr std::size_t kHostsMax = 10'000;
constexpr std::size_t kGroupsMax = 1'000;
constexpr std::size_t kNameBytesMax = 255;

enum class Section { kHosts, kVars, kChildren };

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// A word of a host line and the byte of the line at which it starts.
struct Word {
  std::string text;
  std::size_t begin = 0;
};

// A number such as "01" or a letter, the bounds of a range.
struct Bound {
  std::int64_t value = 0;
  bool letter = false;
};

std::optional<Bound> ReadBound(std::string_view text) {
  if (text.size() == 1 &&
      ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'))) {
    return Bound{text[0], true};
  }
  if (text.empty() || text.size() > 9) return std::nullopt;
  Bound bound;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    bound.value = bound.value * 10 + (c - '0');
  }
  return bound;
}

std::vector<std::string_view> SplitColons(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

class InventoryReader {
 public:
  InventoryReader(std::string_view text, std::string file) : rest_(text) {
    out_.file_ = std::move(file);
    AddGroup("all", {});
    AddGroup("ungrouped", {});
    group_ = 1;
  }

  Result<Inventory> Read() {
    if (rest_.size() > kFileBytesMax) {
      return Error{ErrorCode::kLimit, "the inventory is larger than 16 MiB", out_.file_};
    }
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++line_number_;
      if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
      TRY(ReadLine());
    }
    TRY(ResolvePending());
    TRY(Arrange());
    return std::move(out_);
  }

 private:
  // A group named by :vars or :children before (or without) its own section.
  struct Pending {
    std::size_t group = 0;
    InventoryPlace place;
    bool is_child = false;
  };

  InventoryPlace At(std::size_t offset) const {
    return {line_number_, static_cast<std::int64_t>(offset) + 1};
  }
  Error Fail(std::size_t offset, std::string message) const {
    return out_.ErrorAt(At(offset), std::move(message));
  }

  std::size_t AddGroup(std::string_view name, InventoryPlace place) {
    const auto found = out_.group_index_.find(name);
    if (found != out_.group_index_.end()) return found->second;
    const std::size_t index = out_.groups_.size();
    out_.group_index_.emplace(name, index);
    InventoryGroup group;
    group.name = name;
    group.place = place;
    out_.groups_.push_back(std::move(group));
    declared_.push_back(false);
    return index;
  }

  Status ReadLine() {
    if (line_.size() > kLineBytesMax) return Fail(0, "the line is longer than 64 KiB");
    const std::size_t begin = line_.find_first_not_of(" \t");
    if (begin == std::string_view::npos || line_[begin] == '#' || line_[begin] == ';') return {};
    if (line_.find('\0') != std::string_view::npos) {
      return Fail(line_.find('\0'), "a zero byte; this is not a text file");
    }
    if (line_[begin] == '[') {
      const std::size_t close = line_.find(']', begin);
      const std::string_view after = close == std::string_view::npos ? "" : line_.substr(close + 1);
      const std::size_t text = after.find_first_not_of(" \t");
      const bool ends = text == std::string_view::npos || after[text] == '#' || after[text] == ';';
      // "[a:c]x.example" in a host line is a range at the start of a name.
      if (close == std::string_view::npos || ends) return ReadSection(begin, close);
    }
    switch (section_) {
      case Section::kHosts: return ReadHosts(begin);
      case Section::kVars: return ReadVariable(begin);
      case Section::kChildren: return ReadChild(begin);
    }
    return {};
  }

  Status ReadSection(std::size_t begin, std::size_t close) {
    if (close == std::string_view::npos) {
      return Fail(begin, fmt::format("the section '{}' has no closing ']'", line_.substr(begin)));
    }
    const std::string_view inside = line_.substr(begin + 1, close - begin - 1);
    const std::size_t colon = inside.find(':');
    const std::string_view name = inside.substr(0, colon);
    if (name.empty() || name.size() > kNameBytesMax ||
        name.find_first_of(" \t[") != std::string_view::npos) {
      return Fail(begin, fmt::format("'[{}]' is no section: expected [group], [group:children] or "
                                     "[group:vars]",
                                     inside));
    }
    section_ = Section::kHosts;
    if (colon != std::string_view::npos) {
      const std::string_view kind = inside.substr(colon + 1);
      if (kind == "vars") {
        section_ = Section::kVars;
      } else if (kind == "children") {
        section_ = Section::kChildren;
      } else {
        const std::vector<std::string> kinds = {"vars", "children"};
        return Fail(begin + 1 + colon + 1,
                    fmt::format("'[{}]': a section is [group], [group:children] or [group:vars]{}",
                                inside, DidYouMean(kind, kinds)));
      }
    }
    group_ = AddGroup(name, At(begin));
    if (section_ == Section::kVars) {
      pending_.push_back({group_, At(begin + 1), false});
    } else {
      declared_[group_] = true;
      out_.groups_[group_].place = At(begin);
    }
    if (out_.groups_.size() > kGroupsMax) return Fail(begin, "more than 1,000 groups");
    return {};
  }

  // Splits a host line as a shell would, comments included.
  Result<std::vector<Word>> SplitWords(std::size_t at) const {
    std::vector<Word> words;
    while (at < line_.size()) {
      if (IsBlank(line_[at])) {
        ++at;
        continue;
      }
      if (line_[at] == '#') break;
      Word word{"", at};
      while (at < line_.size() && !IsBlank(line_[at])) {
        const char c = line_[at];
        if (c == '"' || c == '\'') {
          const std::size_t open = at++;
          while (at < line_.size() && line_[at] != c) {
            const bool escaped = c == '"' && line_[at] == '\\' && at + 1 < line_.size() &&
                                 (line_[at + 1] == '"' || line_[at + 1] == '\\');
            if (escaped) ++at;
            word.text += line_[at++];
          }
          if (at >= line_.size()) {
            return Fail(open, fmt::format("the quote in {} is not closed", line_.substr(open)));
          }
          ++at;
        } else if (c == '\\' && at + 1 < line_.size()) {
          word.text += line_[at + 1];
          at += 2;
        } else {
          word.text += c;
          ++at;
        }
      }
      words.push_back(std::move(word));
    }
    return words;
  }

  Status ReadHosts(std::size_t begin) {
    TRY_ASSIGN(const std::vector<Word> words, SplitWords(begin));
    if (words.empty()) return {};
    InventoryVars vars;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::size_t equals = words[i].text.find('=');
      if (equals == std::string::npos || equals == 0) {
        const bool spaced = i + 1 < words.size() && words[i + 1].text.starts_with("=");
        const std::string_view hint = spaced ? "; no space may stand before '=' here" : "";
        return Fail(words[i].begin, fmt::format("expected key=value after host '{}', found '{}'{}",
                                                words[0].text, words[i].text, hint));
      }
      vars[words[i].text.substr(0, equals)] = {words[i].text.substr(equals + 1),
                                               At(words[i].begin)};
    }
    std::string pattern = words[0].text;
    if (pattern.find('=') != std::string::npos) {
      return Fail(words[0].begin,
                  fmt::format("'{}' stands where a host is expected; variables of a group belong "
                              "into [{}:vars]",
                              pattern, out_.groups_[group_].name));
    }
    TRY(TakePort(&pattern, words[0].begin, &vars));
    std::vector<std::string> names;
    TRY(Expand(pattern, words[0].begin, 0, &names));
    for (std::string& name : names) {
      if (name.size() > kNameBytesMax) return Fail(words[0].begin, "a host name of over 255 bytes");
      TRY(AddHost(std::move(name), words[0].begin, vars));
    }
    return {};
  }

  // "host:2222" sets ansible_port; the colon of a range stays.
  Status TakePort(std::string* pattern, std::size_t begin, InventoryVars* vars) {
    const std::size_t bracket = pattern->rfind(']');
    const std::size_t tail = bracket == std::string::npos ? 0 : bracket + 1;
    const std::size_t colon = pattern->find(':', tail);
    if (colon == std::string::npos || pattern->find(':', colon + 1) != std::string::npos) return {};
    if (bracket == std::string::npos && pattern->find('[') != std::string::npos) return {};
    const std::string port = pattern->substr(colon + 1);
    const std::optional<Bound> number = ReadBound(port);
    if (!number || number->letter || number->value < 1 || number->value > 65535) {
      return Fail(begin + colon, fmt::format("'{}' is no port in '{}'", port, *pattern));
    }
    vars->emplace("ansible_port", InventoryValue{port, At(begin)});
    pattern->resize(colon);
    return {};
  }

  // host[01:03], [a:c], [1:9:2]: every name, ends included, zeros kept.
  Status Expand(const std::string& pattern, std::size_t begin, int depth,
                std::vector<std::string>* out) {
    const std::size_t open = pattern.find('[');
    if (open == std::string::npos) {
      if (out_.hosts_.size() + out->size() >= kHostsMax)
        return Fail(begin, "more than 10,000 hosts");
      out->push_back(pattern);
      return {};
    }
    const std::size_t close = pattern.find(']', open);
    const std::string inside =
        pattern.substr(open + 1, close == std::string::npos ? std::string::npos : close - open - 1);
    const std::vector<std::string_view> parts = SplitColons(inside);
    const auto bad = [&](std::string_view why) {
      return Fail(begin, fmt::format("the range '{}' of '{}' {}",
                                     pattern.substr(open, close - open + 1), pattern, why));
    };
    if (close == std::string::npos) return bad("has no closing ']'");
    if (depth >= 4) return bad("is the fifth of one name");
    if (parts.size() < 2 || parts.size() > 3)
      return bad("is not [first:last] or [first:last:step]");
    const std::optional<Bound> first = ReadBound(parts[0].empty() ? "0" : parts[0]);
    const std::optional<Bound> last = ReadBound(parts[1]);
    const std::optional<Bound> step = ReadBound(parts.size() == 3 ? parts[2] : "1");
    if (!first || !last || first->letter != last->letter)
      return bad("needs two numbers or two letters");
    if (!step || step->letter || step->value == 0)
      return bad("has a step that is no number above 0");
    if (first->value > last->value) return bad("ends before it begins");
    const bool padded = parts[0].size() > 1 && parts[0][0] == '0';
    if (padded && parts[0].size() != parts[1].size()) return bad("has bounds of different length");
    for (std::int64_t value = first->value; value <= last->value; value += step->value) {
      std::string name = pattern.substr(0, open);
      if (first->letter) {
        name += static_cast<char>(value);
      } else {
        name += fmt::format("{:0{}}", value, padded ? parts[0].size() : 1);
      }
      TRY(Expand(name + pattern.substr(close + 1), begin, depth + 1, out));
    }
    return {};
  }

  Status AddHost(std::string name, std::size_t begin, const InventoryVars& vars) {
    const auto [found, fresh] = out_.host_index_.emplace(name, out_.hosts_.size());
    if (fresh) {
      InventoryHost host;
      host.name = std::move(name);
      host.place = At(begin);
      out_.hosts_.push_back(std::move(host));
      member_of_.emplace_back();
    }
    const std::size_t index = found->second;
    for (const auto& [key, value] : vars) out_.hosts_[index].vars[key] = value;
    std::vector<std::size_t>& groups = member_of_[index];
    if (std::find(groups.begin(), groups.end(), group_) == groups.end()) {
      groups.push_back(group_);
      out_.groups_[group_].hosts.push_back(index);
    }
    return {};
  }

  Status ReadVariable(std::size_t begin) {
    const std::size_t equals = line_.find('=', begin);
    if (equals == std::string_view::npos || equals == begin) {
      return Fail(begin, fmt::format("expected 'key = value' in [{}:vars], found '{}'",
                                     out_.groups_[group_].name, TrimRight(line_.substr(begin))));
    }
    const std::string_view key = TrimRight(line_.substr(begin, equals - begin));
    const std::size_t value = line_.find_first_not_of(" \t", equals + 1);
    std::string text;
    if (value != std::string_view::npos) {
      TRY_ASSIGN(text, ReadLiteral(TrimRight(line_.substr(value)), value));
    }
    out_.groups_[group_].vars[std::string(key)] = {
        std::move(text), At(value == std::string_view::npos ? equals : value)};
    return {};
  }

  // A Python literal loses its quotes and a comment behind it; anything else is taken as it stands.
  Result<std::string> ReadLiteral(std::string_view text, std::size_t begin) const {
    if (text[0] == '"' || text[0] == '\'') {
      std::string value;
      std::size_t at = 1;
      while (at < text.size() && text[at] != text[0]) {
        if (text[at] == '\\' && at + 1 < text.size() &&
            (text[at + 1] == text[0] || text[at + 1] == '\\')) {
          ++at;
        }
        value += text[at++];
      }
      if (at >= text.size()) return Fail(begin, fmt::format("the quote in {} is not closed", text));
      const std::size_t tail = text.find_first_not_of(" \t", at + 1);
      if (tail == std::string_view::npos || text[tail] == '#') return value;
      return std::string(text);
    }
    const std::size_t hash = text.find('#');
    if (hash == std::string_view::npos) return std::string(text);
    const std::string_view head = TrimRight(text.substr(0, hash));
    const bool number = !head.empty() && head.find_first_not_of("0123456789") == std::string::npos;
    if (number || head == "True" || head == "False" || head == "None") return std::string(head);
    return std::string(text);
  }

  Status ReadChild(std::size_t begin) {
    const std::size_t hash = line_.find('#', begin);
    const std::string_view name = TrimRight(line_.substr(begin, hash - begin));
    if (name.find_first_of(" \t=") != std::string_view::npos) {
      return Fail(begin, fmt::format("expected the name of a group in [{}:children], found '{}'",
                                     out_.groups_[group_].name, name));
    }
    const std::size_t parent = group_;
    const std::size_t child = AddGroup(name, At(begin));
    pending_.push_back({child, At(begin), true});
    std::vector<std::size_t>& children = out_.groups_[parent].children;
    if (std::find(children.begin(), children.end(), child) == children.end()) {
      children.push_back(child);
    }
    if (out_.groups_.size() > kGroupsMax) return Fail(begin, "more than 1,000 groups");
    return {};
  }

  Status ResolvePending() {
    declared_[0] = declared_[1] = true;
    for (const Pending& pending : pending_) {
      if (declared_[pending.group]) continue;
      std::vector<std::string> names;
      for (std::size_t i = 0; i < out_.groups_.size(); ++i) {
        if (declared_[i]) names.push_back(out_.groups_[i].name);
      }
      const std::string& name = out_.groups_[pending.group].name;
      const bool host = pending.is_child && out_.host_index_.contains(name);
      return out_.ErrorAt(
          pending.place,
          fmt::format("no group [{}]{}", name, host ? "; it is a host" : DidYouMean(name, names)));
    }
    return {};
  }

  // The depth of each group (longest way from all), parents first; then each host's groups.
  Status Arrange() {
    const std::size_t count = out_.groups_.size();
    std::vector<std::vector<std::size_t>> parents(count);
    for (std::size_t i = 0; i < count; ++i) {
      for (const std::size_t child : out_.groups_[i].children) parents[child].push_back(i);
    }
    std::vector<std::size_t> depth(count, 1);
    depth[0] = 0;
    for (std::size_t round = 0; round <= count; ++round) {
      bool moved = false;
      for (std::size_t i = 1; i < count; ++i) {
        for (const std::size_t child : out_.groups_[i].children) {
          if (depth[child] > depth[i]) continue;
          depth[child] = depth[i] + 1;
          moved = true;
          if (depth[child] > count) {
            return out_.ErrorAt(
                out_.groups_[i].place,
                fmt::format("group [{}] is a child of itself", out_.groups_[i].name));
          }
        }
      }
      if (!moved) break;
    }
    for (std::size_t host = 0; host < out_.hosts_.size(); ++host) {
      std::vector<std::size_t> groups = member_of_[host];
      for (std::size_t i = 0; i < groups.size(); ++i) {
        for (const std::size_t parent : parents[groups[i]]) {
          if (std::find(groups.begin(), groups.end(), parent) == groups.end()) {
            groups.push_back(parent);
          }
        }
      }
      if (std::find(groups.begin(), groups.end(), 0) == groups.end()) groups.push_back(0);
      // Ansible: deeper groups win; among equals the one whose name sorts last.
      std::sort(groups.begin(), groups.end(), [&](std::size_t a, std::size_t b) {
        if (depth[a] != depth[b]) return depth[a] > depth[b];
        return out_.groups_[a].name > out_.groups_[b].name;
      });
      out_.precedence_.push_back(std::move(groups));
    }
    return {};
  }

  std::string_view rest_;
  std::string_view line_;
  std::int64_t line_number_ = 0;
  Section section_ = Section::kHosts;
  std::size_t group_ = 0;
  std::vector<bool> declared_;
  std::vector<Pending> pending_;
  std::vector<std::vector<std::size_t>> member_of_;
  Inventory out_;
};

Result<Inventory> Inventory::Parse(std::string_view text, std::string file) {
  return InventoryReader(text, std::move(file)).Read();
}

}  // namespace tidegate::engine
