#include "lab/session/link_hands.h"

#include <utility>

#include "base/check.h"

namespace tidegate::lab {

namespace port = engine::port;

void LinkHands::Perform(const port::Action& action, OnAnswer on_answer) {
  CHECK(link_ != nullptr);
  waiting_.emplace(++last_id_, std::move(on_answer));
  link_->Perform(last_id_, action);
}

void LinkHands::Ask(const port::Query& query, Duration timeout, OnAnswer on_answer) {
  CHECK(link_ != nullptr);
  waiting_.emplace(++last_id_, std::move(on_answer));
  link_->Ask(last_id_, 1, query, timeout);
}

bool LinkHands::Deliver(const port::Input& input) {
  const auto* done = std::get_if<port::ActionDone>(&input.what);
  const auto* came = std::get_if<port::ObservationCame>(&input.what);
  if (done == nullptr && came == nullptr) return false;
  const auto found = waiting_.find(done != nullptr ? done->id : came->id);
  if (found == waiting_.end()) return false;
  const OnAnswer on_answer = std::move(found->second);
  waiting_.erase(found);
  on_answer(done != nullptr ? done->answer : came->answer);
  return true;
}

}  // namespace tidegate::lab
