#include "trace/digest.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <bit>
#include <cstddef>
#include <cstring>

#include "trace/header_json.h"

namespace tidegate::trace {

namespace {

constexpr std::size_t kEventWords = sizeof(Event) / sizeof(std::uint64_t);
constexpr std::size_t kTextWord = offsetof(Event, text) / sizeof(std::uint64_t);
constexpr std::size_t kReservedWord = offsetof(Event, reserved) / sizeof(std::uint64_t);
static_assert(offsetof(Event, n) == offsetof(Event, text) + sizeof(TextId));

}  // namespace

static_assert(std::endian::native == std::endian::little, "the digest is of little-endian words");

Digest::Digest(const Header& header)
    : rules_(header),
      state_(XXH3_createState()),
      words_(std::make_unique<std::array<std::uint64_t, kWordsMax>>()),
      text_hashes_{0} {
  CHECK(state_ != nullptr);
  CHECK(XXH3_128bits_reset(state_.get()) == XXH_OK);
  Header what_ran = header;
  what_ran.reproduce.clear();
  const std::string json = HeaderToJson(what_ran);
  const std::uint64_t length = json.size();
  CHECK(XXH3_128bits_update(state_.get(), &length, sizeof length) == XXH_OK);
  CHECK(XXH3_128bits_update(state_.get(), json.data(), json.size()) == XXH_OK);
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::FreeState::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

// An event is its 64 bytes, with text ids set to zero, the hash of its text in the reserved word
// and the hash of its second text, for the kinds that have one, behind it.
void Digest::AddChecked(const Event& event, const TextTable& texts) {
  if (word_count_ + kEventWordsMax > kWordsMax) Flush();
  // Patched in its place: a changed copy on the stack would stall the wide loads of copying it on.
  std::uint64_t* to = words_->data() + word_count_;
  std::memcpy(to, &event, sizeof event);
  to[kReservedWord] = event.text == 0 ? 0 : TextHash(event.text, texts);
  word_count_ += kEventWords;
  if (!HasSecondText(event.kind)) {
    to[kTextWord] = static_cast<std::uint64_t>(event.n) << 32;
    return;
  }
  to[kTextWord] = 0;
  to[kEventWords] = TextHash(event.n, texts);
  ++word_count_;
}

std::uint64_t Digest::TextHash(TextId id, const TextTable& texts) {
  while (text_hashes_.size() <= id) {
    const std::string_view text = texts.Get(static_cast<TextId>(text_hashes_.size()));
    text_hashes_.push_back(XXH3_64bits(text.data(), text.size()));
  }
  return text_hashes_[id];
}

void Digest::Flush() {
  CHECK(XXH3_128bits_update(state_.get(), words_->data(), word_count_ * sizeof(std::uint64_t)) ==
        XXH_OK);
  word_count_ = 0;
}

std::string Digest::Hex() const {
  const std::unique_ptr<XXH3_state_s, FreeState> copy(XXH3_createState());
  CHECK(copy != nullptr);
  XXH3_copyState(copy.get(), state_.get());
  CHECK(XXH3_128bits_update(copy.get(), words_->data(), word_count_ * sizeof(std::uint64_t)) ==
        XXH_OK);
  const XXH128_hash_t hash = XXH3_128bits_digest(copy.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string DigestOf(const Trace& trace) {
  Digest digest(trace.header);
  for (const Event& event : trace.events) digest.Add(event, trace.texts);
  return digest.Hex();
}

}  // namespace tidegate::trace
