// Whose OAuth client a connection uses, and where the deployment's secret may go.
#include "providers/oauth_clients.h"

#include <gmock/gmock.h>

#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;
using testing::Not;

Provider acme(const char* token = "https://acme.test/token") {
  Provider provider{.name = "acme", .title = "Acme"};
  OAuth2 oauth;
  oauth.authorize = "https://acme.test/authorize";
  oauth.token = token;
  provider.oauth2 = std::make_shared<const OAuth2>(std::move(oauth));
  return provider;
}

OAuthClients deployment() {
  return *OAuthClients::parse(json(R"({"acme":{"client_id":"d-id","client_secret":"d-secret"}})"));
}

TEST(OAuthClients, TheUsersOwnWins) {
  const auto own = oauth_client_of(
      acme(), connection_of({{"client_id", "u-id"}, {"client_secret", "u-secret"}}), deployment());
  EXPECT_EQ(own->id, "u-id");
  EXPECT_EQ(own->secret.reveal(), "u-secret");
  const auto shared = oauth_client_of(acme(), {}, deployment());
  EXPECT_EQ(shared->id, "d-id");
  EXPECT_EQ(shared->secret.reveal(), "d-secret");
}

TEST(OAuthClients, AUsersOwnIdIsNeverPairedWithTheDeploymentsSecret) {
  const auto own = oauth_client_of(acme(), connection_of({{"client_id", "u-id"}}), deployment());
  EXPECT_TRUE(own->secret.empty());
}

TEST(OAuthClients, TheDeploymentsSecretGoesToTheVendorOnly) {
  Provider custom = acme();
  custom.kind = "custom";
  EXPECT_EQ(oauth_client_of(custom, {}, deployment()).error().code, "no_oauth_client");
  const auto elsewhere = oauth_client_of(
      acme("{{base_url}}/token"), connection_of({{"base_url", "https://evil.test"}}), deployment());
  EXPECT_EQ(elsewhere.error().code, "no_oauth_client");
  EXPECT_TRUE(oauth_client_of(acme("https://{{shop}}.acme.test/token"), {}, deployment()));
}

TEST(OAuthClients, WithoutAnyOneIsToldWhatToDo) {
  const auto none = oauth_client_of(acme(), {}, {});
  EXPECT_EQ(none.error().code, "no_oauth_client");
  EXPECT_THAT(none.error().message, HasSubstr("--oauth-clients"));
}

TEST(OAuthClients, WhatIsAVendorsHost) {
  EXPECT_TRUE(is_vendors_host("https://acme.test/{{id}}/token"));
  EXPECT_TRUE(is_vendors_host("https://{{a}}.{{b}}.acme.test/token"));
  EXPECT_FALSE(is_vendors_host("{{base_url}}/token"));
  EXPECT_FALSE(is_vendors_host("https://{{host}}/token"));
  EXPECT_FALSE(is_vendors_host("https://auth.{{domain}}/token"));
  EXPECT_FALSE(is_vendors_host("https://{{a}}acme.test/token"));
  EXPECT_FALSE(is_vendors_host("https://{{a}}.test/token"));
  EXPECT_FALSE(is_vendors_host("https://acme.test:{{port}}/token"));
  EXPECT_FALSE(is_vendors_host("{{x}}://acme.test/token"));
}

TEST(OAuthClients, AFileThatIsWrongIsRefusedWithThePlaceAndWithoutTheValue) {
  const auto told = [](const char* text) {
    const auto parsed = OAuthClients::parse(json(text));
    EXPECT_FALSE(parsed) << text;
    if (parsed) return std::string();
    EXPECT_THAT(parsed.error().message, Not(HasSubstr("s3cr3t")));
    return parsed.error().pointer;
  };
  EXPECT_EQ(told("[]"), "");
  EXPECT_EQ(told(R"({"acme":"s3cr3t"})"), "/acme");
  EXPECT_EQ(told(R"({"acme":{"client_secret":"s3cr3t"}})"), "/acme/client_id");
  EXPECT_EQ(told(R"({"acme":{"client_id":"x","secret":"s3cr3t"}})"), "/acme/secret");
  EXPECT_EQ(told(R"({"acme":{"client_id":7}})"), "/acme/client_id");
}

}  // namespace
}  // namespace pilot::providers
