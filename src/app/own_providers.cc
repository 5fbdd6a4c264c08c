#include "app/own_providers.h"

#include <algorithm>

#include "http/url.h"

namespace pilot::app {

bool has_database(const GlobalOptions& global) {
  std::error_code ignored;
  return !global.database_url.empty() || !global.database_url_file.empty() ||
         std::filesystem::exists(global.data_dir / "pilot.db", ignored);
}

bool may_name_own(const GlobalOptions& global, const Problems& problems) {
  return has_database(global) && std::ranges::any_of(problems, [](const Problem& problem) {
           return problem.code == "unknown_provider";
         });
}

Result<Json> provider_page_of_server(Session& session, const std::string& name) {
  return session.client().expect("GET", "/api/providers/" + http::encode_segment(name));
}

Result<Problems> problems_of_server(const GlobalOptions& global, const Json& document) {
  constexpr std::string_view kMember = "/plan_json";
  Result<Session> session = Session::open(global);
  if (!session) return session.error();
  const Result<Json> answer =
      session->client().expect("POST", "/api/plans/validate", JsonObject{{"plan_json", document}});
  if (!answer) return answer.error();
  Problems out;
  const Json* problems = find(*answer, "problems");
  if (problems == nullptr || !problems->is_array()) return out;
  for (const Json& one : problems->get_array()) {
    std::string_view pointer = string_or(one, "pointer");
    if (pointer.starts_with(kMember)) pointer.remove_prefix(kMember.size());
    out.push_back({std::string(pointer), std::string(string_or(one, "code")),
                   std::string(string_or(one, "message"))});
  }
  return out;
}

}  // namespace pilot::app
