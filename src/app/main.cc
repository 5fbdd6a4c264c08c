// The command line: what the options are called and which command they go to. Exit codes: 0
// success, 1 a run or check that failed, 2 refused (wrong use or input; the reason is on stderr).
#include <fmt/format.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>

#include "app/commands.h"
#include "app/identity_commands.h"
#include "app/output.h"
#include "app/provider_commands.h"
#include "base/nearest.h"

namespace {

using namespace pilot::app;

// Everything that is parsed; the commands see their part.
struct Options {
  GlobalOptions global;
  ServeOptions serve;
  RunOptions run;
  ListOptions list;
  ProviderCommandOptions providers;
  CredentialOptions credential;
  KeyringOptions keyring;
  ScheduleOptions schedule;
  CronOptions cron;
  JqOptions jq;
  MigrateOptions migrate;
  IdentityCommandOptions identity;
  std::string id;
  std::string file;
  std::string log_level = "info";
  std::string log_format = "text";
  std::uint16_t demo_port = 0;
};

// A leaf command: parsed, then `work` gives the exit code.
CLI::App* leaf(CLI::App& parent, const std::string& name, const std::string& help, int& exit_code,
               std::function<int()> work) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->callback([&exit_code, work = std::move(work)] { exit_code = work(); });
  return command;
}

void add_run_options(CLI::App& command, RunOptions& run) {
  command.add_option("--inputs", run.inputs, "the plan's inputs as a JSON object");
  command.add_option("--input", run.input, "one input as name=value; may be repeated")
      ->allow_extra_args(false);
}

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

void add_serve_and_run(CLI::App& app, Options& o, int& exit_code) {
  auto* serve_command =
      leaf(app, "serve", "Start the server", exit_code, [&o] { return serve(o.global, o.serve); });
  serve_command
      ->add_option("--address", o.serve.address,
                   "address to listen on; others than loopback need an API key")
      ->capture_default_str();
  serve_command->add_option("--port", o.serve.port, "port; 0 lets the system choose")
      ->capture_default_str();
  serve_command->add_option("--public-url", o.serve.public_url,
                            "how browsers reach it, when a proxy is in front");
  serve_command->add_option("--shards", o.serve.shards, "threads that serve; 0: one per core")
      ->check(CLI::Range(0, 256));
  serve_command
      ->add_option("--max-queued", o.serve.max_queued,
                   "runs under way at once; past it the answer is 503")
      ->check(CLI::Range(1, 1'000'000));
  serve_command
      ->add_option("--roles", o.serve.roles,
                   "what this node does on a shared database: api, worker, scheduler")
      ->delimiter(',')
      ->check(CLI::IsMember({"api", "worker", "scheduler"}));
  serve_command
      ->add_option_function<std::string>(
          "--retention",
          [&o](const std::string& days) { o.serve.retention = std::chrono::days{std::stoi(days)}; },
          "forget finished runs after that time, like 90d; they are kept if not given")
      ->check([](const std::string& days) {
        const bool fine = days.size() >= 2 && days.size() <= 6 && days.back() == 'd' &&
                          days.find_first_not_of("0123456789") == days.size() - 1;
        return fine && days.front() != '0' ? "" : "give it in days, like 90d";
      });
  add_outbound(*serve_command, o.serve);
  add_surface(*serve_command, o.serve);
  auto* run_command = leaf(app, "run", "Run a plan from a file and show its steps", exit_code,
                           [&o] { return run(o.global, o.run); });
  run_command->add_option("plan", o.run.file, "JSON or YAML file; - for stdin")->required();
  run_command->add_flag("--detach", o.run.detach, "print the run's id and leave it to the server");
  add_run_options(*run_command, o.run);
  auto* demo = leaf(app, "demo-server", "Serve the quickstart's demo shop on loopback", exit_code,
                    [&o] { return demo_server(o.global, o.demo_port); });
  demo->add_option("--port", o.demo_port, "port; 0 lets the system choose");
}

