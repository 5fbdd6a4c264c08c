// The audit log, newest first: one's own rows; the operator sees all of them.
#include "api/body.h"
#include "api/problem.h"
#include "api/services.h"

namespace pilot::api {
namespace {

JsonObject entry_json(const store::AuditEntry& entry) {
  return JsonObject{{"id", text(entry.id)},
                    {"at", to_rfc3339(entry.at)},
                    {"user_id", text_or_null(entry.user.text)},
                    {"caller", text(entry.caller)},
                    {"caller_id", text_or_null(entry.caller_id)},
                    {"method", text(entry.method)},
                    {"route", text_or_null(entry.route)},
                    {"status", entry.status},
                    {"code", text_or_null(entry.code)},
                    {"address", text_or_null(entry.address)},
                    {"request_id", text_or_null(entry.request_id)},
                    {"acting_for", text_or_null(entry.acting_for)}};
}

awaitable<Response> list(ApiPtr api, Request& request) {
  const Result<store::PageRequest> page = read_page(request);
  if (!page) co_return bad_query(page.error());
  // The operator asks for everything, unless they act for one user.
  const bool all = request.caller.is_operator() && request.principal == request.caller.user;
  Result<store::Page<store::AuditEntry>> found =
      all ? co_await api->services.store.list_all_audit(*page)
          : co_await api->services.store.list_audit(request.principal, *page);
  if (!found) co_return problem(found.error());
  JsonArray entries;
  for (const store::AuditEntry& entry : found->items) entries.push_back(entry_json(entry));
  co_return json_response(JsonObject{{"entries", std::move(entries)},
                                     {"next_cursor", text_or_null(found->next_cursor)}});
}

}  // namespace

void register_audit(Router& router, const ApiPtr& api) {
  router.add({Method::get, "/api/audit", Scope::admin, "list_audit",
              "Refused and privileged calls, newest first"},
             [api](Request& request) { return list(api, request); });
}

}  // namespace pilot::api
