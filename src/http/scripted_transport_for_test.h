// A Transport without a network, for tests: requests meet prepared answers and are written down.
// One thread (the shard that awaits). Answers come by a post, as those of the real one do.
//
//   ScriptedTransport http;
//   http.expect("GET", "https://api.test/items", ScriptedTransport::reply(200, "[]"));
//   ... run the code under test ...
//   EXPECT_TRUE(http.all_met());
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/transport.h"

namespace pilot::http {

class ScriptedTransport final : public Transport {
 public:
  using Handler = std::function<Answer(const Request&)>;
  using MailHandler = std::function<Answer(const Mail&)>;

  ScriptedTransport();
  explicit ScriptedTransport(Handler handler);
  ~ScriptedTransport() override;  // before the io_context; what is held ends `cancelled`

  static Answer reply(int status, std::string body = {},
                      std::string content_type = "application/json");
  static Answer failure(std::string code, bool sent, bool retryable);

  // Expectations are met in order; after the last one, the handler answers. A request that nothing
  // waits for gets `unsupported` and is listed in unexpected().
  void expect(std::string method, std::string url, Answer answer);
  void on_request(Handler handler) { handler_ = std::move(handler); }
  void on_mail(MailHandler handler) { mail_handler_ = std::move(handler); }  // default: 250

  // From now on answers are kept back until release(); cancelling still ends a call at once.
  void hold() { holding_ = true; }
  std::size_t held() const { return held_.size(); }
  bool release_one();  // the oldest; false when there is none
  void release();      // all, and holding ends

  const std::vector<Request>& requests() const { return requests_; }
  const std::vector<Mail>& mails() const { return mails_; }
  const std::vector<std::string>& unexpected() const { return unexpected_; }
  bool all_met() const { return expected_.empty() && unexpected_.empty(); }

  boost::asio::awaitable<Answer> send(Request request, CancelToken cancel) override;
  boost::asio::awaitable<Answer> send_mail(Mail mail, CancelToken cancel) override;

 private:
  struct Expected {
    std::string method;
    std::string url;
    Answer answer;
  };
  struct Waiting;

  Answer answer_to(const Request& request);
  boost::asio::awaitable<Answer> await(Answer answer, CancelToken cancel);

  std::deque<Expected> expected_;
  Handler handler_;
  MailHandler mail_handler_;
  bool holding_ = false;
  std::deque<std::shared_ptr<Waiting>> held_;
  std::vector<Request> requests_;
  std::vector<Mail> mails_;
  std::vector<std::string> unexpected_;
};

}  // namespace pilot::http
