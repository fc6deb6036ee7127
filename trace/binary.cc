#include "trace/binary.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "trace/digest.h"
#include "trace/event_rules.h"
#include "trace/header_json.h"

namespace tidegate::trace {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is little-endian");

constexpr std::size_t kEventsPerBlock = 4096;
constexpr std::uint64_t kPayloadBytesMax = 1ULL << 30;
constexpr std::size_t kDigestBytes = 32;

enum class BlockType : std::uint32_t { kHeader = 1, kTexts = 2, kEvents = 3, kEnd = 4 };

struct BlockHead {
  BlockType type = BlockType::kEnd;
  std::uint32_t count = 0;  ///< format version, texts, events, 0
  std::uint64_t payload_bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3_64 of the payload, seeded by the fields above
};
static_assert(sizeof(BlockHead) == 24);

std::uint64_t Checksum(const BlockHead& head, std::string_view payload) {
  const std::uint64_t seed = (static_cast<std::uint64_t>(head.type) << 32 | head.count) ^
                             (head.payload_bytes << 40 | head.payload_bytes >> 24);
  return XXH3_64bits_withSeed(payload.data(), payload.size(), seed);
}

Status WriteBlock(BlockType type, std::uint32_t count, std::string_view payload,
                  const ByteSink& sink) {
  CHECK(payload.size() <= kPayloadBytesMax);
  BlockHead head{type, count, payload.size(), 0};
  head.checksum = Checksum(head, payload);
  TRY(sink(std::string_view(reinterpret_cast<const char*>(&head), sizeof head)));
  return sink(payload);
}

void AppendRaw(const void* bytes, std::size_t count, std::string* out) {
  out->append(static_cast<const char*>(bytes), count);
}

// The texts with ids from *next up to and with `last`, which the reader will give the same ids.
Status WriteTexts(const TextTable& texts, TextId last, TextId* next, const ByteSink& sink) {
  constexpr std::size_t kTextsPayloadBytes = 16U << 20U;
  while (*next <= last) {
    std::string payload;
    std::uint32_t count = 0;
    for (; *next <= last && payload.size() < kTextsPayloadBytes; ++*next, ++count) {
      const std::string_view text = texts.Get(*next);
      const auto length = static_cast<std::uint32_t>(text.size());
      CHECK(length == text.size());
      AppendRaw(&length, sizeof length, &payload);
      payload.append(text);
    }
    TRY(WriteBlock(BlockType::kTexts, count, payload, sink));
  }
  return {};
}

class BinaryReader : public TraceReader {
 public:
  BinaryReader(std::unique_ptr<ByteSource> source, Header* header, TextTable* texts)
      : window_(std::move(source)), header_(header), texts_(texts) {}

  Status ReadHeader() {
    TRY_ASSIGN(const bool has_magic, window_.Fill(kBinaryMagic.size()));
    if (!has_magic || window_.ahead().substr(0, kBinaryMagic.size()) != kBinaryMagic) {
      return ErrorAt(0, "this is no trace: it does not begin with \"tgtrace\\n\"");
    }
    window_.Take(kBinaryMagic.size());
    std::string_view payload;
    TRY_ASSIGN(const BlockHead head, TakeBlock(&payload));
    if (head.type != BlockType::kHeader) return ErrorAt(block_at_, "the header's block is missing");
    if (head.count != kFormatVersion) {
      return ErrorAt(block_at_, WrongFormat(head.count));
    }
    TRY_ASSIGN(*header_, HeaderFromJson(std::string(payload), window_.name() + ":header"));
    return {};
  }

  Status ReadEvents(Listener* listener) override {
    Digest digest(*header_);
    const EventRules rules(*header_);
    while (true) {
      std::string_view payload;
      TRY_ASSIGN(const BlockHead head, TakeBlock(&payload));
      switch (head.type) {
        case BlockType::kTexts: TRY(ReadTexts(head, payload)); break;
        case BlockType::kEvents:
          TRY(ReadEventBlock(head, payload, rules, &digest, listener));
          break;
        case BlockType::kEnd: return Finish(payload, digest);
        default: return ErrorAt(block_at_, "a block of this type must not stand here");
      }
    }
  }

 private:
  Error ErrorAt(std::uint64_t offset, std::string message) const {
    return Error{ErrorCode::kBadInput, std::move(message),
                 fmt::format("{}:byte {}", window_.name(), offset)};
  }

  // The next block, whole and with the right checksum; `payload` lives until the next call.
  Result<BlockHead> TakeBlock(std::string_view* payload) {
    block_at_ = window_.offset();
    TRY_ASSIGN(const bool has_head, window_.Fill(sizeof(BlockHead)));
    if (!has_head) return Cut();
    BlockHead head;
    std::memcpy(&head, window_.ahead().data(), sizeof head);
    if (head.payload_bytes > kPayloadBytesMax) {
      return ErrorAt(block_at_,
                     fmt::format("a block says that it has {} bytes, more than {}: damaged",
                                 head.payload_bytes, kPayloadBytesMax));
    }
    const std::size_t bytes = sizeof head + static_cast<std::size_t>(head.payload_bytes);
    TRY_ASSIGN(const bool has_payload, window_.Fill(bytes));
    if (!has_payload) return Cut();
    *payload = window_.ahead().substr(sizeof head, bytes - sizeof head);
    if (Checksum(head, *payload) != head.checksum) {
      return ErrorAt(block_at_, "the block that begins here was changed: its checksum differs");
    }
    window_.Take(bytes);
    return head;
  }

