// `frontdoor cert self-signed`: a certificate in two files.

#pragma once

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int write_self_signed(const SelfSignedCommand& command, const Streams& streams);  // exit status

}  // namespace frontdoor::cli