void add_plans(CLI::App& app, Options& o, int& exit_code) {
  CLI::App* plans = app.add_subcommand("plans", "Saved plans")->require_subcommand(1);
  auto* list =
      leaf(*plans, "list", "List them", exit_code, [&o] { return plans_list(o.global, o.list); });
  list->add_option("--limit", o.list.limit)->check(CLI::Range(1, 500));
  list->add_option("--status", o.list.status, "draft, active or archived");
  leaf(*plans, "show", "Show one", exit_code, [&o] { return plans_show(o.global, o.id); })
      ->add_option("id", o.id)
      ->required();
  auto* save = leaf(*plans, "save", "Save a file as a new plan, or as a new version of one",
                    exit_code, [&o] { return plans_save(o.global, o.file, o.id); });
  save->add_option("file", o.file)->required();
  save->add_option("--id", o.id, "the plan to replace");
  leaf(*plans, "rm", "Remove one", exit_code, [&o] { return plans_remove(o.global, o.id); })
      ->add_option("id", o.id)
      ->required();
  leaf(*plans, "validate", "Check a file; changes nothing", exit_code,
       [&o] { return plans_validate(o.global, o.file); })
      ->add_option("file", o.file)
      ->required();
  auto* run_saved = leaf(*plans, "run", "Run a saved plan", exit_code,
                         [&o] { return plans_run(o.global, o.id, o.run); });
  run_saved->add_option("id", o.id)->required();
  add_run_options(*run_saved, o.run);
}

void add_runs(CLI::App& app, Options& o, int& exit_code) {
  CLI::App* runs = app.add_subcommand("runs", "Runs")->require_subcommand(1);
  auto* list = leaf(*runs, "list", "List them, newest first", exit_code,
                    [&o] { return runs_list(o.global, o.list); });
  list->add_option("--plan", o.list.plan, "of this plan only");
  list->add_option("--status", o.list.status, "in this status only");
  list->add_option("--limit", o.list.limit)->check(CLI::Range(1, 500));
  const auto one = [&](const std::string& name, const std::string& help, auto command) {
    leaf(*runs, name, help, exit_code, [&o, command] { return command(o.global, o.id); })
        ->add_option("id", o.id)
        ->required();
  };
  one("show", "Show one with its steps and attempts", runs_show);
  one("watch", "Follow one until it ends", runs_watch);
  one("cancel", "Cancel one", runs_cancel);
  auto* log =
      leaf(app, "logs", "The execution log", exit_code, [&o] { return logs(o.global, o.list); });
  log->add_flag("-f,--follow", o.list.follow, "go on with what comes");
  log->add_option("--plan", o.list.plan, "of this plan only");
  log->add_option("--run", o.list.run, "of this run only");
  log->add_option("--limit", o.list.limit)->check(CLI::Range(1, 500));
}

void add_schedule_set(CLI::App& schedule, Options& o, int& exit_code) {
  ScheduleOptions& s = o.schedule;
  auto* set = leaf(schedule, "set", "Let a plan run by itself; replaces what it had", exit_code,
                   [&o] { return schedule_set(o.global, o.schedule); });
  set->add_option("plan", s.plan)->required();
  set->add_option("expression", s.expression, "cron expression, like \"0 7 * * 1-5\"")->required();
  set->add_option("--timezone", s.timezone, "like Europe/Berlin; UTC if not given");
  set->add_option("--misfire-grace", s.grace, "seconds, or unlimited: later it is missed; 60");
  set->add_flag("--every", s.every, "make up for each that was missed, not for the last only");
  set->add_option("--max-instances", s.max_instances, "runs of it at one time; 1");
  set->add_option("--start", s.start, "not before this moment (RFC 3339)");
  set->add_option("--end", s.end, "not after this moment (RFC 3339)");
  set->add_option("--jitter", s.jitter, "up to that many seconds later, at random");
  set->add_option("--dialect", s.dialect, "crontab, or apscheduler");
  set->add_option("--dst", s.dst, "vixie, or literal: what a change of the clocks does");
  add_run_options(*set, s.run);
}

void add_schedule(CLI::App& app, Options& o, int& exit_code) {
  CLI::App* schedule = app.add_subcommand("schedule", "Plans that run by themselves");
  schedule->require_subcommand(1);
  leaf(*schedule, "list", "List them", exit_code, [&o] { return schedule_list(o.global, o.list); })
      ->add_option("--limit", o.list.limit)
      ->check(CLI::Range(1, 500));
  add_schedule_set(*schedule, o, exit_code);
  const auto one = [&](const std::string& name, const std::string& help, auto command) {
    leaf(*schedule, name, help, exit_code, [&o, command] { return command(o.global, o.id); })
        ->add_option("plan", o.id)
        ->required();
  };
  one("show", "Show a plan's schedule and what comes next", schedule_show);
  one("rm", "Take a plan's schedule away", schedule_remove);
  auto* fires = leaf(*schedule, "fires", "What was due, newest first: fired or missed", exit_code,
                     [&o] { return schedule_fires(o.global, o.list); });
  fires->add_option("plan", o.list.plan, "of this plan only");
  fires->add_option("--limit", o.list.limit)->check(CLI::Range(1, 500));
}

