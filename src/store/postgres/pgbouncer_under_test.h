// The store behind pgbouncer in transaction mode, with few connections to the server, so that what
// one transaction leaves behind meets the next one's. For tests only.
#pragma once

#include <fstream>

#include "store/postgres/child_under_test.h"
#include "store/postgres/postgres_under_test.h"

namespace pilot::store::postgres {

inline constexpr char kPgBouncer[] = "/usr/sbin/pgbouncer";

// In front of the tests' cluster.
class PgBouncer {
 public:
  explicit PgBouncer(int pool_size = 3) : pool_size_(pool_size) { start(); }
  std::string url_of(const std::string& direct) const { return with_port(direct, port_); }
  // All connections break; it comes back at the same port.
  void restart() {
    program_.reset();
    start();
  }

 private:
  void start() {
    if (::access(kPgBouncer, X_OK) != 0) {
      throw std::runtime_error(
          "pgbouncer is not installed: ./dev setup, or apt-get install pgbouncer");
    }
    const std::string cluster = cluster_url();
    const std::size_t port = cluster.rfind(':') + 1;
    std::ofstream(folder_ / "users") << "\"postgres\" \"\"\n";
    std::ofstream(folder_ / "ini")
        << "[databases]\n* = host=127.0.0.1 port="
        << cluster.substr(port, cluster.find('/', port) - port)
        << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
        << "\nunix_socket_dir =\nauth_type = trust\nauth_file = " << (folder_ / "users").string()
        << "\npool_mode = transaction\nmax_client_conn = 500\ndefault_pool_size = " << pool_size_
        << "\nignore_startup_parameters = extra_float_digits,options\n";
    program_ = std::make_unique<Child>(
        std::vector<std::string>{kPgBouncer, (folder_ / "ini").string()}, folder_ / "log");
    if (!eventually([&] { return Session::open(url_of(cluster)).has_value(); })) {
      std::ifstream log(folder_ / "log");
      throw std::runtime_error(
          "pgbouncer does not answer: " +
          std::string(std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()));
    }
  }

  const int pool_size_;
  const std::uint16_t port_ = free_port();
  Folder folder_;
  std::unique_ptr<Child> program_;
};

// One for all tests of a process.
inline PgBouncer& pgbouncer() {
  static PgBouncer one;
  return one;
}

class PooledUnderTest final : public StoreUnderTest {
 public:
  PooledUnderTest() {
    auto opened = open_postgres({.url = pgbouncer().url_of(database_.url())}, log_);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }
  Store& store() override { return *store_; }

 private:
  Database database_;
  Log log_{LogLevel::off};
  std::unique_ptr<Store> store_;
};

}  // namespace pilot::store::postgres
