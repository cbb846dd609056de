#include "supervisor/instances/run_as.h"

#include <sys/resource.h>

#include <string>
#include <vector>

#include "supervisor/instances/instance_places.h"
#include "supervisor/launcher/life_marks.h"

extern char** environ;

namespace frontdoor {

LaunchRequest run_as(const config::Launch& launch, const InstanceVariables& ours) {
  LaunchRequest what;
  what.directory = launch.directory;
  std::vector<std::string> own;
  for (char** variable = environ; *variable; ++variable) own.emplace_back(*variable);
  what.environment = instance_environment(own, launch, ours);
  what.identity = identity_of(launch);
  if (!launch.umask.empty()) what.umask = static_cast<std::uint32_t>(std::stoul(launch.umask, nullptr, 8));
  if (const auto mark = may_mark() ? limit_mark(ours.life) : std::nullopt)
    what.limits.push_back({RLIMIT_RTTIME, *mark, RLIM_INFINITY});  // the config's own comes later and holds
  for (const config::ResourceLimit& limit : launch.rlimits) what.limits.push_back({limit.resource, limit.soft, limit.hard});
  return what;
}

}  // namespace frontdoor
