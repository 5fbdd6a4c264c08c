#include "api/page.h"

#include "base/markup.h"

namespace pilot::api {
Response page(int status, std::string_view heading, std::string_view text) {
  Response response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"}};
  response.body = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0} - Pilot</title>"
      "</head><body><h1>{0}</h1><p>{1}</p></body></html>\n",
      escape_markup(heading), escape_markup(text));
  return response;
}

}  // namespace pilot::api
