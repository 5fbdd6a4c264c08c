#include "servers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <fstream>

namespace pilot::bench {
namespace {

// PATH, and where Debian has it, which is not in every user's PATH.
Result<std::string> find_nginx() {
  const char* from_environment = std::getenv("PATH");
  std::string path = from_environment == nullptr ? "" : from_environment;
  path += ":/usr/sbin:/usr/local/sbin";
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string file = path.substr(at, end - at) + "/nginx";
    if (access(file.c_str(), X_OK) == 0) return file;
    at = end + 1;
  }
  return invalid("nginx_missing",
                 "nginx is not installed; the plans of the benchmark call it. On Debian: "
                 "apt-get install nginx-light");
}

std::string item() {
  std::string text =
      R"({"id":42,"name":"coffee grinder","price":19.9,"in_stock":true,"tags":["kitchen","steel"],)"
      R"("description":")";
  constexpr std::size_t kSize = 1'024;
  while (text.size() < kSize - 2) text += "abcdefghijklmnopqrstuvwxyz "[text.size() % 27];
  return text + "\"}";
}

// One process that stays in the foreground, so that its pid is the one to end and to measure.
std::string nginx_settings(const std::string& dir, std::uint16_t port) {
  return fmt::format(R"(daemon off;
master_process off;
worker_processes 1;
pid {0}/nginx.pid;
error_log {0}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {0}/body;
  proxy_temp_path {0}/proxy;
  fastcgi_temp_path {0}/fastcgi;
  uwsgi_temp_path {0}/uwsgi;
  scgi_temp_path {0}/scgi;
  client_max_body_size 10m;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  default_type application/json;
  server {{
    listen 127.0.0.1:{1} backlog=4096;
    location = /item {{ return 200 '{2}'; }}
    location = /result {{ return 200 '{{"ok":true}}'; }}
  }}
}}
)",
                     dir, port, item());
}

Status wait_until_well(Process& process, std::uint16_t port, std::string_view path,
                       double seconds) {
  const double deadline = now_seconds() + seconds;
  std::string last = "no connection";
  while (now_seconds() < deadline && process.running()) {
    const Result<Answer> answer = call({port}, "GET", path);
    if (answer && answer->status == 200) return ok();
    last = answer ? fmt::format("status {}", answer->status) : answer.error().message;
    if (Status waited = pause_for(0.0005); !waited) return waited.error();
  }
  return unavailable("no_answer", fmt::format("GET {} of process {} never answered 200 ({})\n{}",
                                              path, process.pid(), last, process.log_tail()));
}

Result<std::uint16_t> port_of(const std::string& line) {
  const Result<Json> told = parse_json(line);
  const std::string_view url = told ? string_or(*told, "url") : std::string_view{};
  const std::size_t colon = url.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string_view::npos) {
    std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
  }
  if (port != 0) return port;
  return invalid("bad_answer", "pilot serve --json did not print its url, but: " + line);
}

}  // namespace

Result<NginxTarget> NginxTarget::start(const std::filesystem::path& dir) {
  const Result<std::string> program = find_nginx();
  if (!program) return program.error();
  std::filesystem::create_directories(dir);
  const std::filesystem::path settings = dir / "nginx.conf";
  const std::filesystem::path log = dir / "nginx.log";
  Error failed = internal_error("nginx was not tried");
  // A port that was free may be taken when nginx comes to it.
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Result<std::uint16_t> port = free_port();
    if (!port) return port.error();
    std::ofstream(settings) << nginx_settings(dir.string(), *port);
    Result<Process> process = Process::start(
        {*program, "-p", dir.string(), "-e", (dir / "error.log").string(), "-c", settings.string()},
        log);
    if (!process) return process.error();
    const Status well = wait_until_well(*process, *port, "/item", 10);
    if (well) return NginxTarget(std::move(*process), *port);
    failed = well.error().prefixed("nginx");
  }
  return failed;
}

std::string NginxTarget::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

Result<PilotServer> PilotServer::start(const std::filesystem::path& binary,
                                       const std::filesystem::path& data_dir,
                                       const ServeSetup& setup) {
  const double begin = now_seconds();
  std::vector<std::string> argv = setup.before;
  argv.insert(argv.end(), {binary.string(), "serve", "--port", "0", "--json", "--log-level", "warn",
                           "--data-dir", data_dir.string()});
  argv.insert(argv.end(), setup.options.begin(), setup.options.end());
  Result<Process> process = Process::start(argv, data_dir.string() + ".log", setup.environment);
  if (!process) return process.error();
  const Result<std::string> line = process->first_line(30);
  if (!line) return line.error().prefixed("pilot serve");
  const Result<std::uint16_t> port = port_of(*line);
  if (!port) return port.error();
  const Status well = wait_until_well(*process, *port, "/healthz", 30);
  if (!well) return well.error().prefixed("pilot serve");
  const double took = now_seconds() - begin;
  return PilotServer(std::move(*process), {*port}, took);
}

Result<std::string> PilotServer::save_plan(const JsonObject& document) const {
  const JsonObject body{{"name", document.at("name")}, {"plan_json", document}};
  const Result<Json> answer = call_json(address_, "POST", "/api/plans", to_json(body), 201);
  if (!answer) return answer.error().prefixed("save a plan");
  const Json* plan = find(*answer, "plan");
  const std::string_view id = plan == nullptr ? std::string_view{} : string_or(*plan, "id");
  if (id.empty()) return invalid("bad_answer", "save a plan: no id in " + to_json(*answer));
  return std::string(id);
}

std::vector<std::string> high_limits() {
  return {"--rate-limit", "1000000", "--rate-burst", "1000000", "--in-flight-limit", "1000000"};
}

Status PilotServer::use_key() {
  const JsonObject wanted{{"name", "benchmark"}, {"scopes", JsonArray{"read", "run", "write"}}};
  const Result<Json> answer = call_json(address_, "POST", "/api/keys", to_json(wanted), 201);
  if (!answer) return answer.error().prefixed("make an API key");
  const std::string_view key = string_or(*answer, "key");
  if (key.empty()) return invalid("bad_answer", "make an API key: there is none in the answer");
  address_.key = key;
  return ok();
}

}  // namespace pilot::bench
