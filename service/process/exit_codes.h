// What the program's exit status says (docs/reference/command-line.md). Scripts and service managers rely on these.

#pragma once

namespace frontdoor {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;  // it could not start or go on: an address in use, a file not readable
inline constexpr int kExitUsage = 2;    // the command line makes no sense
inline constexpr int kExitBadConfig =
    78;  // EX_CONFIG of sysexits.h: the config has errors, nothing was started
// As a shell says it, of the command behind `run --`.
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;

}  // namespace frontdoor
