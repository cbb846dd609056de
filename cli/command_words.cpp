#include "cli/command_words.h"

#include "config/suggest.h"

namespace frontdoor::cli {

using config::quote;

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  const auto nearest = config::nearest(word, known);
  return nearest ? ", did you mean " + quote(*nearest) + "?" : "";
}

boost::system::result<Words, UsageError> sort_words(const std::vector<std::string>& words,
                                                    const CommandInfo& command) {
  const std::string topic(command.name);
  Words sorted;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      sorted.behind_dashes.emplace(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (word == "--help" || word == "-h") {
      sorted.help = true;
      continue;
    }
    const bool is_number = word.size() > 1 && word[1] >= '0' && word[1] <= '9';  // as in scale app -1
    if (word.size() < 2 || word[0] != '-' || is_number) {  // a lone "-" is a value: standard input
      sorted.plain.push_back(word);
      continue;
    }
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* option = command.find(name);
    if (option == nullptr) {
      std::vector<std::string_view> names;
      for (const Option& o : command.options) names.push_back(o.name);
      return UsageError{"unknown option " + quote(name) + suggestion(name, names), topic};
    }
    if (option->takes == Option::Takes::Nothing) {
      if (equals != word.npos) return UsageError{name + " takes no value", topic};
      sorted.options[option->name] = {""};
      continue;
    }
    std::string value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < words.size() && (words[i + 1] == "-" || !words[i + 1].starts_with('-'))) {
      value = words[++i];
    }
    if (value.empty()) {
      return UsageError{name + " needs a value, for instance " + name + " " + std::string(option->example),
                        topic};
    }
    auto& values = sorted.options[option->name];
    if (!values.empty() && !option->repeatable) return UsageError{name + " is given twice", topic};
    values.push_back(std::move(value));
  }
  return sorted;
}

boost::system::result<Words, UsageError> control_words(const std::vector<std::string>& arguments,
                                                       const std::string& topic, std::size_t most_plain) {
  auto words = sort_words(arguments, *find_command(topic));
  if (words && !words->help && words->plain.size() > most_plain) return unexpected(words->plain[most_plain], topic);
  return words;
}

UsageError unexpected(std::string_view word, const std::string& topic) {
  return {"unexpected " + quote(word), topic};
}

}  // namespace frontdoor::cli
