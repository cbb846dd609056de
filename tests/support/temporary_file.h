#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <string>

namespace frontdoor::testing {

// The path of a new, empty file that nobody else has. Who asks for it removes it.
inline std::string temporary_file() {
  std::string path = ::testing::TempDir() + "frontdoor-test-XXXXXX";
  ::close(::mkstemp(path.data()));
  return path;
}

}  // namespace frontdoor::testing
