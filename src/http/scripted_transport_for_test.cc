#include "http/scripted_transport_for_test.h"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "http/url.h"

namespace pilot::http {

namespace asio = boost::asio;

// Somebody who awaits an answer; finish() posts it, once.
struct ScriptedTransport::Waiting {
  Answer answer;
  CancelToken token;
  std::uint64_t registration = 0;
  std::function<void(Answer)> post;

  void finish(Answer what) {
    token.forget(registration);
    if (auto call = std::exchange(post, nullptr)) call(std::move(what));
  }
};

namespace {

Answer cancelled(bool sent) {
  return {.error =
              SendError{.code = "cancelled", .message = "the call was cancelled", .sent = sent}};
}

}  // namespace

ScriptedTransport::ScriptedTransport() = default;
ScriptedTransport::ScriptedTransport(Handler handler) : handler_(std::move(handler)) {}

ScriptedTransport::~ScriptedTransport() {
  for (const auto& waiting : std::exchange(held_, {})) waiting->finish(cancelled(true));
}

Answer ScriptedTransport::reply(int status, std::string body, std::string content_type) {
  Response response{.status = status, .body = std::move(body)};
  response.headers.push_back({.name = "Content-Type", .value = std::move(content_type)});
  return {.response = std::move(response)};
}

Answer ScriptedTransport::failure(std::string code, bool sent, bool retryable) {
  std::string message = "scripted " + code;
  return {.error = SendError{.code = std::move(code),
                             .message = std::move(message),
                             .sent = sent,
                             .retryable = retryable}};
}

void ScriptedTransport::expect(std::string method, std::string url, Answer answer) {
  expected_.push_back({std::move(method), std::move(url), std::move(answer)});
}

bool ScriptedTransport::release_one() {
  if (held_.empty()) return false;
  const auto waiting = held_.front();
  held_.pop_front();
  waiting->finish(std::move(waiting->answer));
  return true;
}

void ScriptedTransport::release() {
  holding_ = false;
  while (release_one()) {
  }
}

Answer ScriptedTransport::answer_to(const Request& request) {
  // What the real one would refuse must not pass a test.
  if (auto error = check_headers(request)) return {.error = std::move(error)};
  if (Result<Url> url = parse_url(request.url); !url) {
    return {.error = SendError{.code = "invalid_url", .message = url.error().message}};
  }
  if (!expected_.empty()) {
    if (expected_.front().method == request.method && expected_.front().url == request.url) {
      Answer answer = std::move(expected_.front().answer);
      expected_.pop_front();
      return answer;
    }
  } else if (handler_) {
    return handler_(request);
  }
  unexpected_.push_back(request.method + " " + request.url);
  return {.error = SendError{.code = "unsupported",
                             .message = "the test expects no " + unexpected_.back()}};
}

asio::awaitable<Answer> ScriptedTransport::send(Request request, CancelToken cancel) {
  requests_.push_back(request);
  Answer answer = answer_to(request);
  if (answer.response && answer.response->url.empty()) answer.response->url = request.url;
  return await(std::move(answer), std::move(cancel));
}

asio::awaitable<Answer> ScriptedTransport::send_mail(Mail mail, CancelToken cancel) {
  mails_.push_back(mail);
  Answer answer = mail_handler_ ? mail_handler_(mail)
                                : Answer{.response = Response{.status = 250, .body = "250 OK"}};
  return await(std::move(answer), std::move(cancel));
}

asio::awaitable<Answer> ScriptedTransport::await(Answer prepared, CancelToken cancel) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Answer)>(
      [this](auto handler, Answer answer, CancelToken token) {
        const auto executor = asio::prefer(asio::get_associated_executor(handler),
                                           asio::execution::outstanding_work.tracked);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        auto waiting = std::make_shared<Waiting>();
        waiting->post = [executor, shared](Answer what) {
          auto moved = std::make_shared<Answer>(std::move(what));
          asio::post(executor, [shared, moved] { std::move (*shared)(std::move(*moved)); });
        };
        if (token.cancelled()) {
          waiting->finish(cancelled(false));
        } else if (!holding_) {
          waiting->finish(std::move(answer));
        } else {
          waiting->answer = std::move(answer);
          held_.push_back(waiting);
          waiting->token = std::move(token);
          waiting->registration = waiting->token.on_cancel([this, weak = std::weak_ptr(waiting)] {
            if (const auto alive = weak.lock()) {
              std::erase(held_, alive);
              alive->finish(cancelled(true));
            }
          });
        }
      },
      asio::use_awaitable, std::move(prepared), std::move(cancel));
}

}  // namespace pilot::http