void add_cron(CLI::App& app, Options& o, int& exit_code) {
  CLI::App* cron = app.add_subcommand("cron", "What a cron expression means");
  cron->require_subcommand(1);
  const auto one = [&](const std::string& name, const std::string& help, auto command) {
    auto* made =
        leaf(*cron, name, help, exit_code, [&o, command] { return command(o.global, o.cron); });
    made->add_option("expression", o.cron.expression, "like \"0 7 * * 1-5\"")->required();
    made->add_option("--dialect", o.cron.dialect, "crontab or apscheduler")->capture_default_str();
    return made;
  };
  one("explain", "Say it in words", cron_explain);
  auto* next = one("next", "Print when it is due next, in UTC", cron_next);
  next->add_option("--tz,--timezone", o.cron.timezone, "like Europe/Berlin")->capture_default_str();
  next->add_option("--from", o.cron.from, "after this moment (RFC 3339); now if not given");
  next->add_option("--count", o.cron.count, "how many")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  next->add_option("--dst", o.cron.dst, "vixie or literal: what a change of the clocks does")
      ->capture_default_str();
}

void add_jq(CLI::App& app, Options& o, int& exit_code) {
  auto* command = leaf(app, "jq", "Try a jq program as plans use them", exit_code,
                       [&o] { return jq(o.global, o.jq); });
  command->add_option("program", o.jq.program, "like '.items | map(.price) | add'")->required();
  command->add_option("file", o.jq.file, "JSON file; - for stdin")->capture_default_str();
  command
      ->add_option("--var", o.jq.vars,
                   "$name for the program, as name=value (JSON or text); may be repeated")
      ->allow_extra_args(false);
  command->add_flag("-n,--null-input", o.jq.null_input, "no input: null");
  command->add_flag("-c,--compact", o.jq.compact, "each output on one line");
  command->add_flag("-r,--raw", o.jq.raw, "texts without quotes");
}

void add_credentials(CLI::App& app, Options& o, int& exit_code) {
  CLI::App* credentials = app.add_subcommand("credentials", "Encrypted credentials");
  credentials->require_subcommand(1);
  const auto named = [&](const std::string& name, const std::string& help, auto command) {
    auto* leaf_command = leaf(*credentials, name, help, exit_code,
                              [&o, command] { return command(o.global, o.credential); });
    leaf_command->add_option("provider", o.credential.provider)->required();
    leaf_command->add_option("type", o.credential.type, "api_key, username, ...")->required();
    leaf_command->add_option("--connection", o.credential.connection)->capture_default_str();
  };
  named("set", "Set one; the value is typed without echo, or comes on stdin", credentials_set);
  leaf(*credentials, "list", "List them by type; values are never shown", exit_code,
       [&o] { return credentials_list(o.global); });
  named("rm", "Remove one", credentials_remove);
  auto* test = leaf(*credentials, "test", "Call the provider to see whether a connection works",
                    exit_code, [&o] { return credentials_test(o.global, o.credential); });
  test->add_option("provider", o.credential.provider)->required();
  test->add_option("--connection", o.credential.connection)->capture_default_str();
}

void add_keyring(CLI::App& app, Options& o, int& exit_code) {
  CLI::App* keyring = app.add_subcommand("keyring", "The keys that seal credentials");
  keyring->require_subcommand(1);
  leaf(*keyring, "list", "List them by id, and how many credentials need each", exit_code,
       [&o] { return keyring_list(o.global); });
  leaf(*keyring, "rotate", "Put a new key in front and seal all credentials with it", exit_code,
       [&o] { return keyring_rotate(o.global, o.keyring); })
      ->add_flag("--continue", o.keyring.go_on,
                 "no new key: only what the first key has not sealed yet");
  leaf(*keyring, "drop", "Take a key out; refused while a credential needs it", exit_code,
       [&o] { return keyring_drop(o.global, o.keyring); })
      ->add_option("id", o.keyring.id, "as `pilot keyring list` shows it")
      ->required();
}