  Error Cut() const {
    return ErrorAt(block_at_, fmt::format("the file ends within or before the block that begins "
                                          "here, after {} events; it was cut",
                                          event_count_));
  }

  Status ReadTexts(const BlockHead& head, std::string_view payload) {
    for (std::uint32_t i = 0; i < head.count; ++i) {
      std::uint32_t length = 0;
      if (payload.size() < sizeof length) return ErrorAt(block_at_, "a text block is too short");
      std::memcpy(&length, payload.data(), sizeof length);
      payload.remove_prefix(sizeof length);
      if (payload.size() < length) return ErrorAt(block_at_, "a text block is too short");
      const std::size_t expected = texts_->size();
      if (texts_->Intern(payload.substr(0, length)) != expected) {
        return ErrorAt(block_at_,
                       fmt::format("text {} is empty or stands a second time", expected));
      }
      payload.remove_prefix(length);
    }
    if (!payload.empty()) return ErrorAt(block_at_, "bytes stand behind a block's last text");
    return {};
  }

  Status ReadEventBlock(const BlockHead& head, std::string_view payload, const EventRules& rules,
                        Digest* digest, Listener* listener) {
    if (payload.size() != head.count * sizeof(Event)) {
      return ErrorAt(block_at_,
                     fmt::format("{} events can't take {} bytes", head.count, payload.size()));
    }
    const std::size_t text_count = texts_->size();
    for (std::uint32_t i = 0; i < head.count; ++i) {
      Event event;
      std::memcpy(&event, payload.data() + i * sizeof event, sizeof event);
      if (!rules.Hold(event, text_count) || event.time < last_time_) [[unlikely]] {
        return ErrorAt(block_at_ + sizeof(BlockHead) + i * sizeof event,
                       event.time < last_time_ && rules.Hold(event, text_count)
                           ? fmt::format("the time {} is before {}, that of the event before",
                                         event.time, last_time_)
                           : rules.Broken(event, text_count));
      }
      last_time_ = event.time;
      digest->AddChecked(event, *texts_);
      listener->OnEvent(event, event_count_);
      ++event_count_;
    }
    return {};
  }

  Status Finish(std::string_view payload, const Digest& digest) {
    std::uint64_t count = 0;
    if (payload.size() != sizeof count + kDigestBytes) {
      return ErrorAt(block_at_, "the last block has a wrong length");
    }
    std::memcpy(&count, payload.data(), sizeof count);
    if (count != event_count_) {
      return ErrorAt(block_at_,
                     fmt::format("the last block counts {} events, but {} stand before it", count,
                                 event_count_));
    }
    digest_ = digest.Hex();
    if (payload.substr(sizeof count) != digest_) {
      return ErrorAt(block_at_,
                     fmt::format("the digest of this trace is {}, but its last block has "
                                 "another: it was changed",
                                 digest_));
    }
    TRY_ASSIGN(const bool more, window_.Fill(1));
    if (more) return ErrorAt(window_.offset(), "something stands behind the trace's last block");
    return {};
  }

  ByteWindow window_;
  Header* header_;
  TextTable* texts_;
  std::uint64_t block_at_ = 0;
  Time last_time_ = 0;
};

}  // namespace

Status WriteBinary(const Trace& trace, const ByteSink& sink) {
  Digest digest(trace.header);
  TRY(sink(kBinaryMagic));
  TRY(WriteBlock(BlockType::kHeader, kFormatVersion, HeaderToJson(trace.header), sink));
  TextId next_text = 1;
  Time last_time = 0;
  for (std::size_t at = 0; at < trace.events.size(); at += kEventsPerBlock) {
    const std::size_t count = std::min(kEventsPerBlock, trace.events.size() - at);
    TextId last_text = 0;
    for (std::size_t i = at; i < at + count; ++i) {
      const Event& event = trace.events[i];
      CHECK(event.time >= last_time);
      last_time = event.time;
      digest.Add(event, trace.texts);
      last_text = std::max(last_text, event.text);
      if (HasSecondText(event.kind)) last_text = std::max(last_text, event.n);
    }
    TRY(WriteTexts(trace.texts, last_text, &next_text, sink));
    const std::string_view payload(reinterpret_cast<const char*>(&trace.events[at]),
                                   count * sizeof(Event));
    TRY(WriteBlock(BlockType::kEvents, static_cast<std::uint32_t>(count), payload, sink));
  }
  const std::uint64_t count = trace.events.size();
  std::string payload;
  AppendRaw(&count, sizeof count, &payload);
  payload += digest.Hex();
  return WriteBlock(BlockType::kEnd, 0, payload, sink);
}

Result<std::unique_ptr<TraceReader>> OpenBinary(std::unique_ptr<ByteSource> source, Header* header,
                                                TextTable* texts) {
  auto reader = std::make_unique<BinaryReader>(std::move(source), header, texts);
  TRY(reader->ReadHeader());
  return std::unique_ptr<TraceReader>(std::move(reader));
}

}  // namespace tidegate::trace
