#include "cli/read_config.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>

namespace frontdoor::cli {

ConfigText read_config(const std::string& file, std::istream& in) {
  if (file == "-") return {{std::istreambuf_iterator<char>(in), {}}, "<stdin>", ""};
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return {"", file, "it is a directory"};
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return {"", file, std::strerror(errno)};
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) return {"", file, "it could not be read to its end"};
  return {std::move(text), file, ""};
}

}  // namespace frontdoor::cli
