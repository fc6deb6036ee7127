#include "lab/session/crashes.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/files.h"

namespace tidegate::lab {
namespace {

using trace::CrashPoint;

// Behind each whole record, in order, from 0 for none.
std::vector<std::size_t> RecordEnds(const std::string& text) {
  std::vector<std::size_t> ends = {0};
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    ends.push_back(at + 1);
  }
  return ends;
}

// Behind the action of a record is where the next one is about to be written.
std::uint64_t RecordsBefore(const Crashes::Crash& crash) {
  return crash.point == CrashPoint::kAfterAction ? crash.record + 1 : crash.record;
}

}  // namespace

Crashes::Crashes(const std::vector<sim::FaultPlan>& faults, std::string journal_path)
    : journal_path_(std::move(journal_path)) {
  if (journal_path_.empty()) return;
  for (const sim::FaultPlan& fault : faults) {
    if (fault.kind != sim::FaultKind::kEngineCrash || fault.amount <= 0) continue;
    pending_.push_back(
        {static_cast<CrashPoint>(fault.detail), static_cast<std::uint64_t>(fault.amount)});
  }
}

std::optional<Crashes::Crash> Crashes::TakeDue() {
  if (pending_.empty()) return std::nullopt;
  std::error_code none;
  const std::uintmax_t size = std::filesystem::file_size(journal_path_, none);
  if (none || size == seen_size_) return std::nullopt;
  const Result<std::string> text = ReadFile(journal_path_);
  if (!text.has_value()) return std::nullopt;
  const std::size_t record_count = RecordEnds(*text).size() - 1;
  const auto due = std::find_if(pending_.begin(), pending_.end(), [&](const Crash& crash) {
    return RecordsBefore(crash) <= record_count;
  });
  if (due == pending_.end()) {
    seen_size_ = size;
    return std::nullopt;
  }
  const Crash crash = *due;
  pending_.erase(due);
  return crash;
}

Status Crashes::CutJournal(const Crash& crash) const {
  const Result<std::string> text = ReadFile(journal_path_);
  if (!text.has_value()) return {};  // it had not begun one
  const std::vector<std::size_t> ends = RecordEnds(*text);
  const std::size_t record = crash.record == 0 ? ends.size() - 1 : crash.record;
  if (record == 0) return {};
  std::size_t size = crash.record == 0 ? text->size() : ends[record];
  if (crash.point == CrashPoint::kBeforePersist && crash.record != 0) size = ends[record - 1];
  if (crash.point == CrashPoint::kTornTail) size = (ends[record - 1] + ends[record]) / 2;
  std::error_code failed;
  std::filesystem::resize_file(journal_path_, size, failed);
  if (!failed) return {};
  return Error{ErrorCode::kIo, fmt::format("can't cut {}: {}", journal_path_, failed.message()),
               ""};
}

}  // namespace tidegate::lab
