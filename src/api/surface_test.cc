// What every answer has, whatever it is: an id, headers for browsers, no word for other sites; and
// what the server's log says of it.
#include <gmock/gmock.h>

#include "api/problem.h"
#include "api/test_client.h"
#include "base/id.h"

namespace pilot::api {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

awaitable<Response> fine(Request&) { co_return json_response(JsonObject{{"ok", true}}); }
awaitable<Response> broken(Request&) {
  throw std::runtime_error("it\nbroke");
  co_return Response{};
}

class Surface : public ServerTest {
 protected:
  Surface() {
    router_.add(Method::get, "/fine/{id}", fine);
    router_.add(Method::get, "/broken", broken);
  }
  std::string ask(std::string_view line, std::string_view headers = "") {
    return exchange(
        fmt::format("{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n", line, headers));
  }
};

std::string header(const std::string& answer, const std::string& name) {
  const std::size_t at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

TEST_F(Surface, EveryAnswerHasAnId) {
  serve();
  EXPECT_EQ(header(ask("GET /fine/1", "X-Request-Id: job-7\r\n"), "X-Request-Id"), "job-7");
  EXPECT_TRUE(is_uuid(header(ask("GET /fine/1"), "X-Request-Id")));
  EXPECT_TRUE(is_uuid(header(ask("GET /fine/1", "X-Request-Id: a b\r\n"), "X-Request-Id")));
  // Not found, a bug, not HTTP: in the header, and in the problem.
  for (const std::string& answer :
       {ask("GET /none"), ask("GET /broken"), ask("NONSENSE"), exchange("\x16\x03\x01\r\n\r\n"),
        exchange("GET / HTTP/1.1\n\n")}) {
    const std::string id = header(answer, "X-Request-Id");
    EXPECT_TRUE(is_uuid(id)) << answer;
    const auto problem = parse_json(answer.substr(answer.find("\r\n\r\n") + 4));
    ASSERT_TRUE(problem) << answer;
    EXPECT_EQ(string_or(*problem, "request_id"), id);
  }
}

TEST_F(Surface, BrowsersAreToldLittle) {
  serve();
  for (const std::string_view line :
       {"GET /fine/1", "GET /none", "GET /broken", "OPTIONS /fine/1"}) {
    const std::string answer = ask(line, "Origin: https://evil.test\r\n");
    EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff") << line;
    EXPECT_EQ(header(answer, "Cache-Control"), "no-store") << line;
    EXPECT_THAT(answer, Not(HasSubstr("Access-Control"))) << line;
  }
}

// B3: there is no CORS; a preflight is a request like any other that nothing answers.
TEST_F(Surface, PreflightsAreRefused) {
  serve();
  const std::string preflight =
      "Origin: https://evil.test\r\nAccess-Control-Request-Method: POST\r\n"
      "Access-Control-Request-Headers: authorization\r\n";
  EXPECT_EQ(status_of(ask("OPTIONS /fine/1", preflight)), 405);
  EXPECT_EQ(status_of(ask("OPTIONS /none", preflight)), 404);
  EXPECT_EQ(status_of(ask("OPTIONS *", preflight)), 400);
}

// The log has a log of its own: the fixture's is silent.
class AccessLog : public Surface {
 protected:
  // The lines for that request.
  std::string log_of(std::string_view line, std::string_view headers, LogLevel access) {
    testing::internal::CaptureStderr();
    {
      Log log(LogLevel::info, LogFormat::json);
      boost::asio::io_context context;
      auto server =
          Server::listen("127.0.0.1", 0, {&context}, router_, {.access_log = access}, log);
      EXPECT_TRUE(server);
      const auto guard = boost::asio::make_work_guard(context);
      std::thread thread([&context] { context.run(); });
      RawClient client((*server)->port());
      client.send(
          fmt::format("{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n", line, headers));
      client.read_all();
      std::promise<void> done;
      boost::asio::co_spawn(context, (*server)->stop(Millis{200}),
                            [&](std::exception_ptr) { done.set_value(); });
      done.get_future().wait();
      context.stop();
      thread.join();
    }
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(AccessLog, SaysWhatWasAskedByItsRoute) {
  const std::string out =
      log_of("GET /fine/path-secret?token=query-secret",
             "Authorization: Bearer header-secret\r\nCookie: s=cookie-secret\r\n"
             "X-Request-Id: job-7\r\n",
             LogLevel::info);
  const auto line = parse_json(std::string_view(out).substr(0, out.find('\n')));
  ASSERT_TRUE(line) << out;
  EXPECT_EQ(string_or(*line, "message"), "request");
  EXPECT_EQ(string_or(*line, "method"), "GET");
  EXPECT_EQ(string_or(*line, "route"), "/fine/{id}");
  EXPECT_EQ(string_or(*line, "request_id"), "job-7");
  EXPECT_EQ(*find(*line, "status"), Json(200));
  EXPECT_TRUE(find(*line, "ms")->is_int64());
  EXPECT_THAT(out, Not(HasSubstr("secret")));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
}

TEST_F(AccessLog, IsSilentUnlessAskedFor) {
  EXPECT_EQ(log_of("GET /fine/1", "", LogLevel::debug), "");
  // But a bug is always told, on one line, with the id that the client has.
  const std::string out =
      log_of("GET /broken?x=query-secret", "X-Request-Id: job-8\r\n", LogLevel::debug);
  const auto line = parse_json(std::string_view(out).substr(0, out.find('\n')));
  ASSERT_TRUE(line) << out;
  EXPECT_EQ(string_or(*line, "level"), "error");
  EXPECT_EQ(string_or(*line, "request_id"), "job-8");
  EXPECT_EQ(string_or(*line, "message"), "a handler threw: it\\x0abroke");
  EXPECT_THAT(out, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace pilot::api
