// The program albert_check: holds every kernel of this machine against the reference, and times it.
#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "check/report.h"
#include "check/tolerance.h"
#include "core/thread_pool.h"

namespace albert::checks {

namespace {

constexpr int kSuccess = 0;
constexpr int kFailure = 1;
constexpr int kWrongUsage = 2;
constexpr double kSmallFlops = 1e6;

constexpr const char* kHelp =
    "usage: albert_check [--mode parity|gradient|timing|models|training|cost]\n"
    "                    [--filter TEXT] [--device NAME] [--isa NAME]\n"
    "                    [--dtype NAME] [--allow_tf32] [--updates COUNT]\n"
    "                    [--small] [--once]\n"
    "                    [--quick] [--json] [--list] [--help]\n"
    "\n"
    "  --mode parity   every case against the float64 reference: errors, guard\n"
    "                  zones, and the same bits for any number of threads and for\n"
    "                  each row or sequence alone (default)\n"
    "  --mode gradient the reference's backward ops against finite differences of\n"
    "                  its forward ops, in float64\n"
    "  --mode timing   best and median time of the cases that have real shapes,\n"
    "                  each checked first\n"
    "  --mode models   ALBERT base with fresh weights: forward passes at batch 1, 8, 32\n"
    "                  x 128, 384, 512, fixed and mixed lengths, then training's updates\n"
    "  --mode training a tiny model, trained in fp32 and bf16 beside forward passes:\n"
    "                  losses against the reference, a checkpoint in the middle\n"
    "  --updates COUNT of training (default: 300)\n"
    "  --mode cost     operations and bytes of these cases, by the ops' own counts\n"
    "  --filter TEXT   only the cases whose name contains TEXT\n"
    "  --device NAME   cpu (default), cuda or cuda:<index>\n"
    "  --isa NAME      one instruction set of the CPU (default: all that this\n"
    "                  machine runs)\n"
    "  --dtype NAME    fp32, bf16, int8, or, of cuda, fp16 (default: all of them)\n"
    "  --allow_tf32    cuda: fp32 products with the shorter fractions of TF32\n"
    "  --quick         models: a tiny model and few shapes, to see that it works\n"
    "  --small         parity: only cases below the size of real models, of up to a\n"
    "                  million operations\n"
    "  --once          parity: not again with more threads, and for each item alone\n"
    "  --json          one JSON document instead of lines\n"
    "  --list          the names of the cases, without running them\n"
    "\n"
    "Exit status: 0 all passed, 1 a case failed, 2 wrong usage.\n";

struct Arguments {
  std::string mode = "parity";
  std::string filter;
  std::string device = "cpu";
  std::string isa;
  std::string dtype;
  std::string updates = "300";
  bool small = false;
  bool once = false;
  bool quick = false;
  bool allow_tf32 = false;
  bool json = false;
  bool list = false;
  bool help = false;
};

/// Thrown for a command line that makes no sense.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void check_mode(const std::string& mode) {
  static constexpr std::array<std::string_view, 6> kModes = {"parity", "gradient", "timing",
                                                            "models", "training", "cost"};
  if (std::find(kModes.begin(), kModes.end(), mode) == kModes.end()) {
    throw UsageError("unknown mode \"" + mode +
                     "\"; use parity, gradient, timing, models, training or cost");
  }
}

Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  const std::map<std::string, std::string*> options = {{"--mode", &arguments.mode},
                                                       {"--filter", &arguments.filter},
                                                       {"--device", &arguments.device},
                                                       {"--isa", &arguments.isa},
                                                       {"--dtype", &arguments.dtype},
                                                       {"--updates", &arguments.updates}};
  const std::map<std::string, bool*> flags = {
      {"--small", &arguments.small},
      {"--once", &arguments.once},
      {"--quick", &arguments.quick},
      {"--allow_tf32", &arguments.allow_tf32},
      {"--json", &arguments.json}, {"--list", &arguments.list}, {"--help", &arguments.help}};
  for (size_t i = 0; i < words.size(); ++i) {
    if (const auto flag = flags.find(words[i]); flag != flags.end()) {
      *flag->second = true;
    } else if (const auto option = options.find(words[i]); option == options.end()) {
      throw UsageError("unknown argument \"" + words[i] + "\"; see --help");
    } else if (i + 1 == words.size()) {
      throw UsageError(words[i] + " needs a value; see --help");
    } else {
      *option->second = words[++i];
    }
  }
  check_mode(arguments.mode);
  return arguments;
}

