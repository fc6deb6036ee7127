#include "lab/session/attended.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/names.h"

namespace tidegate::lab {
namespace {

constexpr int kBadUsage = 2;
// Of one `lab advance`; more is a slip of the finger.
constexpr Duration kAdvanceMax = 30 * 24 * kHour;
constexpr std::chrono::milliseconds kRestEach{200};

Reply Bad(std::string why) { return {kBadUsage, "", "lab: " + std::move(why) + "\n"}; }

}  // namespace

std::atomic<bool> Attended::interrupted_ = false;

void Attended::Take(CallId call, const Request& request, Time now, const Answer& answer) {
  const std::vector<std::string>& words = request.argv;
  const std::string verb = words.empty() ? "" : words[0];
  if (verb == "show" && words.size() == 1) return answer(call, {0, settings_.show(), ""});
  if (verb == "exit" && words.size() <= 2) {
    int status = 0;
    const std::string text = words.size() == 2 ? words[1] : "0";
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), status);
    if (bad != std::errc() || end != text.data() + text.size() || status < 0 || status > 255) {
      return answer(call, Bad(fmt::format("'{}' is no exit status (0 to 255)", text)));
    }
    end_ = status;
    return answer(call, {0, "", ""});
  }
  if (verb == "advance" && words.size() == 2) {
    const Result<Duration> length = ParseDuration(words[1]);
    if (!length.has_value()) return answer(call, Bad(length.error().message));
    if (!settings_.can_advance) {
      return answer(call, {1, "", "lab: this lab's clock is the machine's: just wait\n"});
    }
    if (*length <= 0 || *length > kAdvanceMax) {
      return answer(call, Bad(fmt::format("'{}' is not between 1ns and 30d", words[1])));
    }
    waiting_[call] = {now + *length, *length};
    return;
  }
  const std::vector<std::string> verbs = {"advance", "show", "exit"};
  answer(call, Bad(fmt::format("'{}': advance DURATION, show, or exit [STATUS]{}",
                               fmt::join(words, " "), DidYouMean(verb, verbs))));
}

void Attended::Passed(Time now, const Answer& answer) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->second.until > now) {
      ++it;
      continue;
    }
    const auto [call, waited] = *it;
    it = waiting_.erase(it);
    answer(call,
           {0, fmt::format("{} (+{})\n", FormatClock(now), FormatDuration(waited.asked)), ""});
  }
}

std::optional<Time> Attended::until() const {
  std::optional<Time> least;
  for (const auto& [call, waiting] : waiting_) {
    least = std::min(least.value_or(waiting.until), waiting.until);
  }
  return least;
}

std::optional<int> Attended::end() const { return interrupted_ ? 0 : end_; }

void Attended::Rest() {
  const auto now = std::chrono::steady_clock::now();
  if (!settings_.at_rest || now - rested_at_ < kRestEach) return;
  rested_at_ = now;
  settings_.at_rest();
}

void Attended::CatchSignals() {
  interrupted_ = false;
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted_ = true; };
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

}  // namespace tidegate::lab
