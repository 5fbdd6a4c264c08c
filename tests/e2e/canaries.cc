#include "canaries.h"

#include <gtest/gtest.h>

#include <set>

#include "base/crypto.h"
#include "base/json.h"

namespace pilot::e2e {
namespace {

// What the secret alone decides of its base64 when `before` bytes stand before it.
std::string core(const std::string& encoded, std::size_t size, std::size_t before) {
  const std::size_t from = (8 * before + 5) / 6;
  return encoded.substr(from, 8 * (before + size) / 6 - from);
}

std::string percent(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
        std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

void add_forms(std::set<std::string>& out, const std::string& secret) {
  out.insert(secret);
  const std::string hex = crypto::hex(std::vector<std::uint8_t>(secret.begin(), secret.end()));
  out.insert(hex);
  out.insert(upper(hex));
  out.insert(percent(secret));
  out.insert(percent(percent(secret)));
  const std::string json = to_json(Json(boost::json::string(secret)));
  out.insert(json.substr(1, json.size() - 2));
  out.insert(html(secret));
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string padded = std::string(before, '-') + secret;
    out.insert(core(crypto::base64(padded), secret.size(), before));
    out.insert(core(crypto::base64url(padded), secret.size(), before));
  }
}

}  // namespace

std::vector<std::string> forms_of(const std::string& secret) {
  std::set<std::string> out;
  add_forms(out, secret);
  for (std::size_t from = 0; from < secret.size();) {
    const std::size_t end = std::min(secret.find('\n', from), secret.size());
    if (end - from >= 16) add_forms(out, secret.substr(from, end - from));
    from = end + 1;
  }
  return {out.begin(), out.end()};
}

void expect_none(const std::vector<Canary>& canaries, std::string_view text,
                 const std::string& where) {
  for (const Canary& canary : canaries) {
    for (const std::string& form : forms_of(canary.value)) {
      EXPECT_EQ(text.find(form), std::string_view::npos)
          << where << " holds the " << canary.name << " as " << form;
    }
  }
}

}  // namespace pilot::e2e
