#include "real_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pilot::e2e {
namespace {

const std::filesystem::path kPackages{PILOT_NODE_PACKAGES};

}  // namespace

std::string missing_package(const std::string& name) {
  if (std::filesystem::exists(kPackages / name)) return {};
  return fmt::format("the package {} of npm is not in {} (./dev setup puts it there)", name,
                     kPackages.string());
}

NodeServer::NodeServer(const std::string& script, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"/usr/bin/env", "NODE_PATH=" + kPackages.string(), "node",
                                   PILOT_SOURCE_DIR "/tests/node/" + script};
  command.insert(command.end(), arguments.begin(), arguments.end());
  process_ = std::make_unique<Process>(command);
  const std::string port = process_->line(0);
  if (port.empty()) {
    ADD_FAILURE() << script << " did not start: " << process_->err();
    return;
  }
  url_ = "http://127.0.0.1:" + port;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace pilot::e2e
