// The session of a lab that is kept for people: when it rests, and when it ends.
#include <algorithm>

#include "lab/session/session.h"

namespace tidegate::lab {
namespace {

// People who wait for time to pass get it in steps, so that what comes meanwhile is seen.
constexpr Duration kStep = kMinute;
// The machine's time between two looks while nobody asks for anything: the longer it lasts, the
// longer.
constexpr Duration kShortRest = kMillisecond;
constexpr Duration kLongRest = 10 * kMillisecond;
constexpr int kShortRests = 200;

}  // namespace

// People end a lab that is kept for them, or somebody who kills the program that lets them in.
std::optional<int> Session::Ended() {
  if (options_.attended == nullptr) return pace_->ExitStatus();
  const std::optional<int> end = options_.attended->end();
  return end.has_value() ? end : pace_->ExitStatus();
}

std::optional<Time> Session::NextWake() {
  const std::optional<Time> next = pace_->NextWake();
  if (options_.attended == nullptr || !options_.attended->until().has_value()) return next;
  const Time until = std::min(*options_.attended->until(), link_->now() + kStep);
  return std::min(next.value_or(until), until);
}

// Nobody waits for an answer or for time to pass: the world stands still while people think, and so
// do we, in the machine's time. False: the world has to go on.
bool Session::Rest(bool worked) {
  if (options_.attended == nullptr || hands_.outstanding_count() > 0) return false;
  if (NextWake().has_value()) return false;
  rests_ = worked ? 0 : rests_ + 1;
  options_.attended->Rest();
  stirred_ = front_.WaitFor(rests_ < kShortRests ? kShortRest : kLongRest, link_->now());
  return true;
}

void Session::AnswerAttended(CallId id, const Reply& reply) {
  control_->Reply(id, WriteReply(reply));
  stirred_ = true;
}

}  // namespace tidegate::lab
