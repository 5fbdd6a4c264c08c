// The commands behind the command line: options in, exit code out. main.cc parses, one file a
// command. Main thread.
#pragma once

#include "app/session.h"

namespace pilot::app {

struct ServeOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string public_url;
  unsigned shards = 0;
  std::int64_t max_queued = static_cast<std::int64_t>(limits::kQueuedRuns);
  bool allow_private_network = false;
  std::vector<std::string> roles = {"api", "worker", "scheduler"};
  std::optional<std::chrono::days> retention;
  std::vector<std::string> allow_hosts;  // rules of http/host_rules.h
  std::vector<std::string> deny_hosts;
  bool access_log = false;
  std::string tls_certificate;
  std::string tls_key;
  std::string oauth_clients;                // a file
  api::RateLimit limit{1'000, 2'000, 500};  // of each key and of each tenant
};
int serve(const GlobalOptions& global, const ServeOptions& options);

struct RunOptions {
  std::string file;
  std::string inputs;
  std::vector<std::string> input;
  bool detach = false;
};
int run(const GlobalOptions& global, const RunOptions& options);

struct ListOptions {
  std::string plan;
  std::string run;
  std::string status;
  std::int64_t limit = 20;
  bool follow = false;
};
int plans_list(const GlobalOptions& global, const ListOptions& options);
int plans_show(const GlobalOptions& global, const std::string& id);
int plans_save(const GlobalOptions& global, const std::string& file, const std::string& id);
int plans_remove(const GlobalOptions& global, const std::string& id);
int plans_validate(const GlobalOptions& global, const std::string& file);
int plans_run(const GlobalOptions& global, const std::string& id, const RunOptions& options);

int runs_list(const GlobalOptions& global, const ListOptions& options);
int runs_show(const GlobalOptions& global, const std::string& id);
int runs_watch(const GlobalOptions& global, const std::string& id);
int runs_cancel(const GlobalOptions& global, const std::string& id);
int logs(const GlobalOptions& global, const ListOptions& options);

struct ScheduleOptions {
  std::string plan;
  std::string expression;
  std::string timezone;
  std::string dialect;
  std::string dst;
  std::string grace;
  std::string jitter;
  std::string start;
  std::string end;
  bool every = false;
  std::int64_t max_instances = 0;  // 0: not given
  RunOptions run;                  // its inputs
};
int schedule_list(const GlobalOptions& global, const ListOptions& options);
int schedule_set(const GlobalOptions& global, const ScheduleOptions& options);
int schedule_show(const GlobalOptions& global, const std::string& plan);
int schedule_remove(const GlobalOptions& global, const std::string& plan);
int schedule_fires(const GlobalOptions& global, const ListOptions& options);

struct CronOptions {
  std::string expression;
  std::string timezone = "UTC";
  std::string from;  // RFC 3339; empty: now
  std::string dialect = "crontab";
  std::string dst = "vixie";
  int count = 5;
};
int cron_next(const GlobalOptions& global, const CronOptions& options);
int cron_explain(const GlobalOptions& global, const CronOptions& options);

struct JqOptions {
  std::string program;
  std::string file = "-";
  std::vector<std::string> vars;  // name=value
  bool null_input = false;
  bool compact = false;
  bool raw = false;
};
int jq(const GlobalOptions& global, const JqOptions& options);

struct CredentialOptions {
  std::string provider;
  std::string type;
  std::string connection = "default";
};
int credentials_set(const GlobalOptions& global, const CredentialOptions& options);
int credentials_list(const GlobalOptions& global);
int credentials_test(const GlobalOptions& global, const CredentialOptions& options);
int credentials_remove(const GlobalOptions& global, const CredentialOptions& options);

struct KeyringOptions {
  std::string id;
  bool go_on = false;  // no new key: only what the first key has not sealed yet
};
int nodes(const GlobalOptions& global);

int keyring_list(const GlobalOptions& global);
int keyring_rotate(const GlobalOptions& global, const KeyringOptions& options);
int keyring_drop(const GlobalOptions& global, const KeyringOptions& options);

struct MigrateOptions {
  bool from_old = false;  // take over a database of the old service
  bool drop_old = false;  // remove what a take-over has kept of it
};
int migrate(const GlobalOptions& global, const MigrateOptions& options);
int doctor(const GlobalOptions& global);
int demo_server(const GlobalOptions& global, std::uint16_t port);

// Shared by run, plans run and runs watch: shows the run until it ends. `plan` may be null.
int watch_run(const GlobalOptions& global, Session& session, const std::string& run_id,
              std::shared_ptr<const plan::CompiledPlan> plan);

}  // namespace pilot::app
