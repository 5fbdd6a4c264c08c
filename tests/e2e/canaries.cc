#include "canaries.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
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

constexpr std::size_t kHalf = 16;  // bytes: shorter ones could be there by chance

// What only the search looks for: Pilot does not promise to mask these when a service sends them.
void add_searched_forms(std::set<std::string>& out, const std::string& secret) {
  std::string little, big;
  for (const char c : secret) {
    little += {c, '\0'};
    big += {'\0', c};
  }
  out.insert(little);
  out.insert(big);
  out.insert(std::string(secret.rbegin(), secret.rend()));
  if (secret.size() / 2 < kHalf) return;
  out.insert(secret.substr(0, secret.size() / 2));
  out.insert(secret.substr(secret.size() / 2));
}

// The gzip member that begins there, as far as it is one; at most 64 MiB.
std::string unpacked(std::string_view member) {
  constexpr std::size_t kMost = std::size_t{64} << 20;
  constexpr int kGzipHeader = 16 + MAX_WBITS;
  std::string out;
  z_stream stream{};
  if (::inflateInit2(&stream, kGzipHeader) != Z_OK) return out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(member.data()));
  stream.avail_in = static_cast<uInt>(member.size());
  std::array<char, 1 << 16> piece{};
  for (int state = Z_OK; state == Z_OK && out.size() < kMost;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = ::inflate(&stream, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  return out;
}

constexpr int kSlotBits = 18;

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

Search::Search(const std::vector<Canary>& canaries) : forms_(std::size_t{1} << kSlotBits) {
  for (const Canary& canary : canaries) {
    std::set<std::string> all;
    for (const std::string& form : forms_of(canary.value)) all.insert(form);
    add_searched_forms(all, canary.value);
    for (const std::string& form : all) {
      forms_[slot(form.data())].push_back({canary.name, form});
    }
  }
}

std::size_t Search::slot(const char* at) {
  std::uint32_t prefix = 0;
  std::memcpy(&prefix, at, kPrefix);
  return (prefix * 2'654'435'761u) >> (32 - kSlotBits);
}

void Search::look(std::string_view text, std::vector<std::string>& out) const {
  for (std::size_t at = 0; at + kPrefix <= text.size(); ++at) {
    for (const Form& form : forms_[slot(text.data() + at)]) {
      if (text.substr(at).starts_with(form.text)) out.push_back(form.name + " as " + form.text);
    }
  }
}

std::vector<std::string> Search::found(std::string_view text) const {
  std::vector<std::string> out;
  look(text, out);
  constexpr std::string_view kGzip = "\x1f\x8b\x08";
  for (std::size_t at = text.find(kGzip); at < text.size(); at = text.find(kGzip, at + 1)) {
    look(unpacked(text.substr(at)), out);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void expect_none(const Search& search, std::string_view text, const std::string& where) {
  for (const std::string& what : search.found(text)) {
    ADD_FAILURE() << where << " holds the " << what;
  }
}

}  // namespace pilot::e2e
