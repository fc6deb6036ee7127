// Why a Result failed, for messages of BOOST_REQUIRE_MESSAGE (whose message is always evaluated).
#pragma once

#include <string>

#include "base/result.h"

namespace tidegate::test {

template <typename T>
std::string Why(const Result<T>& result) {
  return result.has_value() ? std::string() : result.error().ToString();
}

}  // namespace tidegate::test
