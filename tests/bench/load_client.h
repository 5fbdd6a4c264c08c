// A closed loop: each connection sends one request, waits for its answer, sends the next. One
// thread and one epoll, a constant request text, next to no parsing: it shares the cores with the
// server that it measures, so it must be cheap. Errors: no_answer (nobody listens), interrupted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace pilot::bench {

struct Load {
  std::uint16_t port = 0;
  std::string request;  // complete HTTP/1.1 text
  int connections = 1;
  double warmup_seconds = 1;
  double seconds = 5;     // measured after the warm-up
  std::size_t total = 0;  // if not 0: exactly so many requests, all measured, without a clock
  int status = 200;       // any other is an error
  std::string wanted;     // must stand in the body
  std::string unwanted;   // must not
  std::function<void()> on_begin;  // of the measured time
  std::function<void()> on_end;
};

struct LoadResult {
  std::size_t answers = 0;  // good ones, in the measured time
  std::size_t errors = 0;   // ever, the warm-up included
  std::string first_error;
  double seconds = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  double per_second() const { return seconds > 0 ? static_cast<double>(answers) / seconds : 0; }
};

Result<LoadResult> run_load(const Load& load);

// The value below which that share lies; of a sorted list. 0 of an empty one.
double quantile(const std::vector<double>& sorted, double share);
double median(std::vector<double> values);

}  // namespace pilot::bench
