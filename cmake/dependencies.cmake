# Every third-party library, all of them Debian 12 packages (scripts/install-deps). Why each: docs/adr/0001.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS headers json)
find_package(OpenSSL 3.0 REQUIRED)
find_package(tomlplusplus 3.3 REQUIRED)
find_package(prometheus-cpp REQUIRED CONFIG)  # no version: Debian's package config refuses any (design notes)
find_package(PkgConfig REQUIRED)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares>=1.18)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
if(FRONTDOOR_TESTS)
  find_package(GTest REQUIRED)
endif()

# Header-only Asio and Beast, as every folder here uses them.
add_library(asio INTERFACE)
target_link_libraries(asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(asio INTERFACE BOOST_ASIO_NO_DEPRECATED)
