// frontdoor: the program. Everything it does is a command of cli/program.h; this hands it the world.

#include <iostream>
#include <string>
#include <vector>

#include "cli/program.h"
#include "service/process/program_path.h"
#include "supervisor/launcher/last_words.h"

int main(int argc, char** argv) {
  using namespace frontdoor;
  using namespace frontdoor::cli;
  take_standard_error_back();
  remember_program(argc > 0 ? argv[0] : nullptr);
  const std::vector<std::string> words(argv + 1, argv + argc);
  return run_program(words, {std::cin, std::cout, std::cerr, style_for(1), style_for(2)});
}
