// The journal reader: what it accepts is written again byte for byte, and each cut of the last line
// is a torn tail, never a shorter history that looks whole.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidegate::engine;  // NOLINT(google-build-using-namespace)
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto journal = DecodeJournal(text, "fuzz.journal");
  if (!journal.has_value()) {
    if (journal.error().message.empty() || journal.error().where.empty()) __builtin_trap();
    return 0;
  }
  if (journal->good_bytes > size) __builtin_trap();
  if (journal->torn != (journal->good_bytes < size)) __builtin_trap();
  std::string again;
  for (const port::JournalRecord& record : journal->records) again += EncodeRecord(record);
  const auto copy = DecodeJournal(again, "fuzz.journal");
  if (!copy.has_value() || copy->records.size() != journal->records.size()) __builtin_trap();
  if (again.empty()) return 0;
  const auto torn = DecodeJournal(again.substr(0, again.size() - 1), "fuzz.journal");
  if (!torn.has_value() || !torn->torn) __builtin_trap();
  if (torn->records.size() + 1 != journal->records.size()) __builtin_trap();
  return 0;
}
