# How every file of the project is compiled and linked.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(FRONTDOOR_TESTS "Build the tests" ON)
option(FRONTDOOR_BENCH "Build the programs of bench/; needs FRONTDOOR_TESTS" OFF)
set(FRONTDOOR_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=")

# g++ 12 sees overlaps and overflows in std::string that are not there (GCC bugs 105329, 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
# A file that is included is not the main file: g++ then takes what its anonymous namespace declares for everybody's.
if(FRONTDOOR_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-Wno-subobject-linkage -Wno-maybe-uninitialized)  # the latter again in std::string, at -O3
endif()
# From -O2 on anyway: without it g++ makes each handing over between coroutines a call, and a loop of them a deep stack.
add_compile_options(-foptimize-sibling-calls)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_compile_options(-Wno-deprecated-declarations)  # libstdc++'s own, inside std::stable_sort
endif()
if(FRONTDOOR_UNITY)
  add_compile_options(-Wno-shadow)  # of what the anonymous namespace of another file declares
endif()

if(FRONTDOOR_SANITIZE)
  add_compile_options(-fsanitize=${FRONTDOOR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FRONTDOOR_SANITIZE})
  if(FRONTDOOR_SANITIZE MATCHES address)
    # AddressSanitizer meets a null pointer, a wrong size or a wrong type as well; asking before each use as UBSan does
    # makes compiling a third longer. Alignment, which costs as much again, is asked where bytes are parsed: by the fuzzers.
    add_compile_options(-fno-sanitize=null,object-size,vptr,alignment)
    # A program that may lie anywhere has half a million addresses to be set right at each start, and tests start it thousands of
    # times: 0.03 s of 0.16.
    add_link_options(-no-pie)
    if(NOT CMAKE_CXX_COMPILER_ID STREQUAL GNU)
      add_compile_definitions(__SANITIZE_ADDRESS__)  # as g++ says it
      # For what is neither shipped nor carries bytes: two thirds of clang's time are for making the program quicker. (g++ needs
      # its optimizer to hand over between coroutines without a call.)
      set(FRONTDOOR_QUICK_TO_COMPILE -O0)
    endif()
  endif()
  if(FRONTDOOR_SANITIZE MATCHES thread)
    add_compile_options(-Wno-tsan)  # Asio's fences: TSan does not model them
  endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection)
  add_compile_definitions(_FORTIFY_SOURCE=2 _GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_link_options(-pie)
endif()

# ccache needs to know that the precompiled header is part of the input (docs/adr/0002).
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_CURRENT_LIST_DIR}/compile ${CMAKE_SOURCE_DIR})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-fpch-preprocess)
  else()
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
