#include "api/router.h"

#include <gtest/gtest.h>

#include "api/test_api.h"

namespace pilot::api {
namespace {

awaitable<Response> echo(std::string name, Request& request) {
  std::string out = std::move(name);
  for (const auto& [key, value] : request.params) out += fmt::format(" {}={}", key, value);
  co_return text_response(out);
}

Handler named(std::string name) {
  return [name](Request& request) { return echo(name, request); };
}

Router make_router() {
  Router router;
  router.add(Method::get, "/", named("root"));
  router.add(Method::get, "/api/plans", named("list"));
  router.add(Method::post, "/api/plans", named("create"));
  router.add(Method::post, "/api/plans/validate", named("validate"));
  router.add(Method::get, "/api/plans/{id}", named("show"));
  router.add(Method::del, "/api/plans/{id}", named("remove"));
  router.add(Method::get, "/api/plans/{id}/versions", named("versions"));
  router.add(Method::get, "/p/{name}/a/{action}", named("action"));
  return router;
}

Response ask(const Router& router, Method method, std::string_view target) {
  Request request;
  request.method = method;
  EXPECT_TRUE(parse_target(target, request));
  return run_sync(router.handle(request));
}

TEST(Router, FindsHandlersAndParams) {
  const Router router = make_router();
  EXPECT_EQ(ask(router, Method::get, "/").body, "root");
  EXPECT_EQ(ask(router, Method::get, "/api/plans").body, "list");
  EXPECT_EQ(ask(router, Method::post, "/api/plans").body, "create");
  EXPECT_EQ(ask(router, Method::get, "/api/plans/7").body, "show id=7");
  EXPECT_EQ(ask(router, Method::post, "/api/plans/validate").body, "validate");
  EXPECT_EQ(ask(router, Method::get, "/p/x/a/y").body, "action name=x action=y");
}

TEST(Router, LiteralsWinButDoNotHideParts) {
  const Router router = make_router();
  EXPECT_EQ(ask(router, Method::get, "/api/plans/validate/versions").body, "versions id=validate");
  // The path is there for POST only, so GET is told so.
  const Response get = ask(router, Method::get, "/api/plans/validate");
  EXPECT_EQ(get.status, 405);
}

TEST(Router, SaysNotFoundAndWhatIsAllowed) {
  const Router router = make_router();
  for (const std::string_view target :
       {"/api", "/api/plans/", "/api//plans", "/API/plans", "/api/plans/1/versions/2", "/x"}) {
    EXPECT_EQ(ask(router, Method::get, target).status, 404) << target;
  }
  const Response put = ask(router, Method::put, "/api/plans");
  EXPECT_EQ(put.status, 405);
  EXPECT_EQ(header_of(put, "Allow"), "GET, HEAD, POST");
  EXPECT_EQ(parse_json(put.body)->at("code"), "method_not_allowed");
}

TEST(Router, HeadIsAnsweredByGet) {
  EXPECT_EQ(ask(make_router(), Method::head, "/api/plans").status, 200);
}

awaitable<std::optional<Response>> refuse(std::vector<std::string>* asked, const Route* route) {
  asked->push_back(route != nullptr ? route->pattern : "none");
  co_return text_response("no", 403);
}

TEST(Router, TheGuardKnowsTheRouteAndAnswersForUnknownPathsToo) {
  Router router = make_router();
  std::vector<std::string> asked;
  router.set_guard([&](Request&, const Route* route) { return refuse(&asked, route); });
  EXPECT_EQ(ask(router, Method::get, "/nowhere").status, 403);
  EXPECT_EQ(ask(router, Method::put, "/api/plans").status, 403);
  EXPECT_EQ(ask(router, Method::get, "/api/plans/7").body, "no");
  EXPECT_EQ(asked, (std::vector<std::string>{"none", "none", "/api/plans/{id}"}));
}

TEST(Router, ListsItsRoutes) {
  Router router;
  router.add({Method::get, "/a", Scope::read, "show_a", "Shows a"}, named("a"));
  router.add(Method::post, "/b", named("b"));
  ASSERT_EQ(router.routes().size(), 2u);
  EXPECT_EQ(router.routes()[0].id, "show_a");
  EXPECT_EQ(router.routes()[0].scope, Scope::read);
  EXPECT_EQ(router.routes()[1].pattern, "/b");
  EXPECT_FALSE(router.routes()[1].scope);
  EXPECT_EQ(ask(router, Method::get, "/a").body, "a");
}

TEST(Router, TheSameRouteTwiceIsABug) {
  Router router = make_router();
  EXPECT_THROW(router.add(Method::get, "/api/plans", named("x")), std::logic_error);
  EXPECT_THROW(router.add(Method::put, "/api/plans/{other}", named("x")), std::logic_error);
  router.add({Method::get, "/y", Scope::read, "y", ""}, named("y"));
  EXPECT_THROW(router.add({Method::get, "/z", Scope::read, "y", ""}, named("z")), std::logic_error);
}

}  // namespace
}  // namespace pilot::api
