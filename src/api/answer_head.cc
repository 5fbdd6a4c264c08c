#include "api/answer_head.h"

#include <array>

#include "api/request.h"

namespace pilot::api {

const std::string& DateText::now() {
  const std::time_t now = std::time(nullptr);
  if (now != second_ || text_.empty()) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> text{};
    // The C locale's names are those of the standard; Pilot never sets another.
    const std::size_t size =
        std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    text_.assign(text.data(), size);
    second_ = now;
  }
  return text_;
}

void append_answer_head(std::string& out, const Response& response, const AnswerHead& head) {
  auto end = std::back_inserter(out);
  fmt::format_to(end, "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 status_text(response.status), head.date);
  if (response.stream) {
    fmt::format_to(end, "Content-Type: {}\r\n", response.content_type);
    if (head.version == 11) out += "Transfer-Encoding: chunked\r\n";
  } else if (response.status != 204) {
    if (!response.content_type.empty()) {
      fmt::format_to(end, "Content-Type: {}\r\n", response.content_type);
    }
    fmt::format_to(end, "Content-Length: {}\r\n", response.body.size());
  }
  bool cache = false;
  for (const auto& [name, value] : response.headers) {
    if (value.find_first_of("\r\n") != std::string::npos) continue;
    cache = cache || equals_ignoring_case(name, "Cache-Control");
    fmt::format_to(end, "{}: {}\r\n", name, value);
  }
  if (!cache) out += "Cache-Control: no-store\r\n";
  out += "X-Content-Type-Options: nosniff\r\n";
  if (!head.request_id.empty()) fmt::format_to(end, "X-Request-Id: {}\r\n", head.request_id);
  if (!head.keep) {
    out += "Connection: close\r\n";
  } else if (head.version == 10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

}  // namespace pilot::api
