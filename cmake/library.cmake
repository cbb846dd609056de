# frontdoor_library(base [USES <library>…] [PRIVATE <library>…] [PRECOMPILE std|small_std|asio] [SMALL] [ROOM_OF <folder>])
#
# One folder is one static library of the same name, a room in a folder one of both names: proxy/h1 is proxy_h1. USES are
# the arrows of ARCHITECTURE.md: a file that includes against them does not find the symbol at link time, and
# tests/architecture_test.py names the line.

# FRONTDOOR_UNITY: a build from nothing compiles the files of a folder as one, which takes half of the time or less where each would
# read the same headers and instantiate the same coroutines. Of what requests pass through a dozen and no more: by two dozen a
# small GET costs 3 % more instructions (docs/adr/0002). Presets for those who change a file and build again leave it off.
#
# SMALL: no request passes through it. What is shipped of it is compiled for size, which takes a third less of both time and room;
# under AddressSanitizer it is not optimized at all. They use the headers asio and small_std, and nobody else does: who uses a
# precompiled one has to be compiled with the same options.
option(FRONTDOOR_UNITY "Compile several files as one" OFF)

set(PRECOMPILE_std
  <algorithm> <array> <atomic> <chrono> <cstdint> <functional> <memory> <optional> <span> <string> <string_view>
  <unordered_map> <utility> <variant> <vector>)
set(PRECOMPILE_small_std ${PRECOMPILE_std})
set(PRECOMPILE_test <gtest/gtest.h> <gmock/gmock.h> <string> <vector>)
set(PRECOMPILE_asio ${PRECOMPILE_std} <boost/asio.hpp> <boost/beast/core.hpp> <boost/beast/http.hpp>)

# The first target of a kind compiles its header, the others reuse it: an Asio one takes 15 s. Where a folder is one file to the
# compiler, to read the standard library's headers once takes no longer than to make them and load them.
function(frontdoor_precompile name kind)
  get_property(owner GLOBAL PROPERTY FRONTDOOR_PCH_${kind})
  if(NOT kind OR (FRONTDOOR_UNITY AND kind MATCHES "std$"))
    return()
  elseif(owner)
    target_precompile_headers(${name} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${name} PRIVATE ${PRECOMPILE_${kind}})
    set_property(GLOBAL PROPERTY FRONTDOOR_PCH_${kind} ${name})
  endif()
endfunction()

function(frontdoor_compile name sources uses private precompile small)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${uses} PRIVATE ${private})
  if(small AND FRONTDOOR_QUICK_TO_COMPILE)
    target_compile_options(${name} PRIVATE ${FRONTDOOR_QUICK_TO_COMPILE})
  elseif(small AND CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${name} PRIVATE -Os -Wno-maybe-uninitialized -Wno-stringop-overread)  # seen in std::string, as above
  endif()
  frontdoor_precompile(${name} "${precompile}")
  if(FRONTDOOR_UNITY)
    set(batch 12)
    if(small)
      set(batch 48)
    endif()
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${batch})
  endif()
endfunction()

function(frontdoor_library name)
  cmake_parse_arguments(ARG "SMALL" "PRECOMPILE;ROOM_OF" "USES;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(ARG_ROOM_OF AND FRONTDOOR_UNITY)
    set_property(GLOBAL APPEND PROPERTY FRONTDOOR_SOURCES_${ARG_ROOM_OF} ${sources})
    set_property(GLOBAL APPEND PROPERTY FRONTDOOR_USES_${ARG_ROOM_OF} ${ARG_USES})
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_ROOM_OF})
  elseif(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_USES} ${ARG_PRIVATE})
  else()
    frontdoor_compile(${name} "${sources}" "${ARG_USES}" "${ARG_PRIVATE}" "${ARG_PRECOMPILE}" "${ARG_SMALL}")
  endif()
endfunction()

# frontdoor_rooms(service serving PRECOMPILE asio SMALL): a folder of rooms that say ROOM_OF it, after them; the last is the topmost.
# Where many files are compiled as one, those of all its rooms are, or each room would read the same headers again: that took 85 CPU
# seconds of a release build. There only tests/architecture_test.py sees an arrow that is wrong; in `dev` the link does, too.
function(frontdoor_rooms folder topmost)
  cmake_parse_arguments(ARG "SMALL" "PRECOMPILE" "" ${ARGN})
  if(NOT FRONTDOOR_UNITY)
    add_library(${folder} INTERFACE)
    target_link_libraries(${folder} INTERFACE ${folder}_${topmost})
    return()
  endif()
  get_property(sources GLOBAL PROPERTY FRONTDOOR_SOURCES_${folder})
  get_property(uses GLOBAL PROPERTY FRONTDOOR_USES_${folder})
  list(FILTER uses EXCLUDE REGEX "^${folder}_")
  list(REMOVE_DUPLICATES uses)
  frontdoor_compile(${folder} "${sources}" "${uses}" "" "${ARG_PRECOMPILE}" "${ARG_SMALL}")
endfunction()