void add_migrate(CLI::App& app, Options& o, int& exit_code) {
  auto* command = leaf(app, "migrate", "Bring the database's schema up to date", exit_code,
                       [&o] { return migrate(o.global, o.migrate); });
  command->add_flag("--from-old", o.migrate.from_old, "take over a database of the old service");
  command->add_flag("--drop-old", o.migrate.drop_old, "remove what a take-over has kept of it")
      ->excludes("--from-old");
}

// The command's name: the first argument that is no option and no option's value.
std::string first_word(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with('-')) return std::string(word);
    if (word == "--data-dir" || word == "--user" || word == "--log-level" ||
        word == "--log-format" || word == "--catalog" || word == "--key-file" ||
        word == "--database-url-file")
      ++i;
  }
  return "";
}

int run_command_line(int argc, char** argv) {
  Options o;
  int exit_code = kExitOk;
  auto keys = pilot::vault::take_key_source();
  if (!keys) return refuse(keys.error());
  o.global.keys = std::move(*keys);
  CLI::App app{"Pilot runs plans: steps that call other services, durably.", "pilot"};
  app.set_version_flag("--version", fmt::format("pilot {}", version()));
  app.require_subcommand(1);
  app.fallthrough();
  o.global.data_dir = DataDir::default_path();
  app.add_option("--data-dir", o.global.data_dir, "where everything is kept")
      ->envname("PILOT_DATA_DIR");
  app.add_option("--database-url-file", o.global.database_url_file,
                 "file with the URL of a PostgreSQL; or set PILOT_DATABASE_URL");
  app.add_option("--key-file", o.global.keys.file,
                 "the keys that seal credentials; pilot.key in the data directory if not given");
  app.add_option("--catalog", o.global.catalog, "a directory of more provider manifests")
      ->envname("PILOT_CATALOG");
  app.add_flag("--json", o.global.json, "output for scripts");
  app.add_option("--user", o.global.user,
                 "the user whom the command is for; \"local\" if not given");
  app.add_option("--log-level", o.log_level)
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
      ->each([&o](const std::string& level) {
        const std::map<std::string, pilot::LogLevel> levels{{"debug", pilot::LogLevel::debug},
                                                            {"info", pilot::LogLevel::info},
                                                            {"warn", pilot::LogLevel::warn},
                                                            {"error", pilot::LogLevel::error},
                                                            {"off", pilot::LogLevel::off}};
        if (const auto it = levels.find(level); it != levels.end()) o.global.log_level = it->second;
      });
  app.add_option("--log-format", o.log_format, "text, or json: one object a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->each([&o](const std::string& format) {
        o.global.log_format = format == "json" ? pilot::LogFormat::json : pilot::LogFormat::text;
      });
  add_serve_and_run(app, o, exit_code);
  add_plans(app, o, exit_code);
  add_runs(app, o, exit_code);
  add_schedule(app, o, exit_code);
  add_cron(app, o, exit_code);
  add_jq(app, o, exit_code);
  add_provider_commands(app, o.global, o.providers, exit_code);
  add_credentials(app, o, exit_code);
  add_identity_commands(app, o.global, o.identity, exit_code);
  add_keyring(app, o, exit_code);
  add_migrate(app, o, exit_code);
  leaf(app, "nodes", "The processes that serve this database", exit_code,
       [&o] { return nodes(o.global); });
  leaf(app, "doctor", "Check the installation", exit_code, [&o] { return doctor(o.global); });
  if (const std::string word = first_word(argc, argv); !word.empty()) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
    if (std::find(names.begin(), names.end(), word) == names.end()) {
      return refuse(pilot::invalid(
          "unknown_command", fmt::format("there is no command \"{}\"{}; see pilot --help", word,
                                         pilot::did_you_mean(word, names))));
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitRefused;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of that write, not the end of us
  umask(077);  // all that Pilot writes is its user's alone, whatever the shell says
  try {
    return run_command_line(argc, argv);
  } catch (const std::exception& bug) {
    fmt::print(stderr, "pilot: internal error: {}\n", bug.what());
    return kExitFailed;
  }
}
