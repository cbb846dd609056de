#include "cli/self_signed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ostream>
#include <string>

#include "config/suggest.h"
#include "service/process/exit_codes.h"
#include "tls/certificate.h"
#include "tls/self_signed.h"

namespace frontdoor::cli {

namespace {

constexpr unsigned kDays = 90;

// Why it could not be written; "" = it is. What is there is somebody's.
std::string write_new(const std::string& path, const std::string& text, mode_t mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return std::strerror(errno);
  std::string error;
  for (std::size_t done = 0; done < text.size() && error.empty();) {
    const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written < 0) error = std::strerror(errno);
    else done += static_cast<std::size_t>(written);
  }
  if (::close(fd) != 0 && error.empty()) error = std::strerror(errno);
  return error;
}

}  // namespace

int write_self_signed(const SelfSignedCommand& command, const Streams& streams) {
  using namespace std::chrono;
  const std::int64_t now = duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
  const tls::SelfSigned made = tls::make_self_signed(command.names, now, kDays);
  // The key first: where it can not be, a certificate is of no use.
  std::string path = command.key_file;
  std::string error = write_new(path, made.key, S_IRUSR | S_IWUSR);
  if (error.empty()) {
    path = command.cert_file;
    error = write_new(path, made.cert, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
    if (!error.empty()) ::unlink(command.key_file.c_str());
  }
  if (!error.empty()) {
    streams.err << "frontdoor: cannot write " << path << ": " << error << "\n";
    return kExitFailure;
  }
  streams.out << "Valid until " << tls::day_text(now + std::int64_t{kDays} * 24 * 3600)
              << ", and trusted by nobody. In fd.toml, beside `listen`:\n\n  tls = { cert = "
              << config::quote(command.cert_file) << ", key = " << config::quote(command.key_file) << " }\n";
  return kExitOk;
}

}  // namespace frontdoor::cli
