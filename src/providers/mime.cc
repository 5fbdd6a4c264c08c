// Writes mail messages (see mime.h). Boundaries start with "=_", which neither quoted-printable nor
// base64 can produce, so no content can look like one. Pure; any thread.
#include "providers/mime.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/crypto.h"
#include "base/json.h"

namespace pilot::providers {
namespace {

constexpr std::size_t kLine = 76;
constexpr std::size_t kEncodedWordBytes = 45;  // 60 letters of base64 and the frame: under 75
constexpr std::string_view kEol = "\r\n";

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// =?UTF-8?B?...?= words, cut between characters, one a line.
std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::string_view piece = utf8_prefix(text, kEncodedWordBytes);
    if (piece.empty()) piece = text.substr(0, 1);
    if (!out.empty()) out.append(kEol).append(" ");
    out.append("=?UTF-8?B?").append(crypto::base64(piece)).append("?=");
    text.remove_prefix(piece.size());
  }
  return out;
}

// Breaks before a space when a line gets long.
std::string folded(std::string_view name, std::string_view text) {
  std::string out;
  std::size_t column = name.size() + 2;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at + 1), text.size());
    const std::string_view word = text.substr(at, end - at);  // with the space before it
    const bool room_to_break = word.size() > 1 && word.front() == ' ' && word[1] != ' ';
    if (column + word.size() > kLine && at > 0 && room_to_break) {
      out.append(kEol);
      column = 0;
    }
    out.append(word);
    column += word.size();
    at = end;
  }
  return out;
}