std::vector<CaseInfo> chosen_cases(const Arguments& arguments) {
  std::vector<CaseInfo> chosen;
  const bool all = !arguments.filter.empty() || arguments.list;
  const bool timing = arguments.mode == "timing" || arguments.mode == "cost";
  const bool gradient = arguments.mode == "gradient";
  for (const CaseInfo& info : list_cases()) {
    const bool wanted = info.name.find(arguments.filter) != std::string::npos;
    if (gradient && !info.backward) continue;
    if (wanted && (all || (timing ? info.timed : !info.heavy))) chosen.push_back(info);
  }
  if (chosen.empty()) throw UsageError("no case contains \"" + arguments.filter + "\"");
  return chosen;
}

/// Adds `name` to the list of what an option may be; whether it is wanted.
bool chosen(const std::string& wish, const std::string& name, std::string& known) {
  known += (known.empty() ? "" : ", ") + name;
  return wish.empty() || wish == name;
}

std::vector<std::shared_ptr<Backend>> chosen_backends(const Arguments& arguments) {
  std::vector<std::string> sets, dtypes;
  std::string known_sets, known_dtypes;
  const bool is_cpu = arguments.device == "cpu";
  if (!is_cpu) sets.push_back(arguments.isa);
  for (const char* isa : available_instruction_sets()) {
    if (is_cpu && chosen(arguments.isa, isa, known_sets)) sets.push_back(isa);
  }
  for (const char* dtype : {"fp32", "bf16", "fp16", "int8"}) {
    if (is_cpu && dtype == std::string("fp16")) continue;
    if (chosen(arguments.dtype, dtype, known_dtypes)) dtypes.push_back(dtype);
  }
  if (sets.empty()) throw UsageError("--isa must be one of " + known_sets);
  if (dtypes.empty()) throw UsageError("--dtype must be one of " + known_dtypes);
  std::vector<std::shared_ptr<Backend>> backends;
  for (const std::string& isa : sets) {
    for (const std::string& dtype : dtypes) {
      backends.push_back(
          open_backend({.device = arguments.device,
                        .dtype = dtype,
                        .instruction_set = isa,
                        .allow_tf32 = arguments.allow_tf32}));
    }
  }
  return backends;
}

int run_parity(const Arguments& arguments) {
  const auto backends = chosen_backends(arguments);
  std::vector<ParityReport> reports;
  bool passed = true;
  for (const CaseInfo& info : chosen_cases(arguments)) {
    const auto is_computed = [&](const std::shared_ptr<Backend>& backend) {
      return computes_in(info.op, backend->dtype(), backend->name());
    };
    if (std::none_of(backends.begin(), backends.end(), is_computed)) continue;
    const OpCase& op_case = find_case(info.name);
    if (arguments.small && (info.timed || flops_of(op_case) > kSmallFlops)) continue;
    const ExpectedCase expected = expect(op_case);
    for (const auto& backend : backends) {
      if (!is_computed(backend)) continue;
      reports.push_back(check_parity(expected, *backend, arguments.once));
      passed = passed && reports.back().passed();
    }
  }
  print_parity(std::cout, reports, arguments.json);
  return passed ? kSuccess : kFailure;
}

int run_gradient(const Arguments& arguments) {
  std::vector<GradientReport> reports;
  bool passed = true;
  for (const CaseInfo& info : chosen_cases(arguments)) {
    reports.push_back(check_case_gradient(info.name));
    passed = passed && reports.back().passed();
  }
  print_gradients(std::cout, reports, arguments.json);
  return passed ? kSuccess : kFailure;
}

