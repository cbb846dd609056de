#include "supervisor/output/pool_output.h"

#include <algorithm>
#include <array>
#include <utility>

#include "supervisor/output/log_files.h"

namespace frontdoor {

namespace {

constexpr std::array<std::string_view, 8> kInks{"36", "33", "35", "32", "34", "96", "93", "95"};  // SGR colours

}  // namespace

void NameColumn::add(const std::string& instance) {
  places_.try_emplace(instance, places_.size());
  width_ = std::max(width_, instance.size());
}

std::string_view NameColumn::ink(const std::string& instance) const {
  const auto found = places_.find(instance);
  return kInks[(found == places_.end() ? 0 : found->second) % kInks.size()];
}

void ToldWriter::tell(Log& log, TimePoint now) {
  for (const OutputNews& news : writer.take_news()) {
    const Log::Fields fields = {{"file", news.file}, {"reason", news.reason}};
    if (news.level == LogLevel::Error)
      log.error(news.event, fields);
    else if (news.level == LogLevel::Warn)
      log.warn(news.event, fields);
    else
      log.info(news.event, fields);
  }
  const std::uint64_t total = writer.lost();
  if (const auto lines = lost_.due(total, now))
    log.warn("output of instances is lost", {{"destination", writer.what()},
                                             {"lines", *lines},
                                             {"total", total},
                                             {"reason", writer.last_loss()}});
}

PoolOutput::PoolOutput(std::string pool, Log& log, const NameColumn& names, ToldWriter& standard_output,
                       StandardOutput kind)
    : pool_(std::move(pool)), log_(log), names_(names), standard_output_(standard_output), kind_(kind) {}

PoolOutput::~PoolOutput() { close(); }

void PoolOutput::apply(const config::Logs& settings) {
  config::Logs next = settings;
  config::Logs same_files = settings;  // what a line looks like is no matter of the files
  same_files.mode = settings_.mode;
  same_files.file_format = settings_.file_format;
  if (!(same_files == settings_)) {
    std::optional<LogFileName> name;
    std::unique_ptr<ToldWriter> files;
    leaving_.reserve(leaving_.size() + 1);
    if (!settings.file.empty()) {
      name.emplace(settings.file, pool_);
      files = std::make_unique<ToldWriter>(settings.file, std::make_unique<LogFiles>(settings, pool_));
    }
    begin_close();
    file_name_ = std::move(name);
    files_ = std::move(files);
  }
  settings_ = std::move(next);
}

void PoolOutput::begin(const OutputBlock& block) {
  using Mode = config::Logs::Mode;
  tags_ = {.unix_millis = block.unix_millis, .pid = block.pid, .stream = block.stream};
  instance_ = block.from.instance;
  const bool file_text = files_ && settings_.file_format == config::Logs::FileFormat::Text;
  if (settings_.mode == Mode::Json || files_) time_ = utc_time(block.unix_millis);
  if (settings_.mode == Mode::Prefix) {
    const auto ink = kind_.coloured ? std::optional(names_.ink(instance_)) : std::nullopt;
    prefix_ = name_prefix(instance_, names_.width(), block.stream, ink);
  }
  if (file_text) file_prefix_ = time_ + ' ' + name_prefix(instance_, 0, block.stream);
  if (files_) path_ = file_name_->path(instance_, block.stream);
}

void PoolOutput::add(std::string_view text, bool goes_on) {
  ++count_;
  tags_.goes_on = goes_on;
  const LineTags tags{time_, pool_, instance_};
  switch (settings_.mode) {
    case config::Logs::Mode::Prefix:
      lines_ += prefix_;
      append_text_line(lines_, text, goes_on, kind_.terminal ? LineFor::Terminal : LineFor::Others);
      break;
    case config::Logs::Mode::Json:
      append_json_line(lines_, tags, tags_, text);
      break;
    case config::Logs::Mode::Off:
      break;
  }
  if (!files_) return;
  if (settings_.file_format == config::Logs::FileFormat::Json) {
    append_json_line(file_lines_, tags, tags_, text);
  } else {
    file_lines_ += file_prefix_;
    append_text_line(file_lines_, text, goes_on, LineFor::Others);
  }
}

void PoolOutput::end() {
  static const std::string no_name;
  if (!lines_.empty()) standard_output_.writer.hand_over(no_name, lines_, count_);
  if (files_ && !file_lines_.empty()) files_->writer.hand_over(path_, file_lines_, count_);
  lines_.clear();
  file_lines_.clear();
  count_ = 0;
}

const OutputWriter* PoolOutput::behind() const {
  if (settings_.mode != config::Logs::Mode::Off && standard_output_.writer.behind()) return &standard_output_.writer;
  return files_ && files_->writer.behind() ? &files_->writer : nullptr;
}

bool PoolOutput::reopen() {
  if (!files_) return false;
  files_->writer.look_now();
  return true;
}

void PoolOutput::tell(TimePoint now) {
  if (files_) files_->tell(log_, now);
  std::erase_if(leaving_, [&](const std::unique_ptr<ToldWriter>& one) {
    if (!one->writer.ended()) return false;
    one->writer.close();
    one->tell_rest(log_);
    return true;
  });
}

void PoolOutput::begin_close() {
  if (!files_) return;
  files_->writer.begin_close();
  leaving_.push_back(std::move(files_));
}

void PoolOutput::close() {
  begin_close();
  for (const auto& one : leaving_) {
    one->writer.close();
    one->tell_rest(log_);
  }
  leaving_.clear();
}

}  // namespace frontdoor
