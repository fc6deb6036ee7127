// The digest of a trace: 128 bits over its header and every event, equal for equal meaning. Texts
// count by what they say and not by their ids, so that reading a trace back, in either file format,
// gives the digest of the run that wrote it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trace/event.h"
#include "trace/event_rules.h"
#include "trace/header.h"
#include "trace/recorder.h"

struct XXH3_state_s;

namespace tidegate::trace {

class Digest {
 public:
  explicit Digest(const Header& header);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  /// Takes the next event. A few nanoseconds.
  /// REQUIRES: `texts` is the same table in each call; EventRules hold (CHECKed: an event that sets
  /// a slot which its row does not list would not survive a file).
  void Add(const Event& event, const TextTable& texts) {
    CHECK_MSG(rules_.Hold(event, texts.size()), rules_.Broken(event, texts.size()));
    AddChecked(event, texts);
  }
  /// The same, for a reader that has tested the rules itself.
  void AddChecked(const Event& event, const TextTable& texts);

  /// 32 lower-case hexadecimal digits, of the header and the events so far.
  std::string Hex() const;

 private:
  static constexpr std::size_t kWordsMax = 1024;
  static constexpr std::size_t kEventWordsMax = 9;

  struct FreeState {
    void operator()(XXH3_state_s* state) const;
  };

  std::uint64_t TextHash(TextId id, const TextTable& texts);
  void Flush();

  EventRules rules_;
  std::unique_ptr<XXH3_state_s, FreeState> state_;
  std::unique_ptr<std::array<std::uint64_t, kWordsMax>> words_;  // not yet in state_
  std::size_t word_count_ = 0;
  std::vector<std::uint64_t> text_hashes_;  // by text id
};

/// The digest of a whole trace.
std::string DigestOf(const Trace& trace);

}  // namespace tidegate::trace