/// Calls work() on a worker of the pool, as an engine's tiles are: this thread beside them would be
/// one more than there are processors.
void on_worker(const std::function<void()>& work) {
  std::promise<void> done;
  ThreadPool::shared()->submit([&] {
    try {
      work();
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  });
  done.get_future().get();
}

int run_timing(const Arguments& arguments) {
  const auto backends = chosen_backends(arguments);
  const int threads = thread_budget().threads;
  std::vector<TimingReport> reports;
  for (const CaseInfo& info : chosen_cases(arguments)) {
    const ExpectedCase expected = expect(find_case(info.name));
    for (const auto& backend : backends) {
      if (!computes_in(info.op, backend->dtype(), backend->name())) continue;
      on_worker([&] { reports.push_back(time_case(expected, *backend, threads)); });
    }
  }
  print_timing(std::cout, reports, arguments.json);
  return kSuccess;
}

int run_models(const Arguments& arguments) {
  const auto backends = chosen_backends(arguments);
  ModelPrinter printer(std::cout, arguments.json);
  for (const auto& backend : backends) {
    const ModelTimingOptions options = {.backend = {.device = arguments.device,
                                                    .dtype = backend->dtype(),
                                                    .instruction_set = backend->instruction_set(),
                                                    .allow_tf32 = arguments.allow_tf32},
                                        .quick = arguments.quick};
    time_models(options, [&](const ModelTiming& timing) { printer.add(timing); });
  }
  printer.finish();
  return kSuccess;
}

int64_t count_of(const std::string& text) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size() && count > 0) return count;
  throw UsageError("--updates must be a number of at least 1, got \"" + text + "\"");
}

int run_training(const Arguments& arguments) {
  std::vector<TrainingReport> reports;
  bool passed = true;
  for (const auto& backend : chosen_backends(arguments)) {
    if (std::string(backend->dtype()) == "int8") continue;
    reports.push_back(check_training(backend->instruction_set(), backend->dtype(),
                                     count_of(arguments.updates)));
    passed = passed && reports.back().passed();
    if (arguments.json) continue;
    print_training(std::cout, {reports.back()}, false);
    std::cout.flush();  // each takes minutes under a sanitizer
  }
  if (arguments.json) print_training(std::cout, reports, true);
  return passed ? kSuccess : kFailure;
}

/// Operations and bytes of the cases with real shapes, by the ops' own counts; nothing is run.
int run_cost(const Arguments& arguments) {
  std::vector<CaseCost> costs;
  const auto backends = chosen_backends(arguments);
  for (const CaseInfo& info : chosen_cases(arguments)) {
    const Binder binder = find_case(info.name).make();
    for (const auto& backend : backends) {
      Stage stage{*backend};
      Fixture fixture(stage);
      const BoundOp op = binder(fixture);
      costs.push_back({info.name, info.op, backend->dtype(), op.flops, op.bytes});
    }
  }
  print_costs(std::cout, costs, arguments.json);
  return kSuccess;
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments = parse(words);
  if (arguments.help) {
    std::cout << kHelp;
    return kSuccess;
  }
  if (arguments.list) {
    print_cases(std::cout, chosen_cases(arguments), arguments.json);
    return kSuccess;
  }
  if (arguments.mode == "gradient") return run_gradient(arguments);
  if (arguments.mode == "training") return run_training(arguments);
  if (arguments.mode == "cost") return run_cost(arguments);
  if (arguments.mode == "models") return run_models(arguments);
  return arguments.mode == "parity" ? run_parity(arguments) : run_timing(arguments);
}

}  // namespace

}  // namespace albert::checks

int main(int count, char** words) {
  using namespace albert::checks;
  try {
    return run({words + 1, words + count});
  } catch (const UsageError& error) {
    std::cerr << "albert_check: " << error.what() << "\n";
    return kWrongUsage;
  } catch (const std::exception& error) {
    std::cerr << "albert_check: " << error.what() << "\n";
    return kFailure;
  }
}
