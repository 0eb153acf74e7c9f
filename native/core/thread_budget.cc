// How many threads this process may keep busy: affinity mask, cgroup quota, ALBERT_THREADS.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "core/thread_pool.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace albert {

namespace {

constexpr int kMaxThreads = 1024;

int hardware_threads() {
  return std::max(1, int(std::thread::hardware_concurrency()));
}

#if defined(__linux__)

int affinity_processors() {
  // The kernel refuses a mask shorter than its own: double it until it fits.
  for (int limit = 1024; limit <= 1 << 20; limit *= 2) {
    std::vector<cpu_set_t> mask(size_t(limit) / CPU_SETSIZE);
    const size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) == 0) return CPU_COUNT_S(bytes, mask.data());
  }
  return hardware_threads();
}

/// The first word of a file, or "" if there is none.
std::string first_word(const std::string& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

double positive_number(const std::string& word) {
  double value = 0;
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
  return result.ec == std::errc() && value > 0 ? value : 0;
}

/// cgroup v2: "<quota or max> <period>" in microseconds.
double quota_of_v2(const std::string& directory) {
  std::string quota, period;
  std::ifstream(directory + "/cpu.max") >> quota >> period;
  const double divisor = positive_number(period);
  return divisor > 0 ? positive_number(quota) / divisor : 0;
}

/// cgroup v1: two files; a quota of -1 is none.
double quota_of_v1(const std::string& directory) {
  const double divisor = positive_number(first_word(directory + "/cpu.cfs_period_us"));
  return divisor > 0 ? positive_number(first_word(directory + "/cpu.cfs_quota_us")) / divisor : 0;
}

/// The smallest quota on the way from the group up to the root of the mount. Inside a container the
/// group's own path may not be visible; its root is then the container's group.
double smallest_quota(const std::string& mount, std::string group,
                      double (*quota_of)(const std::string&)) {
  double smallest = 0;
  for (;;) {
    const double quota = quota_of(mount + group);
    if (quota > 0 && (smallest == 0 || quota < smallest)) smallest = quota;
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos) return smallest;
    group.resize(slash);
  }
}

bool lists_cpu_controller(const std::string& controllers) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

double cgroup_quota() {
  std::ifstream groups("/proc/self/cgroup");
  double smallest = 0;
  // Lines are "hierarchy:controllers:path"; version 2 is hierarchy 0 without controllers.
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    double quota = 0;
    if (controllers.empty()) {
      quota = smallest_quota("/sys/fs/cgroup", path, quota_of_v2);
    } else if (lists_cpu_controller(controllers)) {
      quota = smallest_quota("/sys/fs/cgroup/cpu", path, quota_of_v1);
    }
    if (quota > 0 && (smallest == 0 || quota < smallest)) smallest = quota;
  }
  return smallest;
}

#else

int affinity_processors() {
  return hardware_threads();
}
double cgroup_quota() {
  return 0;
}

#endif

std::string describe(const ThreadBudget& budget) {
  std::ostringstream text;
  text << budget.affinity << (budget.affinity == 1 ? " processor" : " processors")
       << " in the affinity mask, ";
  if (budget.quota > 0) {
    text << "cgroup quota of " << budget.quota;
  } else {
    text << "no cgroup quota";
  }
  return text.str();
}

/// The value of ALBERT_THREADS, or 0 if it is not a number from 1 to kMaxThreads.
int parse_threads(const char* text) {
  int value = 0;
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, value);
  return error == std::errc() && rest == end && value >= 1 && value <= kMaxThreads ? value : 0;
}

}  // namespace

ThreadBudget thread_budget() {
  ThreadBudget budget{.threads = 1,
                      .affinity = std::max(1, affinity_processors()),
                      .quota = cgroup_quota(),
                      .reason = ""};
  budget.threads = budget.affinity;
  if (budget.quota > 0) {
    const double granted = std::min(std::ceil(budget.quota), double(kMaxThreads));
    budget.threads = std::min(budget.threads, int(granted));
  }
  budget.reason = describe(budget);
  const char* wish = std::getenv("ALBERT_THREADS");
  if (wish == nullptr || *wish == '\0') return budget;
  if (const int threads = parse_threads(wish); threads > 0) {
    budget.threads = threads;
    budget.reason = "ALBERT_THREADS=" + std::string(wish) + " (" + budget.reason + ")";
  } else {
    budget.reason += "; ALBERT_THREADS=\"" + std::string(wish) + "\" is ignored: expected 1 to " +
                     std::to_string(kMaxThreads);
  }
  return budget;
}

}  // namespace albert
