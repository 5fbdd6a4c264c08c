// One mail to an SMTP server.
#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "http/curl_call.h"
#include "http/curl_failure.h"

namespace pilot::http {
namespace {

constexpr std::size_t kReplyBytes = 512;  // of the server's last line that are kept

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using RecipientList = std::unique_ptr<curl_slist, FreeList>;

// What would break out of the MAIL FROM and RCPT TO commands, or is none of SMTP's plain addresses.
bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= 320 && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '<' && c != '>';
  });
}

RecipientList recipient_list(const std::vector<std::string>& recipients) {
  RecipientList list;
  for (const std::string& recipient : recipients) {
    curl_slist* longer = curl_slist_append(list.get(), recipient.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

class MailCall final : public CurlCall {
 public:
  MailCall(const CurlOptions& options, Url url, Mail mail)
      : CurlCall(options, std::move(url), mail.timeout, mail.allowed_hosts),
        mail_(std::move(mail)),
        recipients_(recipient_list(mail_.recipients)) {}
  ~MailCall() override { forget_sockets(); }

  std::optional<Answer> finish(int code) override;
  bool take_header(std::string_view line) override;
  bool take_body(std::string_view) override { return true; }
  void opened(int socket) override;
  std::size_t give_body(char* out, std::size_t size) override;

 private:
  void set_options(void* easy) override;
  bool sent() const override { return data_begun_; }
  Answer reply(int status) const;
  void forget_sockets();
  static int on_trace(CURL*, curl_infotype type, char* bytes, std::size_t size, void* self);

  Mail mail_;
  RecipientList recipients_;
  std::size_t given_ = 0;
  bool data_begun_ = false;  // the server has said 354 and asked for the mail
  std::size_t header_bytes_ = 0;
  std::string last_line_;
  std::vector<int> sockets_;  // second descriptors of curl's; see on_trace
};

// At the end curl says QUIT and then waits for the reply inside one call (two minutes, if the
// server likes), with the whole thread. Nobody needs that reply: once QUIT is out the socket reads
// as ended.
int MailCall::on_trace(CURL*, curl_infotype type, char* bytes, std::size_t size, void* self) {
  if (type != CURLINFO_HEADER_OUT || !std::string_view(bytes, size).starts_with("QUIT")) return 0;
  for (const int socket : static_cast<MailCall*>(self)->sockets_) ::shutdown(socket, SHUT_RD);
  return 0;
}

// A duplicate, because curl may close its own and the number may come back as something else.
void MailCall::opened(int socket) {
  const int second = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (second >= 0) sockets_.push_back(second);
}

void MailCall::forget_sockets() {
  for (const int socket : std::exchange(sockets_, {})) ::close(socket);
}

void MailCall::set_options(void* easy) {
  const bool starttls = url_.scheme == "smtp";
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(
      easy, CURLOPT_USE_SSL,
      static_cast<long>(mail_.require_tls || !starttls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);  // to on_trace, which shows it to nobody
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, &MailCall::on_trace);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, static_cast<void*>(this));
  // No session of one user is ever lent to another.
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  if (!mail_.username.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, mail_.username.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, mail_.password.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail_.from.c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients_.get());
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail_.data.size()));
}

bool MailCall::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > limits::kResponseHeaders) return false;
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const bool goodbye = line.starts_with("221");  // to curl's QUIT; says nothing about the mail
  if (!line.empty() && !goodbye) last_line_ = line.substr(0, kReplyBytes);
  return true;
}

std::size_t MailCall::give_body(char* out, std::size_t size) {
  data_begun_ = true;
  const std::size_t part = std::min(size, mail_.data.size() - given_);
  std::memcpy(out, mail_.data.data() + given_, part);
  given_ += part;
  return part;
}

Answer MailCall::reply(int status) const {
  return {.response = Response{.status = status, .body = last_line_, .url = url_.text()}};
}

std::optional<Answer> MailCall::finish(int code) {
  forget_sockets();
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK) return reply(static_cast<int>(status));
  if (code == CURLE_LOGIN_DENIED) return reply(535);
  // A refusal by the server itself; curl names it differently at each stage.
  const bool refused = code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY ||
                       code == CURLE_RECV_ERROR || code == CURLE_UPLOAD_FAILED ||
                       code == CURLE_REMOTE_ACCESS_DENIED;
  if (refused && status >= 400 && status < 600) return reply(static_cast<int>(status));
  return Answer{.error = failure(code)};
}

}  // namespace

MadeCall make_mail_call(const CurlOptions& options, Mail mail) {
  Result<Url> url = parse_mail_url(mail.url);
  if (!url) return SendError{.code = "invalid_url", .message = url.error().message};
  if (!is_address(mail.from)) {
    return SendError{.code = "invalid_header", .message = "the sender is not a mail address"};
  }
  if (mail.recipients.empty()) {
    return SendError{.code = "invalid_header", .message = "the mail has no recipient"};
  }
  if (!std::all_of(mail.recipients.begin(), mail.recipients.end(), is_address)) {
    return SendError{.code = "invalid_header", .message = "a recipient is not a mail address"};
  }
  return std::make_unique<MailCall>(options, std::move(*url), std::move(mail));
}

}  // namespace pilot::http
