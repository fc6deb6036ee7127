#include "engine/journal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "engine/plan.h"

namespace tidegate::engine {
namespace {

constexpr std::string_view kSumKey = ",\"sum\":\"";
constexpr std::size_t kTailSize = kSumKey.size() + 16 + 2;  // ,"sum":"…"}

std::string Body(const port::JournalRecord& record) {
  return fmt::format("{{\"sequence\":{},\"at\":{},\"kind\":\"{}\",\"name\":{},\"value\":{}",
                     record.sequence, record.at,
                     port::kJournalKindNames[static_cast<std::size_t>(record.kind)],
                     JsonQuote(record.name), JsonQuote(record.value));
}

Result<port::JournalRecord> DecodeLine(std::string_view line, const std::string& where) {
  const auto bad = [&](const char* why) { return Error{ErrorCode::kBadInput, why, where}; };
  if (line.size() <= kTailSize || line.substr(line.size() - kTailSize, kSumKey.size()) != kSumKey) {
    return bad("a journal record without a checksum");
  }
  const std::string_view body = line.substr(0, line.size() - kTailSize);
  if (line.substr(line.size() - 18, 16) != fmt::format("{:016x}", Digest(body))) {
    return bad("the checksum of this journal record is wrong: the file was changed or damaged");
  }
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::string(line), where));
  port::JournalRecord record;
  std::int64_t sequence = 0;
  std::size_t kind = 0;
  JsonObjectReader reader(document, document.root(), "a journal record");
  std::string sum;
  reader.Int("sequence", 1, INT64_MAX, &sequence);
  reader.Int("at", INT64_MIN, INT64_MAX, &record.at);
  reader.Choice(
      "kind",
      std::vector<std::string_view>(port::kJournalKindNames.begin(), port::kJournalKindNames.end()),
      &kind);
  reader.String("name", &record.name);
  reader.String("value", &record.value);
  reader.String("sum", &sum);
  TRY(reader.Finish());
  record.sequence = static_cast<std::uint64_t>(sequence);
  record.kind = static_cast<port::JournalRecord::Kind>(kind);
  return record;
}

}  // namespace

std::string EncodeRecord(const port::JournalRecord& record) {
  std::string line = Body(record);
  const std::uint64_t sum = Digest(line);
  line += kSumKey;
  line += fmt::format("{:016x}\"}}\n", sum);
  return line;
}

Result<Journal> DecodeJournal(std::string_view text, const std::string& file) {
  Journal journal;
  int line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      journal.torn = true;
      return journal;
    }
    const std::string where = fmt::format("{}:{}", file, line_number);
    Result<port::JournalRecord> record = DecodeLine(text.substr(0, end), where);
    if (!record) return std::move(record).error();
    if (record->sequence != journal.records.size() + 1) {
      return Error{ErrorCode::kBadInput,
                   fmt::format("record {} where {} was expected", record->sequence,
                               journal.records.size() + 1),
                   where};
    }
    journal.records.push_back(*std::move(record));
    journal.good_bytes += end + 1;
    text.remove_prefix(end + 1);
  }
  return journal;
}

}  // namespace tidegate::engine
