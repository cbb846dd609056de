#include "service/files/read_config.h"

#include <istream>
#include <iterator>

#include "base/read_file.h"
#include "config/load.h"

namespace frontdoor {

ConfigText read_config(const std::string& file, std::istream& in) {
  if (file == "-") return {{std::istreambuf_iterator<char>(in), {}}, "<stdin>", ""};
  FileText read = read_file(file, config::largest_file);
  return {std::move(read.text), file, std::move(read.error)};
}

}  // namespace frontdoor
