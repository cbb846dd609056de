// Each script finds the command among the words typed so far, then offers what the table has for it. What
// differs between the shells is how a word is told from a value, and how a description is attached.

#include "cli/completion.h"

#include <algorithm>
#include <vector>

#include "cli/commands.h"

namespace frontdoor::cli {
namespace {

// A word that may stand somewhere, and why.
struct Offer {
  std::string_view word;
  std::string_view doc;
  const Option* option = nullptr;  // null for commands, fixed words and flags
};

// What may follow a command ("" is none yet; "config" is half a command).
struct Context {
  std::string_view command;
  std::vector<Offer> offers;
};

constexpr Offer help_flag{"--help", "what there is"};

std::vector<Offer> command_offers() {
  std::vector<Offer> offers;
  for (const CommandInfo& command : commands()) {
    const std::string_view word = command.name.substr(0, command.name.find(' '));
    // Commands of two words may share the first.
    if (offers.empty() || offers.back().word != word) offers.push_back({word, command.brief});
  }
  return offers;
}

void add_options(std::vector<Offer>& offers, const CommandInfo& command) {
  for (const Option& option : command.options) offers.push_back({option.name, option.doc, &option});
  offers.push_back(help_flag);
}

std::vector<Context> contexts() {
  Context start{"", command_offers()};
  add_options(start.offers, program);
  start.offers.push_back({"--version", find_command("version")->brief});
  std::vector<Context> all{std::move(start)};
  for (const CommandInfo& command : commands()) {
    if (const auto space = command.name.find(' '); space != command.name.npos) {
      const std::string_view first = command.name.substr(0, space);
      auto half = std::find_if(all.begin(), all.end(), [&](const Context& other) { return other.command == first; });
      if (half == all.end()) half = all.insert(all.end(), {first, {help_flag}});
      half->offers.insert(half->offers.end() - 1, {command.name.substr(space + 1), command.brief});
    }
    Context context{command.name, {}};
    for (const auto word : command.words) context.offers.push_back({word, ""});
    if (command.name == "help") context.offers = command_offers();
    add_options(context.offers, command);
    all.push_back(std::move(context));
  }
  return all;
}

// The names of all options whose value is (not) a file's name, once each, as alternatives of a case.
std::string option_names(Option::Takes takes, std::string_view separator) {
  std::vector<std::string_view> names;
  for (const CommandInfo& command : commands())
    for (const Option& option : command.options)
      if (option.takes == takes) names.push_back(option.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string text;
  for (const auto name : names) text += (text.empty() ? "" : std::string(separator)) + std::string(name);
  return text;
}

std::string every_option(std::string_view separator) {
  return option_names(Option::Takes::FileName, separator) + std::string(separator) +
         option_names(Option::Takes::Text, separator);
}

// In single quotes; `escaped_quote` is what the shell wants for one of those. Our marks for what is typed go.
std::string shell_quoted(std::string_view text, std::string_view escaped_quote) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'')
      result += escaped_quote;
    else if (c != '`')
      result += c;
  }
  return result + '\'';
}

std::string replaced(std::string_view text, std::string_view mark, std::string_view with) {
  std::string result(text);
  for (auto at = result.find(mark); at != result.npos; at = result.find(mark, at + with.size()))
    result.replace(at, mark.size(), with);
  return result;
}

constexpr std::string_view bash_script =
    R"(# bash completion for frontdoor, written by: frontdoor completion bash

_frontdoor() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' offers='' i
  # bash makes three words of --config=FILE.
  if [[ $word == = ]]; then
    word=''
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $before in
    @FILES@)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
    @TEXTS@) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      @OPTIONS@)
        ((++i))
        [[ ${COMP_WORDS[i]} == = ]] && ((++i))
        ;;
      -*) ;;
      *)
        command+=${command:+ }${COMP_WORDS[i]}
        [[ $command == @(config|cert|upstream) ]] || break
        ;;
    esac
  done
  case $command in
@CONTEXTS@  esac
  mapfile -t COMPREPLY < <(compgen -W "$offers" -- "$word")
}

complete -F _frontdoor frontdoor
)";

