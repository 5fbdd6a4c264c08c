#include "pilot.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "postgres.h"

namespace pilot::e2e {
namespace {

using Clock = std::chrono::steady_clock;

// Each data directory has a database of its own; they go when the program ends.
struct Databases {
  std::mutex mutex;
  std::map<std::filesystem::path, TestDatabase> made;
  std::map<std::filesystem::path, std::string> url_files;
};

Databases& databases() {
  static Databases all;
  return all;
}

}  // namespace

bool on_postgres() {
  const char* store = std::getenv("PILOT_E2E_STORE");
  return store != nullptr && std::string_view(store) == "postgres";
}

std::string database_url(const std::filesystem::path& data_dir) {
  if (!on_postgres()) return {};
  Databases& all = databases();
  const std::lock_guard lock(all.mutex);
  return all.made[data_dir.lexically_normal()].url();
}

void use_database_url_file(const std::filesystem::path& data_dir, const std::string& file) {
  Databases& all = databases();
  const std::lock_guard lock(all.mutex);
  all.url_files[data_dir.lexically_normal()] = file;
}

Arguments pilot_arguments(const std::filesystem::path& data_dir, Arguments args) {
  args.insert(args.begin(), {PILOT_BINARY, "--data-dir", data_dir.string()});
  Databases& all = databases();
  const std::lock_guard lock(all.mutex);
  const std::filesystem::path key = data_dir.lexically_normal();
  if (const auto file = all.url_files.find(key); file != all.url_files.end()) {
    args.insert(args.begin() + 1, {"--database-url-file", file->second});
  } else if (on_postgres()) {
    args.insert(args.begin(), {"/usr/bin/env", "PILOT_DATABASE_URL=" + all.made[key].url()});
  }
  return args;
}

Finished pilot(const std::filesystem::path& data_dir, Arguments args, const std::string& input) {
  return Process(pilot_arguments(data_dir, std::move(args)), input).wait();
}

Json pilot_json(const std::filesystem::path& data_dir, Arguments args, int code) {
  args.emplace_back("--json");
  const Finished done = pilot(data_dir, std::move(args));
  EXPECT_EQ(done.code, code) << done.out << done.err;
  return parsed(done.out);
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  auto pause = std::chrono::milliseconds{2};
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds{100});
  }
  return true;
}

Arguments serve_arguments(const std::filesystem::path& data_dir, const Arguments& more) {
  Arguments args{"serve", "--json", "--port", "0"};
  if (std::find(more.begin(), more.end(), "--log-level") == more.end()) {
    args.insert(args.end(), {"--log-level", "warn"});
  }
  args.insert(args.end(), more.begin(), more.end());
  return pilot_arguments(data_dir, std::move(args));
}

Server::Server(const std::filesystem::path& data_dir, Arguments more, Arguments before) {
  const Arguments serve = serve_arguments(data_dir, more);
  before.insert(before.end(), serve.begin(), serve.end());
  process_ = std::make_unique<Process>(before);
  const std::string line = process_->line(0);
  const Result<Json> told = parse_json(line);
  if (told) url_ = string_or(*told, "url");
  if (url_.empty()) ADD_FAILURE() << "the server did not start: " << line << process_->err();
}

Json Server::ended(const std::string& run_id) const {
  Json run;
  const auto over = [&] {
    run = get("/api/runs/" + run_id).json;
    const std::string_view status = string_or(run, "status");
    return status == "success" || status == "error" || status == "cancelled" ||
           string_or(run, "reason") == "outcome_unknown";
  };
  EXPECT_TRUE(eventually(over)) << "run " << run_id << " does not end: " << to_json(run);
  return run;
}

bool Server::healthy() const { return get("/api/health").text("status") == "healthy"; }

std::size_t Server::rss_mib() const {
  const std::string status = read_file(fmt::format("/proc/{}/status", process_->pid()));
  const std::size_t at = status.find("VmRSS:");
  if (at == std::string::npos) return 0;
  return std::stoul(status.substr(at + 6)) / 1024;
}

Finished Server::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

void Server::kill() {
  process_->signal(SIGKILL);
  static_cast<void>(process_->wait());
}

const Json& at(const Json& value, std::string_view path) {
  static const Json kNothing;
  const Json* here = &value;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view key = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (here->is_array()) {
      const std::size_t index = std::stoul(std::string(key));
      if (index >= here->get_array().size()) return kNothing;
      here = &here->get_array()[index];
    } else {
      here = find(*here, key);
      if (here == nullptr) return kNothing;
    }
  }
  return *here;
}

const JsonArray& list_at(const Json& value, std::string_view path) {
  static const JsonArray kEmpty;
  const Json& found = at(value, path);
  return found.is_array() ? found.get_array() : kEmpty;
}

std::string text_at(const Json& value, std::string_view path) {
  const Json& found = at(value, path);
  return found.is_string() ? std::string(as_view(found.get_string())) : std::string();
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> out;
  if (!object.is_object()) return out;
  for (const auto& member : object.get_object()) out.emplace_back(member.key());
  return out;
}

Json parsed(std::string_view text) {
  Result<Json> value = parse_json(text);
  EXPECT_TRUE(value) << "this is no JSON: " << text;
  return value ? std::move(*value) : Json(nullptr);
}

}  // namespace pilot::e2e
