// What texts of the config may look like: names, hosts, paths. Each function says what is wrong, or "" when
// nothing is. Also which patterns of routes cover which. Pure.

#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace frontdoor::config {

std::string name_problem(std::string_view text);            // of listeners and pools
std::string host_pattern_problem(std::string_view text);    // "", "api.example.com", "*.example.com"
std::string path_pattern_problem(std::string_view text);    // "", "/exact", "/prefix*"
std::string request_target_problem(std::string_view text);  // "/healthz?full=1"
std::string host_field_problem(std::string_view text);      // "", "app.internal", "app.internal:8080"
std::string resolver_problem(std::string_view text);        // "auto", "10.0.0.2:53", "10.0.0.2:53,[fd00::2]:53"
std::string response_field_problem(std::string_view text);  // "", "X-Request-Id"
std::string hung_signal_problem(std::string_view text);     // "SIGUSR2", or "" for none
std::string stop_signal_problem(std::string_view text);     // "SIGTERM"
std::string umask_problem(std::string_view text);           // "", "022"
std::string log_output_problem(std::string_view text);      // "stdout", "stderr", "off", a path
std::string access_log_field_problem(std::string_view text);  // "status"
std::string log_file_problem(std::string_view text);        // "", "/var/log/{instance}.log"
std::string state_file_problem(std::string_view text);      // "", "off", an absolute path
std::string admin_socket_problem(std::string_view text);    // "", "off", an absolute path
std::string admin_address_problem(std::string_view text);   // "", "off", "127.0.0.1:9900"
std::string admin_host_problem(std::string_view text);      // "frontdoor.internal"
std::string admin_token_problem(std::string_view text);     // "", 16 characters or more
std::string webhook_token_problem(std::string_view text);   // "", whatever HTTP can carry

std::string normal_host(std::string_view host);  // lower case, without the root's dot

// Whether there is a host that both are for: "a.example.com" and "*.example.com".
bool hosts_overlap(std::string_view a, std::string_view b);

// Whether no request can reach `later`, since `earlier` takes all of its requests.
bool shadows(const Route& earlier, const Route& later);

}  // namespace frontdoor::config
