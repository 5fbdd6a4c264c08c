#include "providers/manifest/aws.h"

#include <algorithm>
#include <map>

#include "base/crypto.h"
#include "base/sign.h"
#include "http/url.h"
#include "providers/http_call.h"

namespace pilot::providers::manifest {
namespace {

std::string stamp_of(WallTime now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(now - day)};
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

// Outer spaces gone, inner runs are one.
std::string trimmed(std::string_view text) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t') {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

// The query with its parameters sorted; they are encoded already.
std::string sorted_query(std::string_view query) {
  std::vector<std::string> parts;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.empty()) continue;
    parts.push_back(one.find('=') == std::string_view::npos ? std::string(one) + "="
                                                            : std::string(one));
  }
  // By name, then by value: '=' would sort behind digits.
  std::ranges::sort(parts, [](const std::string& a, const std::string& b) {
    const auto split = [](const std::string& s) {
      return std::pair{s.substr(0, s.find('=')), s.substr(s.find('=') + 1)};
    };
    return split(a) < split(b);
  });
  return fmt::format("{}", fmt::join(parts, "&"));
}

// S3 encodes the name that it has decoded: what is not reserved has no %. We send dots that stand
// alone with one, lest anything on the way takes them for a step up.
std::string canonical_name(std::string_view path) {
  std::string out;
  while (true) {
    const std::size_t dot = path.find("%2E");
    out += path.substr(0, dot);
    if (dot == std::string_view::npos) return out;
    out += '.';
    path.remove_prefix(dot + 3);
  }
}

// Every service but S3 wants the path encoded once more (a % becomes %25).
std::string canonical_path(std::string_view path, bool s3) {
  if (s3) return canonical_name(path);
  std::string out;
  for (const char c : path) {
    if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

std::string hash_hex(std::string_view text) { return crypto::hex(crypto::sha256(text)); }

std::string mac(std::string_view key, std::string_view text) {
  return std::string(crypto::as_text(crypto::hmac_sha256(key, text)));
}

}  // namespace

Status sign_aws(http::Request& request, const AwsKeys& keys, std::string_view service,
                std::string_view region, WallTime now) {
  const Result<http::Url> url = http::parse_url(request.url);
  if (!url) return url.error();
  const bool s3 = service == "s3";
  const std::string stamp = stamp_of(now);
  const std::string body_hash = hash_hex(request.body);
  set_header(request, "X-Amz-Date", stamp);
  if (!keys.session_token.empty()) {
    set_header(request, "X-Amz-Security-Token", keys.session_token, true);
  }
  if (s3) set_header(request, "X-Amz-Content-Sha256", body_hash);

  std::map<std::string, std::string> headers{{"host", url->authority()}};
  for (const http::Header& header : request.headers) {
    std::string& slot = headers[lower(header.name)];
    slot = slot.empty() ? trimmed(header.value) : slot + "," + trimmed(header.value);
  }
  std::string canonical_headers;
  std::string names;
  for (const auto& [name, value] : headers) {
    canonical_headers += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  const std::size_t mark = url->target.find('?');
  const std::string_view query =
      mark == std::string::npos ? "" : std::string_view(url->target).substr(mark + 1);
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method,
                  canonical_path(std::string_view(url->target).substr(0, mark), s3),
                  sorted_query(query), canonical_headers, names, body_hash);
  const std::string scope =
      fmt::format("{}/{}/{}/aws4_request", stamp.substr(0, 8), region, service);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", stamp, scope, hash_hex(canonical));
  std::string key = mac("AWS4" + keys.secret_access_key, stamp.substr(0, 8));
  for (const std::string_view part : {region, service, std::string_view("aws4_request")}) {
    key = mac(key, part);
  }
  set_header(
      request, "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  keys.access_key_id, scope, names, crypto::hex(crypto::hmac_sha256(key, to_sign))),
      true);
  return ok();
}

}  // namespace pilot::providers::manifest