bool has_long_word(std::string_view text) {
  std::size_t run = 0;
  for (const char c : text) {
    run = c == ' ' ? 0 : run + 1;
    if (run > kLine * 8) return true;  // RFC 5322: no line over 998
  }
  return false;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string written(const Address& address) {
  if (address.name.empty()) return address.spec;
  const bool plain = is_ascii(address.name) && address.name.find("=?") == std::string::npos;
  return (plain ? in_quotes(address.name) : encoded_words(address.name)) + " <" + address.spec +
         ">";
}

std::string address_list(const std::vector<Address>& addresses) {
  std::string out;
  for (const Address& address : addresses) {
    if (!out.empty()) out.append(",").append(kEol).append(" ");
    out += written(address);
  }
  return out;
}

Status check_text(std::string_view what, std::string_view text) {
  if (has_controls(text)) {
    return invalid("invalid_header",
                   fmt::format("{} holds a line break or another control character", what));
  }
  if (!is_valid_utf8(text)) {
    return invalid("invalid_header", fmt::format("{} is not valid UTF-8", what));
  }
  return ok();
}

Status check_header(const MailHeader& header) {
  constexpr std::array<std::string_view, 12> kOwn = {
      "from", "sender",  "to",         "cc",           "bcc",      "reply-to",
      "date", "subject", "message-id", "mime-version", "received", "return-path"};
  const bool good_name =
      !header.name.empty() && header.name.size() <= 100 &&
      std::ranges::all_of(header.name, [](char c) { return c > 0x20 && c < 0x7f && c != ':'; });
  if (!good_name) return invalid("invalid_header", "headers: a name holds a letter that none may");
  const std::string name = lower(header.name);
  if (std::ranges::find(kOwn, name) != kOwn.end() || name.starts_with("content-")) {
    return invalid(
        "invalid_header",
        fmt::format("headers: {} is written by Pilot; use the param for it", header.name));
  }
  return check_text("header " + header.name, header.value);
}

// type/subtype, perhaps with parameters.
Status check_content_type(std::string_view type) {
  const std::size_t slash = type.find('/');
  const bool good = slash != std::string_view::npos && slash > 0 && slash + 1 < type.size() &&
                    type.size() <= 200 &&
                    std::ranges::all_of(type, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (good) return ok();
  return invalid("invalid_value", "attachments: content_type is no type/subtype in ASCII");
}

Status check(const Message& message) {
  if (Status s = check_text("subject", message.subject); !s) return s;
  if (Status s = check_text("from", message.from.name); !s) return s;
  for (const auto* list : {&message.to, &message.cc, &message.reply_to}) {
    for (const Address& address : *list) {
      if (Status s = check_text("an address", address.name + address.spec); !s) return s;
    }
  }
  for (const MailHeader& header : message.headers) {
    if (Status s = check_header(header); !s) return s;
  }
  for (const Attachment& attachment : message.attachments) {
    if (Status s = check_text("an attachment's name", attachment.name); !s) return s;
    if (attachment.name.size() > 200) {
      return invalid("invalid_value", "attachments: a name is longer than 200 bytes");
    }
    if (Status s = check_content_type(attachment.content_type); !s) return s;
  }
  return ok();
}

std::string with_crlf(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n' || text[i] == '\r') {
      out += kEol;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Headers and body of one part; the headers end with an empty line.
std::string text_part(std::string_view subtype, std::string_view text) {
  const auto beyond =
      std::ranges::count_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  const bool dense = static_cast<std::size_t>(beyond) * 3 > text.size();
  return fmt::format(
      "Content-Type: text/{}; charset=UTF-8\r\nContent-Transfer-Encoding: {}\r\n\r\n{}", subtype,
      dense ? "base64" : "quoted-printable",
      dense ? base64_lines(with_crlf(text)) : quoted_printable(text));
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool kept = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      c == '.' || c == '-' || c == '_';
    if (kept) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string attachment_part(const Attachment& attachment) {
  std::string out = "Content-Type: " + attachment.content_type + "\r\n";
  out += "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment";
  if (!attachment.name.empty() && is_ascii(attachment.name)) {
    out += ";\r\n filename=" + in_quotes(attachment.name);
  } else if (!attachment.name.empty()) {
    out += ";\r\n filename*=UTF-8''" + percent_encoded(attachment.name);
  }
  return out + "\r\n\r\n" + base64_lines(attachment.content);
}

std::string multipart(std::string_view subtype, const std::string& boundary,
                      const std::vector<std::string>& parts) {
  std::string out =
      fmt::format("Content-Type: multipart/{};\r\n boundary=\"{}\"\r\n\r\n", subtype, boundary);
  for (const std::string& part : parts) {
    out.append("--").append(boundary).append(kEol).append(part);
    if (!out.ends_with(kEol)) out.append(kEol);
  }
  return out.append("--").append(boundary).append("--").append(kEol);
}

std::string body_of(const Message& message) {
  const auto digest = crypto::sha256(message.message_id);
  const std::string tag = "=_" + crypto::hex(digest).substr(0, 32);
  std::string body;
  if (message.html.empty()) {
    body = text_part("plain", message.text);
  } else if (message.text.empty()) {
    body = text_part("html", message.html);
  } else {
    body = multipart("alternative", tag + "a",
                     {text_part("plain", message.text), text_part("html", message.html)});
  }
  if (message.attachments.empty()) return body;
  std::vector<std::string> parts{std::move(body)};
  for (const Attachment& attachment : message.attachments) {
    parts.push_back(attachment_part(attachment));
  }
  return multipart("mixed", tag + "m", parts);
}

}  // namespace

std::string encode_header_text(std::string_view name, std::string_view text) {
  const bool plain = is_ascii(text) && text.find("=?") == std::string_view::npos &&
                     !has_long_word(text) && !text.ends_with(' ');
  return plain ? folded(name, text) : encoded_words(text);
}

std::string quoted_printable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const std::string lines = with_crlf(text);
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] == '\r') {  // with_crlf leaves it only before \n
      out += kEol;
      column = 0;
      ++i;
      continue;
    }
    const auto byte = static_cast<unsigned char>(lines[i]);
    const bool at_end = i + 1 == lines.size() || lines[i + 1] == '\r';
    const bool space = byte == ' ' || byte == '\t';
    const bool keep = (space && !at_end) || (byte > 0x20 && byte < 0x7f && byte != '=');
    const std::size_t width = keep ? 1 : 3;
    if (column + width > kLine - (at_end ? 0 : 1)) {
      out.append("=").append(kEol);
      column = 0;
    }
    if (keep) {
      out += lines[i];
    } else {
      out += {'=', kHex[byte >> 4], kHex[byte & 15]};
    }
    column += width;
  }
  return out;
}

std::string base64_lines(std::string_view bytes) {
  const std::string all = crypto::base64(bytes);
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += kLine) {
    out.append(all, at, kLine).append(kEol);
  }
  return out;
}

std::string mail_date(WallTime time) {
  using std::chrono::days;
  using std::chrono::seconds;
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const auto in_day = std::chrono::floor<seconds>(time - day).count();
  return fmt::format(
      "{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[std::chrono::weekday{day}.c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), in_day / 3600, in_day / 60 % 60, in_day % 60);
}

Result<std::string> build_message(const Message& message) {
  if (Status checked = check(message); !checked) return checked.error();
  std::string out = "Date: " + mail_date(message.date) + "\r\n";
  out += "From: " + written(message.from) + "\r\n";
  if (!message.to.empty()) out += "To: " + address_list(message.to) + "\r\n";
  if (!message.cc.empty()) out += "Cc: " + address_list(message.cc) + "\r\n";
  if (!message.reply_to.empty()) out += "Reply-To: " + address_list(message.reply_to) + "\r\n";
  out += "Subject: " + encode_header_text("Subject", message.subject) + "\r\n";
  out += "Message-ID: " + message.message_id + "\r\n";
  for (const MailHeader& header : message.headers) {
    out += header.name + ": " + encode_header_text(header.name, header.value) + "\r\n";
  }
  out += "MIME-Version: 1.0\r\n" + body_of(message);
  if (!out.ends_with(kEol)) out += kEol;
  return out;
}

}  // namespace pilot::providers
