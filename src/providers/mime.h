// Mail messages: RFC 5322 headers, MIME bodies (RFC 2045-2047, 2231), UTF-8 throughout. No input
// can add a header or a part of its own: line breaks and control characters are refused in
// everything that stands in a header. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace pilot::providers {

struct Address {
  std::string name;  // shown name, UTF-8; may be empty
  std::string spec;  // local@domain; a domain that is not ASCII is left as it is
  std::string_view domain() const;
};

// "a@b.org", "Ann <a@b.org>", or several with commas between them; quotes as in RFC 5322.
// Code invalid_address, `pointer` is put into it.
Result<std::vector<Address>> parse_addresses(std::string_view text, std::string_view pointer);

struct Attachment {
  std::string name;
  std::string content_type = "application/octet-stream";
  std::string content;  // bytes
};

struct MailHeader {
  std::string name;
  std::string value;
};

struct Message {
  Address from;
  std::vector<Address> to;
  std::vector<Address> cc;  // recipients in bcc stand in the envelope only
  std::vector<Address> reply_to;
  std::string subject;
  std::string text;  // at least one of text and html
  std::string html;
  std::vector<MailHeader> headers;
  std::vector<Attachment> attachments;
  std::string message_id;  // with its angle brackets
  WallTime date;
};

// The whole message with CRLF lines. Codes: invalid_header (a line break, a control character, a
// header that Pilot writes itself, a bad name), invalid_value (a bad content type).
Result<std::string> build_message(const Message& message);

// Pieces of it, tested on their own.
std::string encode_header_text(std::string_view name, std::string_view text);  // value, folded
std::string quoted_printable(std::string_view text);                           // CRLF lines
std::string base64_lines(std::string_view bytes);                              // 76 letters each
std::string mail_date(WallTime time);  // Mon, 23 Nov 2026 02:18:41 +0000

}  // namespace pilot::providers
