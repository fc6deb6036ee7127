// The numbers of actions, queries and answers in boundary events, as engine/port/port.h gives them.
// The judge shares no code with the judged, so they are written down again; a test of the rehearsal
// room compares the two.
#pragma once

#include <cstdint>

namespace tidegate::verifier {

inline constexpr std::uint16_t kActStopProcess = 0;
inline constexpr std::uint16_t kActStartProcess = 1;
inline constexpr std::uint16_t kActSetUnitEnabled = 2;
inline constexpr std::uint16_t kActInstallBinary = 3;
inline constexpr std::uint16_t kActWriteFile = 4;
inline constexpr std::uint16_t kActRunSql = 5;
inline constexpr std::uint16_t kActRunHook = 6;
inline constexpr std::uint16_t kActKeepBackup = 7;
inline constexpr std::uint16_t kActRunPlaybook = 8;
inline constexpr std::uint16_t kActCopyBinary = 9;

inline constexpr std::uint16_t kQueryHttpGet = 0;
inline constexpr std::uint16_t kAnswerOk = 0;

}  // namespace tidegate::verifier
