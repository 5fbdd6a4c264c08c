// The head of an answer as text, and the date in it. Inside of the server. Pure, but for the
// clock's second; one shard each.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "api/response.h"

namespace pilot::api {

// The Date header's text, made once a second.
class DateText {
 public:
  const std::string& now();

 private:
  std::time_t second_ = 0;
  std::string text_;
};

struct AnswerHead {
  unsigned version = 0;  // of the request: 10, 11; 0 when it was none that could be read
  bool keep = false;     // the connection goes on
  std::string_view date;
  std::string_view request_id;
};

// Every answer says no-store (unless it has a Cache-Control of its own) and nosniff; none has an
// Access-Control header. A header of the response that would split the answer is left out.
void append_answer_head(std::string& out, const Response& response, const AnswerHead& head);

}  // namespace pilot::api
