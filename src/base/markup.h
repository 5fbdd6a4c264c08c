// Text inside HTML and XML. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace pilot {

// & < > and the quotes as entities, so that the text is text between tags and in attributes.
// `quote` and `apostrophe`: how those two are written.
inline std::string escape_markup(std::string_view text, std::string_view quote = "&quot;",
                                 std::string_view apostrophe = "&#39;") {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += quote;
        break;
      case '\'':
        out += apostrophe;
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace pilot
