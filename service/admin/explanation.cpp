#include "service/admin/explanation.h"

#include "base/short_text.h"
#include "config/suggest.h"
#include "config/units.h"

namespace frontdoor {

namespace {

using config::format_duration;

bool is_out(const WhyFacts& facts) { return facts.order == "drain" || facts.order == "maintenance"; }

std::string in_time(std::int64_t millis) {
  return millis < 1'000 ? "at once" : "in " + short_duration(millis);
}

std::string port_in(const std::string& address) {
  const auto colon = address.rfind(':');
  return colon == std::string::npos ? "" : address.substr(colon + 1);
}

bool is_https(const std::string& address) { return address.starts_with("https://"); }

void add_state(const WhyFacts& facts, Explanation& explanation) {
  std::string& text = explanation.summary;
  text = facts.pool + '/' + facts.name;
  if (is_out(facts)) {
    text += facts.order == "drain" ? " is drained" : " is in maintenance";
    text += " by " + facts.ordered_by;
    if (facts.in_flight != 0) text += "; " + std::to_string(facts.in_flight) + " requests are on it";
    if (facts.state != "up") text += ". It would be " + facts.state + (facts.reason.empty() ? "" : ": " + facts.reason);
    return;
  }
  const std::string state = facts.state == "crash loop" ? "in a crash loop" : facts.state;
  if (!facts.state_millis) text += " is " + state;
  else if (facts.state == "exited") text += " exited " + short_duration(*facts.state_millis) + " ago";
  else if (facts.state == "done") text += " has done its work, " + short_duration(*facts.state_millis) + " ago";
  else text += " has been " + state + " for " + short_duration(*facts.state_millis);
  if (!facts.reason.empty() && facts.state != "up") text += ": " + facts.reason;
  if (facts.is_instance && !facts.last_end.empty() && facts.state != "up") text += "; it ended last with " + facts.last_end;
}

void add_checks(const WhyFacts& facts, Explanation& explanation) {
  const std::string question = question_of(facts.check, facts.address);
  if (!facts.check) {
    explanation.back.push_back("it is up again when " + question + " succeeds, tried every 100 ms at first and more seldom later");
    return;
  }
  const std::uint32_t rise = facts.state == "unknown" ? 1 : std::max(facts.check->rise, 1U);
  std::string text = "it is up again after " + std::to_string(rise) + (rise == 1 ? " pass of " : " passes in a row of ") +
                     question + ", asked every " + format_duration(facts.check->interval_down) + " while it is down";
  if (rise > 1) text += "; so far " + std::to_string(facts.streak);
  explanation.back.push_back(std::move(text));
}

bool is_asked_by_command(const WhyFacts& facts) {
  return facts.check && facts.check->type == config::HealthCheck::Type::Exec;
}

void advise_about_a_command(const WhyFacts& facts, Explanation& explanation) {
  const bool unix_socket = facts.address.starts_with("unix:");
  std::string text = "run it by hand: PORT=" + (unix_socket ? facts.address.substr(5) : port_in(facts.address)) +
                     " FRONTDOOR_ADDRESS=" + facts.address;
  for (const std::string& word : facts.check->command)
    text += ' ' + (word.find_first_of(" \t\"'$\\") == std::string::npos ? word : config::quote(word));
  explanation.advice.push_back(std::move(text));
}

void advise_about_an_answer(const WhyFacts& facts, Explanation& explanation) {
  if (is_asked_by_command(facts)) return advise_about_a_command(facts, explanation);
  const bool http = facts.check && facts.check->type == config::HealthCheck::Type::Http;
  const bool unix_socket = facts.address.starts_with("unix:");
  const std::string path = http ? facts.check->path : "/";
  explanation.advice.push_back(
      "see what it says: curl -i " +
      (unix_socket ? "--unix-socket " + facts.address.substr(5) + " http://localhost" + path
       : is_https(facts.address) ? facts.address + path
                                 : "http://" + facts.address + path));
}

void advise_about_upstream(const WhyFacts& facts, Explanation& explanation) {
  if (facts.reason.find("does not resolve") != std::string::npos) {
    explanation.advice.push_back("ask the resolver: getent hosts " + facts.name.substr(0, facts.name.rfind(':')) +
                                 "; see `resolver` in the config");
    return;
  }
  switch (facts.cause) {
    case DownCause::Dead:
      explanation.advice.push_back("nobody listens at " + facts.address + ": is the app running there?" +
                                   (port_in(facts.address).empty() || facts.address.starts_with("unix:")
                                        ? ""
                                        : " On its machine: ss -ltnp 'sport = :" + port_in(facts.address) + "'"));
      return;
    case DownCause::Hung:
      explanation.advice.push_back(is_asked_by_command(facts)
                                       ? "its check did not end in time: the app hangs, or the check takes longer than its timeout, " +
                                             format_duration(facts.check->timeout)
                                       : "it takes connections and says nothing: it hangs, or has more to do than it can");
      return advise_about_an_answer(facts, explanation);
    case DownCause::Unwell:
    case DownCause::Withdrawn:
    case DownCause::None:
      return advise_about_an_answer(facts, explanation);
  }
}

void add_instance(const WhyFacts& facts, Explanation& explanation) {
  const std::string logs = "what it wrote: frontdoor logs " + facts.name + " -n 50";
  if (facts.state == "stopped") {
    explanation.back.push_back("frontdoor start " + (facts.pool_stopped ? facts.pool : facts.name));
  } else if (facts.state == "crash loop" || facts.state == "pausing") {
    if (facts.next_start_millis) explanation.back.push_back("it is started again " + in_time(*facts.next_start_millis));
    explanation.advice.push_back(logs);
    explanation.advice.push_back("start it now, once the cause is gone: frontdoor restart " + facts.name + " --now");
  } else if (facts.state == "exited" || facts.state == "done") {
    explanation.back.push_back("it is not started again by itself (restart.policy): frontdoor start " + facts.name);
    explanation.advice.push_back(logs);
  } else if (facts.state == "idle") {
    explanation.back.push_back("the next request to the pool starts it");
  } else if (facts.state == "starting") {
    explanation.back.push_back("it is up when " + question_of(facts.check, facts.address) + " succeeds");
    explanation.advice.push_back(logs);
  } else {
    explanation.back.push_back("it ends, and is started again when that was asked for");
  }
}

}  // namespace

std::string question_of(const std::optional<config::HealthCheck>& check, const std::string& address) {
  if (!check) return is_https(address) ? "a TLS handshake" : "a TCP connect";
  switch (check->type) {
    case config::HealthCheck::Type::Http: return "GET " + check->path;
    case config::HealthCheck::Type::Tcp: return "a TCP connect";
    case config::HealthCheck::Type::Tls: return "a TLS handshake";
    case config::HealthCheck::Type::Grpc: return "a gRPC health check";
    case config::HealthCheck::Type::Exec: return "its check command (" + check->command.front() + ")";
  }
  return "";
}

Explanation explain(const WhyFacts& facts) {
  Explanation explanation;
  add_state(facts, explanation);
  if (is_out(facts)) explanation.back.push_back("frontdoor ready " + facts.pool + '/' + facts.name);
  if (facts.pool_maintenance) {
    explanation.summary += ". Its whole pool is in maintenance: every request gets a 503";
    explanation.back.push_back("frontdoor ready " + facts.pool);
  }
  if (facts.state == "up") return explanation;
  if (facts.state == "down" || facts.state == "unknown") {
    add_checks(facts, explanation);
    if (facts.next_probe_millis) explanation.back.back() += "; the next is asked " + in_time(*facts.next_probe_millis);
    advise_about_upstream(facts, explanation);
    if (facts.is_instance) explanation.advice.push_back("what it wrote: frontdoor logs " + facts.name + " -n 50");
    return explanation;
  }
  add_instance(facts, explanation);
  return explanation;
}

}  // namespace frontdoor
