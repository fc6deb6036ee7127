#include "verifier/witness.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <string>
#include <utility>

#include "trace/story.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

// The events of a transaction that a witness is made of, in their order of happening: its commit,
// who acknowledged it, and what became of its binlog. Rows and hand-overs are left out.
bool BelongsToStory(EventKind kind) {
  switch (kind) {
    case EventKind::kTxnCommitted:
    case EventKind::kDdlCommitted:
    case EventKind::kBinlogAcked:
    case EventKind::kBinlogDropped:
    case EventKind::kBinlogPurged: return true;
    default: return false;
  }
}

bool IsRow(EventKind kind) {
  return kind == EventKind::kRowCommitted || kind == EventKind::kRowApplied ||
         kind == EventKind::kRowChanged;
}

constexpr std::size_t kStoryMax = 8;  // of one transaction

// Fetches from the trace what the drafts wish for, in one pass.
class Fetcher {
 public:
  explicit Fetcher(const std::vector<Findings::Entry>& entries)
      : entries_(entries), found_(entries.size()) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Draft& draft = entries[i].draft;
      if (draft.story.start_ts != 0) by_start_[draft.story.start_ts].push_back(i);
      if (draft.story.commit_ts != 0) by_commit_[draft.story.commit_ts].push_back(i);
      for (const RowWish& wish : draft.rows) {
        rows_.push_back({.entry = i, .wish = wish, .found = false, .last = {}});
      }
    }
  }

  void Run(const trace::Trace& trace, std::vector<std::vector<Evidence>>* evidence) {
    if (by_start_.empty() && by_commit_.empty() && rows_.empty()) return;
    for (std::size_t index = 0; index < trace.events.size(); ++index) {
      const Event& event = trace.events[index];
      if (IsRow(event.kind)) SeeRow({.index = index, .event = event}, evidence);
      if (BelongsToStory(event.kind)) SeeStory({.index = index, .event = event}, evidence);
    }
    for (const Row& row : rows_) {
      if (row.found) (*evidence)[row.entry].push_back(row.last);
    }
  }

 private:
  struct Row {
    std::size_t entry = 0;
    RowWish wish;
    bool found = false;
    Evidence last;
  };
  using Entries = std::vector<std::size_t>;

  void Add(std::size_t entry, const Evidence& item, std::vector<std::vector<Evidence>>* evidence) {
    if (found_[entry]++ < kStoryMax) (*evidence)[entry].push_back(item);
  }

  void SeeStory(const Evidence& item, std::vector<std::vector<Evidence>>* evidence) {
    const auto start = by_start_.find(item.event.a);
    const auto commit = by_commit_.find(item.event.b);
    const Entries* wanted = nullptr;
    if (item.event.a != 0 && start != by_start_.end()) wanted = &start->second;
    if (item.event.b != 0 && commit != by_commit_.end()) wanted = &commit->second;
    if (wanted == nullptr) return;
    for (const std::size_t entry : *wanted) Add(entry, item, evidence);
  }

  void SeeRow(const Evidence& item, std::vector<std::vector<Evidence>>* evidence) {
    const auto commit = by_commit_.find(item.event.b);
    if (commit != by_commit_.end()) {
      for (const std::size_t entry : commit->second) {
        if (entries_[entry].draft.story.rows) Add(entry, item, evidence);
      }
    }
    for (Row& row : rows_) {
      const RowWish& wish = row.wish;
      if (item.event.kind != wish.kind || item.event.code != wish.table ||
          item.event.a != wish.key) {
        continue;
      }
      if (wish.commit_ts != 0 && (row.found || item.event.b != wish.commit_ts)) continue;
      row.found = true;
      row.last = item;
    }
  }

  const std::vector<Findings::Entry>& entries_;
  std::vector<std::size_t> found_;
  boost::unordered_flat_map<Tso, Entries> by_start_;
  boost::unordered_flat_map<Tso, Entries> by_commit_;
  std::vector<Row> rows_;
};

std::vector<Witness> Sentences(std::vector<Evidence> evidence, const Context& context) {
  std::sort(evidence.begin(), evidence.end(),
            [](const Evidence& a, const Evidence& b) { return a.index < b.index; });
  std::vector<Witness> witness;
  for (const Evidence& item : evidence) {
    if (!witness.empty() && witness.back().index == item.index) continue;
    witness.push_back({.index = item.index,
                       .time = item.event.time,
                       .sentence = trace::Sentence(item.event, context.header, context.texts)});
  }
  return witness;
}

template <typename T>
bool Share(const std::vector<T>& a, const std::vector<T>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const T& x) { return std::find(b.begin(), b.end(), x) != b.end(); });
}

bool Share(const Subjects& a, const Subjects& b) {
  return Share(a.transactions, b.transactions) || Share(a.nodes, b.nodes) ||
         Share(a.stores, b.stores);
}

std::uint64_t FirstIndex(const Finding& finding) {
  return finding.witness.empty() ? 0 : finding.witness.front().index;
}

// The sections before kService are told in this order; a service finding is nobody's root.
bool MayFollow(const Finding& root, const Finding& later) {
  return root.section <= later.section && root.section != Section::kService &&
         root.check != later.check;
}

std::vector<Finding> InTellingOrder(std::vector<Finding> findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    if (a.section != b.section) return a.section < b.section;
    return FirstIndex(a) < FirstIndex(b);
  });
  std::vector<Finding> told;
  std::vector<std::size_t> root_of(findings.size());
  for (std::size_t i = 0; i < findings.size(); ++i) {
    root_of[i] = i;
    for (std::size_t r = 0; r < i; ++r) {
      if (root_of[r] != r || !MayFollow(findings[r], findings[i])) continue;
      if (!Share(findings[r].subjects, findings[i].subjects)) continue;
      root_of[i] = r;
      findings[i].follows_from = findings[r].check;
      break;
    }
  }
  for (std::size_t r = 0; r < findings.size(); ++r) {
    for (std::size_t i = r; i < findings.size(); ++i) {
      if (root_of[r] == r && root_of[i] == r) told.push_back(findings[i]);
    }
  }
  return told;
}

}  // namespace

std::vector<Finding> TellFindings(const Findings& findings, const Context& context,
                                  const trace::Trace* trace) {
  const std::vector<Findings::Entry>& entries = findings.entries();
  std::vector<std::vector<Evidence>> evidence;
  for (const Findings::Entry& entry : entries) evidence.push_back(entry.draft.evidence);
  if (trace != nullptr) Fetcher(entries).Run(*trace, &evidence);
  std::vector<Finding> told;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Findings::Entry& entry = entries[i];
    told.push_back({.check = std::string(entry.check->Id()),
                    .statement = std::string(entry.check->Statement()),
                    .section = entry.check->InSection(),
                    .kind = entry.draft.kind,
                    .cause = entry.draft.cause,
                    .why = entry.draft.why,
                    .witness = Sentences(std::move(evidence[i]), context),
                    .follows_from = {},
                    .subjects = entry.draft.subjects,
                    .count = entry.count});
  }
  return InTellingOrder(std::move(told));
}

}  // namespace tidegate::verifier
