// One call (an HTTP exchange with its redirects, or one mail) as the curl thread sees it: what it
// sets on a handle, what it keeps of the answer, what a failure means. Internal to http/.
//
// Made on a shard; from then on only the curl thread touches it. Pointers to it are inside the curl
// handle between prepare() and finish(), so it does not move.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "http/transport.h"
#include "http/url.h"

struct sockaddr;

namespace pilot::http {

class CurlCall {
 public:
  virtual ~CurlCall() = default;
  CurlCall(const CurlCall&) = delete;
  CurlCall& operator=(const CurlCall&) = delete;

  // Sets everything on a handle that has just been reset; or says why there is nothing to do. The
  // handle stays with the call until finish().
  std::optional<SendError> prepare(void* easy);
  // What the transfer came to (a CURLcode); none: there is another hop, prepare() again.
  virtual std::optional<Answer> finish(int code) = 0;
  SendError cancelled() const;

  // Called by curl, between prepare() and finish(). False gives the transfer up.
  bool refuses(const sockaddr& address);
  virtual void opened(int /*socket*/) {}
  virtual bool may_send() { return true; }
  virtual bool take_header(std::string_view line) = 0;
  virtual bool take_body(std::string_view bytes) = 0;
  virtual std::size_t give_body(char* out, std::size_t size) = 0;

 protected:
  CurlCall(const CurlOptions& options, Url url, Millis timeout,
           std::vector<HostListPtr> allowed_hosts);

  virtual void set_options(void* easy) = 0;
  virtual bool sent() const = 0;  // some of the request may have reached the other side
  SendError failure(int code) const;
  bool through_proxy() const { return !options_.proxy.empty(); }
  std::string peer() const { return url_.authority(); }

  const CurlOptions& options_;
  Url url_;
  void* easy_ = nullptr;

 private:
  std::optional<SendError> judge_name() const;
  std::optional<SendError> judge_literal() const;

  const std::vector<HostListPtr> allowed_hosts_;
  const Millis timeout_;
  const SteadyTime deadline_;
  std::optional<std::string> blocked_by_;
  std::array<char, 256> detail_{};  // CURL_ERROR_SIZE
};

// The call, or why it can never be sent.
using MadeCall = std::variant<std::unique_ptr<CurlCall>, SendError>;

// `options` outlives the call.
MadeCall make_http_call(const CurlOptions& options, Request request);
MadeCall make_mail_call(const CurlOptions& options, Mail mail);

}  // namespace pilot::http
