#pragma once
#include <algorithm>
#include <chrono>
#include <vector>

namespace hone::bench {

struct Timing {
  double median = 0, p10 = 0, p90 = 0;  // Seconds.
};

// At least seven samples and about 0.4 s of them; the first call warms up and is not counted.
template <class F>
Timing time(F&& call) {
  using Clock = std::chrono::steady_clock;
  call();
  std::vector<double> samples;
  double total = 0;
  while (samples.size() < 7 || (total < 0.4 && samples.size() < 400)) {
    const auto start = Clock::now();
    call();
    samples.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    total += samples.back();
  }
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) { return samples[static_cast<std::size_t>(share * (samples.size() - 1) + 0.5)]; };
  return {at(0.5), at(0.1), at(0.9)};
}

}  // namespace hone::bench
