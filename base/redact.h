// Secrets do not leave their files: what is printed, journaled or recorded passes through here.
#pragma once

#include <string>
#include <string_view>

namespace tidegate {

/// `text` with the values of password keys (`password = "…"`, `"password": "…"`,
/// `encrypted_password`) replaced by "***". Everything else is untouched.
std::string Redact(std::string_view text);

}  // namespace tidegate
