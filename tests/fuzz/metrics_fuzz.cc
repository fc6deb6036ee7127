// The reader of Prometheus pages: any bytes give a sum or a reason, and a line that asks for
// another metric changes no sum.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/status_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr char kName[] = "binlog_drainer_queue_size";
  const std::string page(reinterpret_cast<const char*>(data), size);
  const auto sum = tidegate::engine::MetricSum(page, kName);
  if (!sum.has_value() && sum.error().message.empty()) __builtin_trap();
  const auto more = tidegate::engine::MetricSum("another_metric{a=\"b\"} 5\n" + page, kName);
  if (more.has_value() != sum.has_value()) __builtin_trap();
  if (sum.has_value() && *sum != *more) __builtin_trap();
  return 0;
}
