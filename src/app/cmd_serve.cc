// pilot serve: the server, until SIGINT or SIGTERM. And pilot demo-server.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <thread>

#include "app/commands.h"
#include "app/database.h"
#include "app/demo/demo_server.h"
#include "app/output.h"

namespace pilot::app {
namespace {

// Memory holds credentials for the time of a call: no core files, no reading by other processes.
void keep_memory_private() {
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

bool is_loopback(std::string_view address) {
  return address == "::1" || address == "localhost" || address.starts_with("127.");
}

// Listens from its construction on, so that a signal during start-up stops the server in order,
// too.
class StopSignal {
 public:
  StopSignal() {
    signals_.async_wait([](const boost::system::error_code&, int) {});
  }
  void wait() { io_.run(); }

 private:
  boost::asio::io_context io_;
  boost::asio::signal_set signals_{io_, SIGINT, SIGTERM};
};

}  // namespace

int serve(const GlobalOptions& global, const ServeOptions& options) {
  if (!is_loopback(options.address)) {
    return refuse(invalid(
        "not_loopback", fmt::format("without API keys the server listens on loopback only, not on "
                                    "{}; put a proxy with its own sign-in in front",
                                    options.address)));
  }
  const Result<std::string> database = read_database_url(global.database_url_file);
  if (!database) return refuse(database.error());
  keep_memory_private();
  StopSignal stop;
  auto app = App::start({.data_dir = global.data_dir,
                         .database_url = *database,
                         .roles = options.roles,
                         .retention = options.retention,
                         .address = options.address,
                         .port = options.port,
                         .shards = options.shards,
                         .max_queued = static_cast<std::size_t>(options.max_queued),
                         .log_level = global.log_level});
  if (!app) return refuse(app.error());
  const std::string& url = (*app)->url();
  if (const Status told = (*app)->data_dir().write_server({url, getpid()}); !told) {
    return refuse(told.error());
  }
  if (global.json) {
    print_line(to_json(JsonObject{{"url", url},
                                  {"pid", getpid()},
                                  {"data_dir", (*app)->data_dir().path().string()},
                                  {"version", version()}}));
  } else {
    print_line(fmt::format(
        "Pilot {} listens at {}  (data in {})", version(), url,
        database->empty() ? (*app)->data_dir().path().string() : database_name(*database)));
  }
  stop.wait();
  (*app)->log().info("stopping: running calls may finish, the rest goes on at the next start");
  (*app)->stop(Millis{8'000});
  (*app)->data_dir().remove_server();
  return kExitOk;
}

int demo_server(const GlobalOptions& global, std::uint16_t port) {
  Log log(global.log_level);
  boost::asio::io_context io;
  DemoServer demo({&io}, log);
  const Result<std::string> url = demo.url(port);
  if (!url) return refuse(url.error());
  print_line(global.json ? to_json(JsonObject{{"url", *url}}) : "demo shop at " + *url);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&io](const boost::system::error_code&, int) { io.stop(); });
  io.run();
  return kExitOk;
}

}  // namespace pilot::app
