// A PostgreSQL cluster of a test's own, to be stopped in the middle of things. For tests only.
#pragma once

#include <algorithm>
#include <fstream>

#include "store/postgres/child_under_test.h"
#include "store/postgres/connect.h"

namespace pilot::store::postgres {

class Cluster {
 public:
  // `settings`: name=value, as after -c.
  explicit Cluster(std::vector<std::string> settings = {}) : settings_(std::move(settings)) {
    Child init({bin() / "initdb", "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                "--locale=C.UTF-8", "--no-sync"},
               folder_ / "log");
    if (init.wait() != 0) throw std::runtime_error("initdb failed: " + log());
    start();
  }
  ~Cluster() { stop(SIGQUIT); }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  std::string url() const {
    return fmt::format("postgresql://postgres@127.0.0.1:{}/postgres", port_);
  }
  std::uint16_t port() const { return port_; }

  // SIGINT: fast; SIGQUIT: at once, as if the power had gone.
  void stop(int signal) {
    if (server_ != nullptr) server_->stop(signal);
    server_.reset();
  }
  void start() {
    std::vector<std::string> words{bin() / "postgres",          "-D", data(), "-p",
                                   std::to_string(port_),       "-k", data(), "-c",
                                   "listen_addresses=127.0.0.1"};
    for (const std::string& setting : settings_) words.insert(words.end(), {"-c", setting});
    server_ = std::make_unique<Child>(std::move(words), folder_ / "log");
    // On a busy disk its recovery takes a while.
    if (!eventually([&] { return Session::open(url()).has_value(); }, std::chrono::seconds{60})) {
      throw std::runtime_error("the cluster does not start: " + log());
    }
  }

 private:
  static std::filesystem::path bin() {
    std::vector<std::filesystem::path> versions;
    std::error_code none;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
      versions.push_back(version.path() / "bin");
    }
    if (versions.empty()) throw std::runtime_error("PostgreSQL is not installed: ./dev setup");
    return *std::max_element(versions.begin(), versions.end());
  }
  std::string data() const { return folder_ / "data"; }
  std::string log() const {
    std::ifstream file(folder_ / "log");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  const std::vector<std::string> settings_;
  Folder folder_;
  const std::uint16_t port_ = free_port();
  std::unique_ptr<Child> server_;
};

}  // namespace pilot::store::postgres
