// Servers that others wrote, for the time of a test: scripts of tests/node around packages of npm,
// and programs of Debian. Each on 127.0.0.1, ended by its pid when it goes.
#pragma once

#include <memory>

#include "process.h"

namespace pilot::e2e {

// Why tests that need this package of npm cannot run here; empty: they can.
std::string missing_package(const std::string& name);

// tests/node/SCRIPT with these arguments, listening.
class NodeServer {
 public:
  NodeServer(const std::string& script, const std::vector<std::string>& arguments);
  std::string url(const std::string& path = "") const { return url_ + path; }
  Process& process() { return *process_; }

 private:
  std::unique_ptr<Process> process_;
  std::string url_;  // empty: it did not start, which is a failure of the test
};

// A TCP port of 127.0.0.1 that nobody listens on just now, for a program that must be given one.
int free_port();

}  // namespace pilot::e2e
