#include "http/scripted_transport_for_test.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace pilot::http {
namespace {

class Scripted : public ::testing::Test {
 protected:
  void start(Request request, CancelToken token = {}) {
    boost::asio::co_spawn(
        context_, transport_.send(std::move(request), std::move(token)),
        [this](std::exception_ptr, Answer answer) {
          answers_.push_back(answer.response ? answer.response->body : answer.error->code);
        });
    context_.restart();
    context_.poll();
  }
  boost::asio::io_context context_;
  ScriptedTransport transport_;
  std::vector<std::string> answers_;
};

TEST_F(Scripted, ExpectationsThenTheHandler) {
  transport_.expect("GET", "http://a.test/", ScriptedTransport::reply(200, "one"));
  transport_.on_request(
      [](const Request& request) { return ScriptedTransport::reply(200, request.method); });
  EXPECT_FALSE(transport_.all_met());
  start({.url = "http://a.test/"});
  start({.method = "PUT", .url = "http://a.test/"});
  EXPECT_EQ(answers_, (std::vector<std::string>{"one", "PUT"}));
  EXPECT_TRUE(transport_.all_met());
  EXPECT_EQ(transport_.requests().size(), 2u);
}

TEST_F(Scripted, TheUnexpectedIsTold) {
  start({.url = "http://a.test/"});
  EXPECT_EQ(answers_, std::vector<std::string>{"unsupported"});
  EXPECT_EQ(transport_.unexpected(), std::vector<std::string>{"GET http://a.test/"});
  EXPECT_FALSE(transport_.all_met());
  start({.url = "nonsense"});
  EXPECT_EQ(answers_.back(), "invalid_url");
}

TEST_F(Scripted, HoldsAnswersBack) {
  transport_.on_request(
      [](const Request& request) { return ScriptedTransport::reply(200, request.url); });
  transport_.hold();
  CancelSource source;
  start({.url = "http://a.test/"});
  start({.url = "http://b.test/"}, source.token());
  start({.url = "http://c.test/"});
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(transport_.held(), 3u);
  source.cancel();
  transport_.release_one();
  context_.restart();
  context_.poll();
  EXPECT_EQ(answers_, (std::vector<std::string>{"cancelled", "http://a.test/"}));
  transport_.release();
  context_.restart();
  context_.poll();
  EXPECT_EQ(answers_.back(), "http://c.test/");
}

}  // namespace
}  // namespace pilot::http
