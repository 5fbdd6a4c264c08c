// pilot serve: the server, until SIGINT or SIGTERM. And pilot demo-server.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <thread>

#include "app/commands.h"
#include "app/database.h"
#include "app/demo/demo_server.h"
#include "app/heap.h"
#include "app/oauth_clients_file.h"
#include "app/output.h"

namespace pilot::app {
namespace {

Result<std::vector<http::HostRule>> read_rules(const std::vector<std::string>& texts,
                                               std::string_view option) {
  std::vector<http::HostRule> rules;
  for (const std::string& text : texts) {
    Result<http::HostRule> rule = http::HostRule::parse(text);
    if (!rule) return rule.error().prefixed(option);
    rules.push_back(std::move(*rule));
  }
  return rules;
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
  const auto allow = read_rules(options.allow_hosts, "--allow-host");
  if (!allow) return refuse(allow.error());
  const auto deny = read_rules(options.deny_hosts, "--deny-host");
  if (!deny) return refuse(deny.error());
  const Result<std::string> database =
      read_database_url(global.database_url_file, global.database_url);
  if (!database) return refuse(database.error());
  const auto oauth_clients = read_oauth_clients(options.oauth_clients);
  if (!oauth_clients) return refuse(oauth_clients.error());
  bound_heap(options.shards);
  StopSignal stop;
  auto app = App::start({.data_dir = global.data_dir,
                         .database_url = *database,
                         .roles = options.roles,
                         .retention = options.retention,
                         .keys = global.keys,
                         .address = options.address,
                         .port = options.port,
                         .public_url = options.public_url,
                         .shards = options.shards,
                         .max_queued = static_cast<std::size_t>(options.max_queued),
                         .allow_private_network = options.allow_private_network,
                         .allow_hosts = *allow,
                         .deny_hosts = *deny,
                         .oauth_clients = *oauth_clients,
                         .catalog = global.catalog,
                         .sqlite_dir = global.sqlite_dir,
                         .ca_file = global.ca_file,
                         .log_level = global.log_level,
                         .log_format = global.log_format,
                         .access_log = options.access_log ? LogLevel::info : LogLevel::debug,
                         .tls_certificate = options.tls_certificate,
                         .tls_key = options.tls_key,
                         .limits = {.key = options.limit, .tenant = options.limit}});
  if (!app) return refuse(app.error());
  const std::string& url = (*app)->url();
  const ServerAddress address{(*app)->local_url(), getpid(), (*app)->operator_token()};
  if (const Status told = (*app)->data_dir().write_server(address); !told) {
    return refuse(told.error());
  }
  if (global.json) {
    print_line(to_json(JsonObject{{"url", url},
                                  {"browser_url", (*app)->browser_url()},
                                  {"pid", getpid()},
                                  {"data_dir", (*app)->data_dir().path().string()},
                                  {"version", version()}}));
  } else {
    print_line(fmt::format(
        "Pilot {} listens at {}  (data in {})", version(), url,
        database->empty() ? (*app)->data_dir().path().string() : database_name(*database)));
    print_line(fmt::format("In a browser, once: {}", (*app)->browser_url()));
  }
  stop.wait();
  (*app)->log().info("stopping: running calls may finish, the rest goes on at the next start");
  (*app)->stop(Millis{8'000});
  (*app)->data_dir().remove_server();
  return kExitOk;
}

int demo_server(const GlobalOptions& global, std::uint16_t port) {
  Log log(global.log_level, global.log_format);
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
