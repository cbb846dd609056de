// Assembled from the table in two columns, as wide as the longest left side.

#include "cli/help.h"

#include <algorithm>
#include <vector>

#include "cli/commands.h"

namespace frontdoor::cli {
namespace {

struct Line {
  std::string left;
  std::string_view doc;
};

class Screen {
 public:
  explicit Screen(const Style& style) : style_(style) {}

  void title(std::string_view name, std::string_view what) {
    text_ += style_.bold(name) + ": " + std::string(what) + '\n';
  }
  void paragraph(std::string_view lines) {
    if (!lines.empty()) text_ += '\n' + painted(lines);
  }
  void table(std::string_view heading, const std::vector<Line>& lines);
  std::string take() { return std::move(text_); }

 private:
  std::string painted(std::string_view sentence) const;

  const Style& style_;
  std::string text_;
};

// What stands between backquotes is what one types.
std::string Screen::painted(std::string_view sentence) const {
  std::string result;
  bool typed = false;
  for (;;) {
    const auto mark = sentence.find('`');
    const auto piece = sentence.substr(0, mark);
    result += typed ? style_.paint(Ink::Cyan, piece) : std::string(piece);
    if (mark == sentence.npos) return result;
    sentence.remove_prefix(mark + 1);
    typed = !typed;
  }
}

void Screen::table(std::string_view heading, const std::vector<Line>& lines) {
  if (lines.empty()) return;
  std::size_t width = 0;
  for (const Line& line : lines)
    if (!line.doc.empty()) width = std::max(width, line.left.size());
  text_ += '\n' + style_.bold(std::string(heading) + ':') + '\n';
  for (const Line& line : lines) {
    text_ += "  " + style_.paint(Ink::Cyan, line.left);
    if (!line.doc.empty()) text_ += std::string(width + 2 - line.left.size(), ' ') + painted(line.doc);
    text_ += '\n';
  }
}

std::vector<Line> lines_of(std::span<const Row> rows) {
  std::vector<Line> lines;
  for (const Row& row : rows) lines.push_back({std::string(row.typed), row.doc});
  return lines;
}

std::vector<Line> lines_of(std::span<const Option> options) {
  std::vector<Line> lines;
  for (const Option& option : options)
    lines.push_back({option.usage(), option.doc});
  return lines;
}

std::string program_help(const Style& style) {
  Screen screen(style);
  screen.title("frontdoor", program.title);
  screen.table("Usage", lines_of(program.usage));
  std::vector<Line> list;
  for (const CommandInfo& command : commands())
    if (!command.with_above) list.push_back({std::string(command.name), command.brief});
  screen.table("Commands", list);
  for (const Section& section : program.sections) screen.table(section.title, lines_of(section.rows));
  list.clear();
  for (const ExitStatus& status : exit_statuses()) list.push_back({std::string(status.number), status.brief});
  screen.table("Exit status", list);
  return screen.take();
}

// A word that several commands begin with: what they are.
std::string group_help(std::string_view group, const Style& style) {
  Screen screen(style);
  screen.title("frontdoor " + std::string(group), "what there is of it");
  std::vector<Line> usage, list;
  for (const CommandInfo& command : commands()) {
    if (!command.name.starts_with(std::string(group) + ' ')) continue;
    for (const Line& line : lines_of(command.usage)) usage.push_back(line);
    list.push_back({std::string(command.name), command.brief});
  }
  screen.table("Usage", usage);
  screen.table("Commands", list);
  screen.paragraph("More about one of them: frontdoor help " + list.front().left + "\n");
  return screen.take();
}

std::string pm2_help(const Style& style) {
  Screen screen(style);
  screen.title("frontdoor pm2", "what pm2's commands are called here");
  screen.table("Usage", {{"frontdoor COMMAND [OPTIONS]", ""}});
  screen.table(instead_of_pm2().title, lines_of(instead_of_pm2().rows));
  return screen.take();
}

}  // namespace

std::string help_text(std::string_view topic, const Style& style) {
  if (topic == "config" || topic == "upstream") return group_help(topic, style);
  if (topic == "pm2") return pm2_help(style);
  const CommandInfo* command = find_command(topic);
  if (command == nullptr) return program_help(style);
  Screen screen(style);
  screen.title("frontdoor " + std::string(topic), command->title);
  screen.table("Usage", lines_of(command->usage));
  screen.paragraph(command->about);
  screen.table("Options", lines_of(command->options));
  for (const Section& section : command->sections) screen.table(section.title, lines_of(section.rows));
  return screen.take();
}

}  // namespace frontdoor::cli
