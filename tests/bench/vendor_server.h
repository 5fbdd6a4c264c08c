// A vendor for manifests, on 127.0.0.1: one thread, one epoll, GET only. /hold is not answered
// until release(); /items?page=N is a page of a long list. Its members may be called from any
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace pilot::bench {

class VendorServer {
 public:
  static constexpr std::size_t kItems = 10'000;
  static constexpr std::size_t kPage = 100;

  static Result<std::unique_ptr<VendorServer>> start();
  ~VendorServer();
  VendorServer(const VendorServer&) = delete;
  VendorServer& operator=(const VendorServer&) = delete;

  // A manifest for the provider `vendor` with the actions `hold` and `list_items`, written into a
  // directory for --catalog, which it answers.
  std::string write_catalog(const std::string& dir) const;

  std::size_t held() const;
  std::size_t tokens() const;  // different Authorization headers of /hold
  void release();              // answers all of /hold, and from now on at once
  std::size_t pages() const;   // answered
  std::size_t page_bytes() const;

 private:
  VendorServer(int listener, int epoll, int wake, std::uint16_t port);
  void run();
  void accept_all();
  void read(int fd);
  void serve(int fd, std::string_view head);
  void answer(int fd, std::string_view body);
  void close(int fd);
  std::string page(std::size_t number) const;

  int listener_, epoll_, wake_;
  std::uint16_t port_;
  std::unordered_map<int, std::string> open_;  // what came in; the thread's alone
  mutable std::mutex mutex_;
  std::vector<int> held_;  // these under mutex_
  std::set<std::string, std::less<>> tokens_;
  bool released_ = false;
  bool stopping_ = false;
  std::size_t pages_ = 0;
  std::size_t page_bytes_ = 0;
  std::thread thread_;
};

}  // namespace pilot::bench
