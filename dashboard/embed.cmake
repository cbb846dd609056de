# cmake -D page=FOLDER -D output=FILE -P embed.cmake: each file of the folder as bytes of a C++ file, as it is and through
# gzip, with a tag that is another one whenever its content is.

set(types html text/html css text/css js text/javascript svg image/svg+xml)

function(bytes_of file variable)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REPEAT "." 100 line)  # twenty bytes
  string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
  set(${variable} "${bytes}" PARENT_SCOPE)
endfunction()

file(GLOB files ${page}/*)
list(SORT files)
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
  cmake_path(GET file FILENAME name)
  cmake_path(GET file EXTENSION LAST_ONLY extension)
  string(SUBSTRING ${extension} 1 -1 extension)
  list(FIND types ${extension} at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${file}: nobody has said what type such a file has")
  endif()
  math(EXPR at "${at} + 1")
  list(GET types ${at} type)
  set(compressed ${output}.gz)
  execute_process(COMMAND gzip -9 -n -c ${file} OUTPUT_FILE ${compressed} COMMAND_ERROR_IS_FATAL ANY)
  bytes_of(${file} plain)
  bytes_of(${compressed} gzip)
  file(REMOVE ${compressed})
  file(SHA256 ${file} tag)
  string(SUBSTRING ${tag} 0 16 tag)
  string(APPEND arrays "const unsigned char kPlain${number}[] = {\n${plain}};\nconst unsigned char kGzip${number}[] = {\n${gzip}};\n")
  string(APPEND rows "    {\"${name}\", \"${type}; charset=utf-8\", \"\\\"${tag}\\\"\", text(kPlain${number}), text(kGzip${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${output} "// Generated from the files of dashboard/page by embed.cmake.

#include \"dashboard/assets.h\"

#include <array>

namespace frontdoor {

namespace {

${arrays}
template <std::size_t size>
std::string_view text(const unsigned char (&bytes)[size]) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::span<const Asset> dashboard_assets() {
  static const std::array<Asset, ${number}> assets{{
${rows}  }};
  return assets;
}

}  // namespace frontdoor
")
