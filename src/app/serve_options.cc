#include "app/serve_options.h"

#include <CLI/CLI.hpp>

namespace pilot::app {
namespace {

void add_outbound(CLI::App& command, ServeOptions& serve) {
  command.add_flag("--allow-private-network", serve.allow_private_network,
                   "let plans call loopback and private addresses");
  command
      .add_option("--allow-host", serve.allow_hosts,
                  "HOST[:PORT], .DOMAIN, address or network that plans may call though it is "
                  "private; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--deny-host", serve.deny_hosts,
                  "one that no plan may call, whatever else is allowed; may be repeated")
      ->allow_extra_args(false);
}

// What the server shows to the outside, and how much of it one caller may have.
void add_surface(CLI::App& serve, ServeOptions& o) {
  auto* certificate = serve.add_option("--tls-cert", o.tls_certificate,
                                       "PEM file of the certificate and its chain: speak TLS only");
  auto* key = serve.add_option("--tls-key", o.tls_key, "PEM file of its private key");
  certificate->needs(key);
  key->needs(certificate);
  serve.add_option("--oauth-clients", o.oauth_clients,
                   "file (mode 0600) with this deployment's client of each vendor, as JSON or "
                   "YAML: {google: {client_id: ..., client_secret: ...}}");
  serve.add_flag("--access-log", o.access_log, "a line in the log for each request");
  const auto limit = [&serve](const std::string& name, std::int64_t& value,
                              const std::string& help) {
    serve.add_option(name, value, help + "; 0: no limit")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000}))
        ->capture_default_str();
  };
  limit("--rate-limit", o.limit.per_second, "requests a second of each key and each tenant");
  limit("--rate-burst", o.limit.burst, "as many at once after a rest");
  limit("--in-flight-limit", o.limit.in_flight, "requests of each key and each tenant at one time");
}

}  // namespace

void add_serve_options(CLI::App& serve, ServeOptions& o) {
  serve
      .add_option("--address", o.address,
                  "address to listen on; others than loopback need an API key")
      ->capture_default_str();
  serve.add_option("--port", o.port, "port; 0 lets the system choose")->capture_default_str();
  serve.add_option("--public-url", o.public_url, "how browsers reach it, when a proxy is in front");
  serve.add_option("--shards", o.shards, "threads that serve; 0: one per core")
      ->check(CLI::Range(0, 256));
  serve
      .add_option("--max-queued", o.max_queued, "runs under way at once; past it the answer is 503")
      ->check(CLI::Range(1, 1'000'000));
  serve
      .add_option("--roles", o.roles,
                  "what this node does on a shared database: api, worker, scheduler")
      ->delimiter(',')
      ->check(CLI::IsMember({"api", "worker", "scheduler"}));
  serve
      .add_option_function<std::string>(
          "--retention",
          [&o](const std::string& days) { o.retention = std::chrono::days{std::stoi(days)}; },
          "forget finished runs after that time, like 90d; they are kept if not given")
      ->check([](const std::string& days) {
        const bool fine = days.size() >= 2 && days.size() <= 6 && days.back() == 'd' &&
                          days.find_first_not_of("0123456789") == days.size() - 1;
        return fine && days.front() != '0' ? "" : "give it in days, like 90d";
      });
  add_outbound(serve, o);
  add_surface(serve, o);
}

}  // namespace pilot::app