constexpr std::string_view zsh_script = R"(#compdef frontdoor
# zsh completion for frontdoor, written by: frontdoor completion zsh

_frontdoor() {
  local command='' i
  local -a offers
  case $words[CURRENT] in
    (@FILES_EQUAL@) compset -P '*='; _files; return ;;
  esac
  case $words[CURRENT-1] in
    (@FILES@) _files; return ;;
    (@TEXTS@) return ;;
  esac
  for ((i = 2; i < CURRENT; ++i)); do
    case $words[i] in
      (@OPTIONS@) ((++i)) ;;
      (-*) ;;
      (*)
        command+="${command:+ }$words[i]"
        [[ $command == (config|cert|upstream) ]] || break
        ;;
    esac
  done
  case $command in
@CONTEXTS@  esac
  _describe frontdoor offers
}

if [[ $funcstack[1] == _frontdoor ]]; then
  _frontdoor "$@"
else
  compdef _frontdoor frontdoor
fi
)";

constexpr std::string_view fish_script =
    R"(# fish completion for frontdoor, written by: frontdoor completion fish

# Whether the words typed so far name this command.
function __frontdoor_command
    set -l typed (commandline -opc)
    set -e typed[1]
    set -l name
    set -l is_value no
    for word in $typed
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case @OPTIONS@
                set is_value yes
            case '-*'
            case '*'
                set -a name $word
                contains -- "$name" config cert upstream; or break
        end
    end
    test "$name" = "$argv"
end

complete -c frontdoor -f
@CONTEXTS@)";

std::string bash() {
  std::string arms;
  for (const Context& context : contexts()) {
    std::string words;
    for (const Offer& offer : context.offers) words += (words.empty() ? "" : " ") + std::string(offer.word);
    arms += "    '" + std::string(context.command) + "') offers='" + words + "' ;;\n";
  }
  auto script = replaced(bash_script, "@FILES@", option_names(Option::Takes::FileName, " | "));
  script = replaced(script, "@TEXTS@", option_names(Option::Takes::Text, " | "));
  script = replaced(script, "@OPTIONS@", every_option(" | "));
  return replaced(script, "@CONTEXTS@", arms);
}

std::string zsh() {
  std::string arms;
  for (const Context& context : contexts()) {
    arms += "    ('" + std::string(context.command) + "') offers=(\n";
    for (const Offer& offer : context.offers)
      arms +=
          "      " +
          shell_quoted(std::string(offer.word) + (offer.doc.empty() ? "" : ":") + std::string(offer.doc), "'\\''") +
          '\n';
    arms += "    ) ;;\n";
  }
  auto script = replaced(zsh_script, "@FILES@", option_names(Option::Takes::FileName, "|"));
  script = replaced(script, "@FILES_EQUAL@", option_names(Option::Takes::FileName, "=*|") + "=*");
  script = replaced(script, "@TEXTS@", option_names(Option::Takes::Text, "|"));
  script = replaced(script, "@OPTIONS@", every_option("|"));
  return replaced(script, "@CONTEXTS@", arms);
}

std::string fish_line(const Context& context, const Offer& offer) {
  std::string line = "complete -c frontdoor -n '__frontdoor_command";
  if (!context.command.empty()) line += ' ' + std::string(context.command);
  if (offer.word.starts_with("--"))
    line += "' -l " + std::string(offer.word.substr(2));
  else if (offer.word.starts_with("-"))
    line += "' -s " + std::string(offer.word.substr(1));
  else
    line += "' -a " + std::string(offer.word);
  if (offer.option != nullptr && offer.option->takes != Option::Takes::Nothing)
    line += offer.option->takes == Option::Takes::FileName ? " -r -F" : " -x";
  if (!offer.doc.empty()) line += " -d " + shell_quoted(offer.doc, "\\'");
  return line + '\n';
}

std::string fish() {
  std::string lines;
  for (const Context& context : contexts())
    for (const Offer& offer : context.offers) lines += fish_line(context, offer);
  return replaced(replaced(fish_script, "@OPTIONS@", every_option(" ")), "@CONTEXTS@", lines);
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash();
  return shell == "zsh" ? zsh() : fish();
}

}  // namespace frontdoor::cli
