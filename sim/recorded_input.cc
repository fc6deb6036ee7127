#include "sim/recorded_input.h"

#include <fmt/format.h>

#include <charconv>
#include <concepts>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/redact.h"

namespace tidegate::sim {
namespace {

namespace port = engine::port;

template <typename Given, typename Wanted>
concept Is = std::same_as<std::remove_const_t<Given>, Wanted>;

auto Fields(Is<port::StopProcess> auto& a) {
  return std::tie(a.host, a.unit, a.signal, a.supervised);
}
auto Fields(Is<port::StartProcess> auto& a) { return std::tie(a.host, a.unit); }
auto Fields(Is<port::SetUnitEnabled> auto& a) { return std::tie(a.host, a.unit, a.enabled); }
auto Fields(Is<port::InstallBinary> auto& a) { return std::tie(a.host, a.part, a.version, a.path); }
auto Fields(Is<port::WriteFile> auto& a) { return std::tie(a.host, a.path, a.content); }
auto Fields(Is<port::RunSql> auto& a) { return std::tie(a.endpoint, a.statement); }
auto Fields(Is<port::RunHook> auto& a) { return std::tie(a.name, a.argv); }
auto Fields(Is<port::KeepBackup> auto& a) { return std::tie(a.name, a.bytes); }
auto Fields(Is<port::RunPlaybook> auto& a) { return std::tie(a.playbook, a.tags, a.limit, a.dir); }
auto Fields(Is<port::CopyBinary> auto& a) { return std::tie(a.host, a.part, a.from, a.to); }
auto Fields(Is<port::HttpGet> auto& q) {
  return std::tie(q.host, q.port, q.path, q.method, q.body);
}
auto Fields(Is<port::ListRegistry> auto& q) { return std::tie(q.root); }
auto Fields(Is<port::ShowUnit> auto& q) { return std::tie(q.host, q.unit); }
auto Fields(Is<port::BinaryVersion> auto& q) { return std::tie(q.host, q.path); }
auto Fields(Is<port::ReadRemoteFile> auto& q) { return std::tie(q.host, q.path); }
auto Fields(Is<port::QuerySql> auto& q) { return std::tie(q.endpoint, q.statement); }
auto Fields(Is<port::ConnectTcp> auto& q) { return std::tie(q.host, q.port); }

class FieldWriter {
 public:
  void Add(std::string_view bytes) {
    out_ += fmt::format_int(bytes.size()).c_str();
    out_ += ':';
    out_ += bytes;
    out_ += ',';
  }
  void Add(const std::string& text) {
    // Redact copies, and few texts hold what it looks for.
    if (text.find("password") == std::string::npos) return Add(std::string_view(text));
    Add(std::string_view(Redact(text)));
  }
  void Add(bool value) { Add(std::string_view(value ? "1" : "0")); }
  void Add(std::integral auto value) { Add(std::string_view(fmt::format_int(value).c_str())); }
  void Add(const std::vector<std::string>& list) {
    Add(list.size());
    for (const std::string& one : list) Add(one);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  void Read(std::string* out) { *out = Next(); }
  void Read(bool* out) {
    const std::string_view bytes = Next();
    if (bytes != "0" && bytes != "1") return Fail("neither 0 nor 1");
    *out = bytes == "1";
  }
  template <std::integral Number>
  void Read(Number* out) {
    const std::string_view bytes = Next();
    const auto [stop, errc] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), *out);
    if (errc != std::errc() || stop != bytes.data() + bytes.size()) Fail("no number");
  }
  void Read(std::vector<std::string>* out) {
    std::uint32_t count = 0;
    Read(&count);
    // Each takes three bytes at least.
    if (count > text_.size() / 3) return Fail("a list longer than its text");
    for (std::uint32_t i = 0; i < count && why_.empty(); ++i) out->emplace_back(Next());
  }

  Status Finish() {
    if (why_.empty() && at_ != text_.size()) {
      field_at_ = at_;
      Fail("more than its fields");
    }
    if (why_.empty()) return {};
    return Error{ErrorCode::kBadInput, fmt::format("a recorded input has {} here", why_),
                 fmt::format("byte {}", bad_at_)};
  }

 private:
  // The first failure counts.
  void Fail(const char* why) {
    if (!why_.empty()) return;
    why_ = why;
    bad_at_ = field_at_;
  }

  std::string_view Next() {
    field_at_ = at_;
    if (!why_.empty()) return {};
    std::size_t length = 0;
    const char* const end = text_.data() + text_.size();
    const auto [stop, errc] = std::from_chars(text_.data() + at_, end, length);
    if (errc != std::errc() || stop == end || *stop != ':') {
      Fail("no LENGTH: of a field");
      return {};
    }
    const auto begin = static_cast<std::size_t>(stop - text_.data()) + 1;
    if (length >= text_.size() - begin || text_[begin + length] != ',') {
      Fail("a field that does not end with a comma where it should");
      return {};
    }
    at_ = begin + length + 1;
    return text_.substr(begin, length);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t field_at_ = 0;
  std::size_t bad_at_ = 0;
  std::string why_;
};

template <typename Variant>
std::string Encode(const Variant& input) {
  FieldWriter writer;
  std::visit(
      [&](const auto& one) {
        std::apply([&](const auto&... field) { (writer.Add(field), ...); }, Fields(one));
      },
      input);
  return writer.Take();
}

template <typename Variant, std::size_t kIndex = 0>
Result<Variant> Decode(std::size_t index, std::string_view text) {
  if constexpr (kIndex < std::variant_size_v<Variant>) {
    if (index != kIndex) return Decode<Variant, kIndex + 1>(index, text);
    std::variant_alternative_t<kIndex, Variant> one;
    FieldReader reader(text);
    std::apply([&](auto&... field) { (reader.Read(&field), ...); }, Fields(one));
    TRY(reader.Finish());
    return Variant(std::move(one));
  } else {
    return Error{ErrorCode::kBadInput, fmt::format("there is no kind {} of it", index), ""};
  }
}

}  // namespace

std::string EncodeInput(const port::Action& action) { return Encode(action); }
std::string EncodeInput(const port::Query& query) { return Encode(query); }

Result<port::Action> DecodeAction(std::size_t index, std::string_view text) {
  return Decode<port::Action>(index, text);
}
Result<port::Query> DecodeQuery(std::size_t index, std::string_view text) {
  return Decode<port::Query>(index, text);
}

}  // namespace tidegate::sim
