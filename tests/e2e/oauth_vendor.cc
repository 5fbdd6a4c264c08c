#include "oauth_vendor.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "http/url.h"

namespace pilot::e2e {

std::string form_field(const std::string& form, const std::string& name) {
  const std::string all = "&" + form.substr(form.find('?') + 1);  // all of it when there is none
  const std::size_t at = all.find("&" + name + "=");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return http::decode_form_component(all.substr(begin, all.find('&', begin) - begin));
}

OAuthVendor::OAuthVendor() : service_(answer(404, "{}")) {
  service_.on("/token", [this](Peer& peer, const Seen& seen) { token(peer, seen); });
  service_.on("/me", [this](Peer& peer, const Seen& seen) { me(peer, seen); });
}

std::string OAuthVendor::manifest() const {
  return fmt::format(R"(id: crm
name: CRM
category: crm
docs: https://crm.example.com/docs
base: {0}
auth:
  oauth2:
    authorize: {0}/authorize
    token: {0}/token
    scopes: [read, write]
    take: {{plan: .plan}}
test: GET /me
actions:
  me:
    do: GET /me
    params: {{n: integer}}
)",
                     service_.url());
}

std::string OAuthVendor::agree(const std::string& location) {
  const std::lock_guard lock(mutex_);
  code_ = fmt::format("code-{}", ++issued_);
  challenge_ = form_field(location, "code_challenge");
  return fmt::format("{}?code={}&state={}", form_field(location, "redirect_uri"), code_,
                     form_field(location, "state"));
}

void OAuthVendor::forget_grants() {
  const std::lock_guard lock(mutex_);
  refresh_token_.clear();
}

bool OAuthVendor::accepts(const std::string& form) {
  if (form_field(form, "client_id") != "pilot" || form_field(form, "client_secret") != "fake") {
    return false;
  }
  if (form_field(form, "grant_type") == "refresh_token") {
    return !refresh_token_.empty() && form_field(form, "refresh_token") == refresh_token_;
  }
  const crypto::Sha256 hash = crypto::sha256(form_field(form, "code_verifier"));
  std::string computed = crypto::base64url(crypto::as_text(hash));
  while (computed.ends_with('=')) computed.pop_back();
  return !code_.empty() && form_field(form, "code") == code_ && computed == challenge_;
}

std::string OAuthVendor::give() {
  ++issued_;
  code_.clear();
  access_token_ = fmt::format("access-{}", issued_);
  refresh_token_ = fmt::format("refresh-{}", issued_);
  return fmt::format(
      R"({{"access_token":"{}","refresh_token":"{}","token_type":"Bearer","expires_in":{},"plan":"gold"}})",
      access_token_, refresh_token_, lifetime_.load());
}

void OAuthVendor::token(Peer& peer, const Seen& seen) {
  const bool refresh = form_field(seen.body, "grant_type") == "refresh_token";
  std::string given;
  {
    const std::lock_guard lock(mutex_);
    if (accepts(seen.body)) given = give();
  }
  if (given.empty()) {
    ++refusals_;
    return peer.reply(400, R"({"error":"invalid_grant"})");
  }
  ++(refresh ? refreshes_ : trades_);
  peer.pause(std::chrono::milliseconds{latency_.load()});
  peer.reply(200, given);
}

void OAuthVendor::me(Peer& peer, const Seen& seen) {
  bool good = false;
  {
    const std::lock_guard lock(mutex_);
    good = !access_token_.empty() && seen.header("authorization") == "Bearer " + access_token_;
  }
  if (!good) return peer.reply(401, R"({"error":"invalid_token"})");
  peer.reply(200, R"({"name":"Ada"})");
}

}  // namespace pilot::e2e
