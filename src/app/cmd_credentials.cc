// pilot credentials set|list|test|rm. A value is typed without echo or comes on stdin; never as an
// argument, which every process on the machine could read.
#include <fmt/format.h>

#include "app/commands.h"
#include "app/output.h"
#include "app/own_providers.h"
#include "app/prompt.h"
#include "app/registry.h"
#include "base/log.h"
#include "http/url.h"

namespace pilot::app {

namespace {

// Before anybody types a secret for it.
Status check_provider(const GlobalOptions& global, const std::string& name) {
  if (make_registry(global.catalog)->has(name)) return ok();
  if (has_database(global)) {
    Result<Session> session = Session::open(global);
    if (!session) return session.error();
    const Result<Json> page = provider_page_of_server(*session, name);
    return page ? ok() : Status(page.error());
  }
  return invalid("unknown_provider",
                 fmt::format("there is no provider \"{}\"; see `pilot providers list`", name));
}

}  // namespace

int credentials_set(const GlobalOptions& global, const CredentialOptions& options) {
  if (Status known = check_provider(global, options.provider); !known) {
    return refuse(known.error());
  }
  const Result<Secret> value = read_secret(fmt::format("{} of {}", options.type, options.provider),
                                           limits::kCredentialValue);
  if (!value) return refuse(value.error());
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  const Result<Json> answer = session->client().expect(
      "POST", "/api/provider-credentials/" + http::encode_segment(options.provider),
      JsonObject{
          {"type", options.type}, {"value", value->reveal()}, {"connection", options.connection}});
  if (!answer) return refuse(answer.error());
  if (global.json) {
    print_json(*answer);
  } else {
    print_line(fmt::format("{} of {} is set (connection {})", printable(options.type),
                           printable(options.provider), printable(options.connection)));
  }
  return kExitOk;
}

int credentials_list(const GlobalOptions& global) {
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  const Result<Json> answer = session->client().expect("GET", "/api/provider-credentials");
  if (!answer) return refuse(answer.error());
  const Json* all = find(*answer, "credentials");
  if (global.json || all == nullptr || !all->is_array()) {
    print_json(all != nullptr ? *all : *answer);
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows{{"PROVIDER", "CONNECTION", "TYPE", "UPDATED"}};
  for (const Json& one : all->get_array()) {
    rows.push_back({printable(string_or(one, "provider")), printable(string_or(one, "connection")),
                    printable(string_or(one, "type")), printable(string_or(one, "updated_at"))});
  }
  if (rows.size() == 1) {
    print_line("no credentials; set one with: pilot credentials set PROVIDER TYPE");
  } else {
    fmt::print("{}", table(rows));
  }
  return kExitOk;
}

int credentials_test(const GlobalOptions& global, const CredentialOptions& options) {
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  const Result<Json> answer = session->client().expect(
      "POST",
      fmt::format("/api/provider-credentials/{}/test", http::encode_segment(options.provider)),
      JsonObject{{"connection", options.connection}});
  if (!answer) return refuse(answer.error());
  const Json* good = find(*answer, "ok");
  const bool works = good != nullptr && good->is_bool() && good->get_bool();
  if (global.json) {
    print_json(*answer);
  } else {
    print_line(fmt::format("{} (connection {}): {}", printable(string_or(*answer, "provider")),
                           printable(options.connection),
                           printable(string_or(*answer, "message"))));
  }
  return works ? kExitOk : kExitFailed;
}

int credentials_remove(const GlobalOptions& global, const CredentialOptions& options) {
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  const Result<Json> answer = session->client().expect(
      "DELETE",
      fmt::format("/api/provider-credentials/{}/{}?connection={}",
                  http::encode_segment(options.provider), http::encode_segment(options.type),
                  http::encode_component(options.connection)));
  if (!answer) return refuse(answer.error());
  if (!global.json) print_line("removed");
  return kExitOk;
}

}  // namespace pilot::app
