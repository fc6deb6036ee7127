#include "lab/session/world_hands.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using trace::DownCause;

constexpr int kKilledStatus = 137;  // 128 and SIGKILL, as a shell has it

int StatusOf(DownCause cause) {
  switch (cause) {
    case DownCause::kStopped: return 0;
    case DownCause::kKilled: return kKilledStatus;
    default: return 1;
  }
}

}  // namespace

void WorldHands::Perform(const port::Action& action, OnAnswer on_answer) {
  CHECK(link_ != nullptr);
  waiting_.emplace(++last_id_, std::move(on_answer));
  link_->Perform(last_id_, action);
}

void WorldHands::Ask(const port::Query& query, Duration timeout, OnAnswer on_answer) {
  CHECK(link_ != nullptr);
  waiting_.emplace(++last_id_, std::move(on_answer));
  link_->Ask(last_id_, 1, query, timeout);
}

void WorldHands::WhenDown(NodeId node, std::function<void(int status)> then) {
  when_down_.emplace(node, std::move(then));
}

void WorldHands::Refused(const std::string& host, const std::string& what) {
  std::string sentence = fmt::format("on {}: {}", host, what);
  if (std::find(refused_.begin(), refused_.end(), sentence) == refused_.end()) {
    refused_.push_back(std::move(sentence));
  }
}

void WorldHands::WentDown(const trace::Event& event) {
  if (when_down_.count(event.node) == 0) return;
  went_down_.emplace_back(event.node, StatusOf(static_cast<DownCause>(event.code)));
}

void WorldHands::Deliver(const port::Input& input) {
  const auto* done = std::get_if<port::ActionDone>(&input.what);
  const auto* came = std::get_if<port::ObservationCame>(&input.what);
  if (done != nullptr || came != nullptr) {
    const auto found = waiting_.find(done != nullptr ? done->id : came->id);
    if (found != waiting_.end()) {
      const OnAnswer on_answer = std::move(found->second);
      waiting_.erase(found);
      on_answer(done != nullptr ? done->answer : came->answer);
    }
  }
  for (const auto& [node, status] : std::exchange(went_down_, {})) {
    const auto [begin, end] = when_down_.equal_range(node);
    std::vector<std::function<void(int)>> waiting;
    for (auto it = begin; it != end; ++it) waiting.push_back(std::move(it->second));
    when_down_.erase(begin, end);
    for (const auto& then : waiting) then(status);
  }
}

}  // namespace tidegate::lab
