// Every body that the engine reads over HTTP: /status of all nodes, `systemctl show`, `-V`, DDL
// jobs. The first byte chooses how the answer came.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/captured.h"
#include "engine/status_body.h"

namespace {

template <typename T>
void ExpectAnswerOrReason(const tidegate::Result<T>& read) {
  if (!read.has_value() && read.error().message.empty()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidegate::engine;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  port::Answer answer;
  answer.code = static_cast<port::AnswerCode>(data[0] % port::kAnswerCodeNames.size());
  // Seeds begin with '{', which must stand for a whole answer.
  if (data[0] >= ' ') answer.code = port::AnswerCode::kOk;
  answer.status = 500;
  const std::size_t skip = data[0] >= ' ' ? 0 : 1;
  answer.body.assign(reinterpret_cast<const char*>(data) + skip, size - skip);

  const auto drainer = ParseOldDrainerStatus(answer);
  ExpectAnswerOrReason(drainer);
  // Nothing but a whole answer is ever believed.
  if (drainer.has_value() && !answer.ok()) __builtin_trap();
  ExpectAnswerOrReason(ParseOldPumpStatus(answer));
  ExpectAnswerOrReason(ParseClusterPumpStatus(answer));
  ExpectAnswerOrReason(ParseClusterDrainerStatus(answer));
  ExpectAnswerOrReason(ParseTidbStatus(answer));
  ExpectAnswerOrReason(ParseBinlogSkipped(answer));
  ExpectAnswerOrReason(ParseCapturedStatus(answer.body, "fuzz.json"));
  (void)UnitProperty(answer.body, "ActiveState");
  (void)ReleaseVersion(answer.body);
  if (UnfinishedDdlJobs(answer.body) < 0) __builtin_trap();
  if (AnswerText(answer).empty()) __builtin_trap();
  return 0;
}
