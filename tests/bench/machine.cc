#include "machine.h"

#include <stdlib.h>
#include <sys/utsname.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace pilot::bench {
// The type of the mount that lies nearest above.
std::string file_system_of(const std::filesystem::path& path) {
  std::ifstream mounts("/proc/mounts");
  const std::string text = path.string();
  std::string best;
  std::string type = "unknown";
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string device, place, kind;
    fields >> device >> place >> kind;
    const bool above = place == "/" || text == place || text.starts_with(place + "/");
    if (!above || place.size() < best.size()) continue;
    best = place;
    type = kind;
  }
  return type;
}

double load_average() {
  double minute = 0;
  return getloadavg(&minute, 1) == 1 ? minute : 0;
}

Machine describe_machine(const std::filesystem::path& data) {
  utsname system{};
  uname(&system);
  return {.cores = static_cast<int>(std::thread::hardware_concurrency()),
          .kernel = system.release,
          .file_system = file_system_of(data),
          .load_before = load_average()};
}

}  // namespace pilot::bench
