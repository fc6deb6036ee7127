// Result<T>: a value or an Error. An ignored Result does not compile, which is why it is ours: the
// libraries of Debian 12 (boost::system::result, tl::expected) are not [[nodiscard]]. The names
// are a subset of C++23's std::expected, so that one day this is an alias.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace tidegate {

/// What kind of failure an Error is; decides the exit code of a program (see exit_code.h).
enum class ErrorCode {
  kBadInput,     ///< the user's file, option or inventory is wrong; exit 2
  kNotFound,     ///< a file or name that was asked for does not exist; exit 2
  kIo,           ///< the environment failed: disk, socket, spawn; exit 5
  kUnavailable,  ///< a remote part refused, reset or timed out
  kLimit,        ///< a stated bound was reached
  kRefused,      ///< the engine will not do this, and says why; exit 6
};

/// A failure as a sentence. `where` is "file:line:column" or a JSON path, empty where there is
/// none.
struct Error {
  ErrorCode code = ErrorCode::kBadInput;
  std::string message;
  std::string where;

  /// "where: message", or the message alone.
  std::string ToString() const { return where.empty() ? message : where + ": " + message; }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(runtime/explicit)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  /// REQUIRES: has_value().
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() & {
    CHECK_MSG(has_value(), std::get<1>(state_).ToString());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK_MSG(has_value(), std::get<1>(state_).ToString());
    return std::get<0>(state_);
  }

  /// REQUIRES: !has_value().
  const Error& error() const& {
    CHECK(!has_value());
    return std::get<1>(state_);
  }
  Error&& error() && {
    CHECK(!has_value());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(runtime/explicit)

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& {
    CHECK(!has_value());
    return *error_;
  }
  Error&& error() && {
    CHECK(!has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace tidegate

#define TIDEGATE_CONCAT_INNER(a, b) a##b
#define TIDEGATE_CONCAT(a, b) TIDEGATE_CONCAT_INNER(a, b)

/// Leaves the function with the error of `expr`, a Status or Result whose value is not needed.
#define TRY(expr)                                              \
  do {                                                         \
    if (auto try_result_ = (expr); !try_result_.has_value()) { \
      return std::move(try_result_).error();                   \
    }                                                          \
  } while (false)

/// `TRY_ASSIGN(auto x, F());`: x is the value of F(), or the function leaves with its error.
#define TRY_ASSIGN(declaration, expr) \
  TRY_ASSIGN_INNER(TIDEGATE_CONCAT(try_value_, __LINE__), declaration, expr)
#define TRY_ASSIGN_INNER(name, declaration, expr) \
  auto name = (expr);                             \
  if (!name.has_value()) {                        \
    return std::move(name).error();               \
  }                                               \
  declaration = *std::move(name)
