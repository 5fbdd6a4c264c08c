// Each auth scheme of the format; the signing ones by the vectors that their authors published.
#include <gmock/gmock.h>

#include "base/crypto.h"
#include "base/sign.h"
#include "providers/http_call.h"
#include "providers/manifest/aws.h"
#include "providers/manifest/manifest_for_test.h"
#include "providers/manifest/oauth1.h"

namespace pilot::providers::manifest {
namespace {

using testing::HasSubstr;

std::string with_auth(std::string_view auth, std::string_view action = "{do: GET /x}") {
  return fmt::format("id: acme\nbase: https://api.acme.example\nauth: {}\nactions:\n  x: {}\n",
                     auth, action);
}

http::Request signed_by(std::string_view auth, std::map<std::string, std::string> connection,
                        std::string_view action = "{do: GET /x}") {
  return ManifestCall(with_auth(auth, action), "x", "{}", std::move(connection)).request();
}

TEST(ManifestAuth, PutsKeysIntoTheirPlaces) {
  EXPECT_EQ(header_of(signed_by("{bearer: token}", {{"token", "t-1"}}), "Authorization"),
            "Bearer t-1");
  EXPECT_EQ(header_of(signed_by("{basic: [user, password]}", {{"user", "u"}, {"password", "p"}}),
                      "Authorization"),
            "Basic " + crypto::base64("u:p"));
  EXPECT_EQ(header_of(signed_by("{basic: ['{{email}}/token', token]}",
                                {{"email", "a@b.example"}, {"token", "t"}}),
                      "Authorization"),
            "Basic " + crypto::base64("a@b.example/token:t"));
  EXPECT_EQ(header_of(signed_by("{basic: [api_key, '']}", {{"api_key", "k"}}), "Authorization"),
            "Basic " + crypto::base64("k:"));
  EXPECT_EQ(
      header_of(signed_by("{basic: [api_key, '\"x\"']}", {{"api_key", "k"}}), "Authorization"),
      "Basic " + crypto::base64("k:x"));
  EXPECT_EQ(
      header_of(signed_by("{key: {header: X-Key, prefix: Token}}", {{"api_key", "k"}}), "X-Key"),
      "Token k");
  EXPECT_EQ(signed_by("{key: {query: key}}", {{"api_key", "a&b"}}).url,
            "https://api.acme.example/x?key=a%26b");
  EXPECT_EQ(header_of(signed_by("{key: {cookie: sid}}", {{"api_key", "k"}}), "Cookie"), "sid=k");
  EXPECT_EQ(
      signed_by("{key: {body: auth_key}}", {{"api_key", "k"}}, "{do: POST /x, params: {}}").body,
      R"({"auth_key":"k"})");
  const http::Request set =
      signed_by("{set: {header.A: 'x {{a}}', query.b: '{{b}}'}}", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(header_of(set, "A"), "x 1");
  EXPECT_EQ(set.url, "https://api.acme.example/x?b=2");
  for (const http::Header& header : set.headers) {
    if (header.name == "A") EXPECT_TRUE(header.sensitive);
  }
}

TEST(ManifestAuth, TheFirstSchemeThatFitsIsTaken) {
  const std::string auth = "[{bearer: token}, {basic: [user, password]}]";
  EXPECT_EQ(header_of(signed_by(auth, {{"user", "u"}, {"password", "p"}}), "Authorization"),
            "Basic " + crypto::base64("u:p"));
  EXPECT_EQ(header_of(signed_by(auth, {{"user", "u"}, {"password", "p"}, {"token", "t"}}),
                      "Authorization"),
            "Bearer t");
  const auto missing = ManifestCall(with_auth(auth), "x", "{}").build();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "missing_credentials");
  EXPECT_THAT(missing.error().message, HasSubstr("token"));
  EXPECT_THAT(missing.error().message, HasSubstr("user and password"));
}

TEST(ManifestAuth, AListMayEndWithNone) {
  const std::string auth = "[{bearer: token}, none]";
  EXPECT_EQ(header_of(signed_by(auth, {{"token", "t"}}), "Authorization"), "Bearer t");
  EXPECT_EQ(header_of(signed_by(auth, {}), "Authorization"), "(none)");
}

TEST(ManifestAuth, AnActionMaySignInDifferentlyOrNotAtAll) {
  EXPECT_EQ(header_of(signed_by("{bearer: token}", {{"token", "t"}}, "{do: GET /x, auth: none}"),
                      "Authorization"),
            "(none)");
  EXPECT_EQ(header_of(signed_by("{bearer: token}", {{"api_key", "k"}},
                                "{do: GET /x, auth: {key: {header: X-Key}}}"),
                      "X-Key"),
            "k");
}

// The vectors of AWS's test suite for Signature Version 4.
TEST(ManifestAuth, AwsSignsAsTheVendorsVectors) {
  const AwsKeys keys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
  const WallTime then{std::chrono::seconds{1'440'938'160}};
  const auto signature = [&](std::string_view method, std::string_view path) {
    http::Request request{.method = std::string(method),
                          .url = fmt::format("https://example.amazonaws.com{}", path)};
    EXPECT_TRUE(sign_aws(request, keys, "service", "us-east-1", then));
    const std::string header = header_of(request, "Authorization");
    EXPECT_THAT(header, HasSubstr("Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                                  "SignedHeaders=host;x-amz-date, "));
    return header.substr(header.rfind('=') + 1);
  };
  EXPECT_EQ(signature("GET", "/"),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(signature("POST", "/"),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  EXPECT_EQ(signature("GET", "/?Param2=value2&Param1=value1"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

// Found by aws4 in front of s3rver: S3 signs the name that it has decoded, and a dot is no
// reserved character.
TEST(ManifestAuth, AwsS3SignsANameWithDotsAsS3Does) {
  const AwsKeys keys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
  const auto signature = [&](std::string_view path) {
    http::Request request{.method = "GET",
                          .url = fmt::format("https://example.amazonaws.com{}", path)};
    EXPECT_TRUE(sign_aws(request, keys, "s3", "us-east-1", WallTime{}));
    return header_of(request, "Authorization");
  };
  EXPECT_EQ(signature("/a/%2E%2E/%2Eb"), signature("/a/../.b"));
  EXPECT_NE(signature("/a%2Fb"), signature("/a/b"));
}

// The worked example of X's documentation ("Creating a signature").
TEST(ManifestAuth, Oauth1SignsAsTheVendorsExample) {
  http::Request request{.method = "POST",
                        .url =
                            "https://api.twitter.com/1.1/statuses/update.json?include_entities="
                            "true"};
  set_body(request, "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21",
           "application/x-www-form-urlencoded");
  const OAuth1Keys keys{"xvz1evFS4wEEPTGEFPHBog", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
                        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
                        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE", ""};
  const auto header =
      oauth1_header(request, keys, crypto::Hash::sha1, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
                    WallTime{std::chrono::seconds{1'318'622'958}});
  ASSERT_TRUE(header);
  EXPECT_THAT(*header, HasSubstr("oauth_signature=\"hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D\""));
}

TEST(ManifestAuth, HmacSignsWhatTheManifestSays) {
  const http::Request request = signed_by(
      "{hmac: {sign: '{time}{method}{path}{body}', secret: secret, alg: sha256, encoding: hex, to: "
      "header.X-Sign, time: header.X-Time}}",
      {{"secret", "s3cret-key"}}, "{do: POST /x, params: {}}");
  const std::string expected = crypto::hex(crypto::hmac_sha256("s3cret-key", "1440938160POST/x"));
  EXPECT_EQ(header_of(request, "X-Sign"), expected);
  EXPECT_EQ(header_of(request, "X-Time"), "1440938160");
}

TEST(ManifestAuth, HmacMaySignTheTimeInTheQuery) {
  const http::Request request = signed_by(
      "{hmac: {sign: '{query}', secret: secret, to: query.signature, time: query.timestamp, unit: "
      "ms}}",
      {{"secret", "s3cret-key"}}, "{do: POST /x, set: {query.a: b}}");
  const std::string query = "a=b&timestamp=1440938160000";
  EXPECT_EQ(request.url, "https://api.acme.example/x?" + query +
                             "&signature=" + crypto::hex(crypto::hmac_sha256("s3cret-key", query)));
}

TEST(ManifestAuth, AJwtsKeyMayBeHexadecimal) {
  const std::string auth = "{jwt: {alg: HS256, key: secret, key_encoding: hex}}";
  const std::string token =
      header_of(signed_by(auth, {{"secret", "00ff7a"}}), "Authorization").substr(7);
  EXPECT_EQ(token.substr(token.rfind('.') + 1),
            crypto::base64url_bare(*crypto::sign_jws("HS256", std::string("\0\xff\x7a", 3),
                                                     token.substr(0, token.rfind('.')))));
}

TEST(ManifestAuth, AJwtCarriesItsClaims) {
  const std::string auth = "{jwt: {alg: HS256, claims: {iss: '{{key_id}}'}, key: secret, ttl: 5m}}";
  const std::string header =
      header_of(signed_by(auth, {{"key_id", "k1"}, {"secret", "s3cret-key"}}), "Authorization");
  ASSERT_TRUE(header.starts_with("Bearer "));
  const std::string token = header.substr(7);
  const std::size_t dot = token.find('.');
  const std::size_t last = token.rfind('.');
  const auto part = [](std::string text) {
    while (text.size() % 4 != 0) text += '=';
    return *crypto::decode_base64url(text);
  };
  EXPECT_EQ(part(token.substr(0, dot)), R"({"alg":"HS256","typ":"JWT"})");
  EXPECT_EQ(part(token.substr(dot + 1, last - dot - 1)),
            R"({"iss":"k1","iat":1440938160,"exp":1440938460})");
  EXPECT_EQ(token.substr(last + 1), crypto::base64url_bare(*crypto::sign_jws(
                                        "HS256", "s3cret-key", token.substr(0, last))));
}

TEST(ManifestAuth, ALogInGivesTheTokenForTheCalls) {
  const std::string auth =
      "{exchange: {do: POST /login, send: {u: '{{user}}', p: '{{password}}'}, token: .session, "
      "expires: .ttl, use: header.X-Session}}";
  ManifestCall call(with_auth(auth), "x", "{}", {{"user", "u"}, {"password", "p\"w"}});
  const SignIn* sign_in = call.http().sign_in(call.connection);
  ASSERT_NE(sign_in, nullptr);
  const auto log_in = sign_in->build(call.call());
  ASSERT_TRUE(log_in);
  EXPECT_EQ(log_in->url, "https://api.acme.example/login");
  EXPECT_EQ(log_in->body, R"({"u":"u","p":"p\"w"})");
  const Result<Token> token =
      sign_in->read(call.call(), answer(200, R"({"session":"s-1","ttl":600})"));
  ASSERT_TRUE(token);
  EXPECT_EQ(*token->expires_at, call.now + std::chrono::seconds{600});
  call.connection.values.emplace("session_token",
                                 Secret(std::string(token->values.at("session_token").reveal())));
  EXPECT_EQ(header_of(call.request(), "X-Session"), "s-1");
  EXPECT_EQ(sign_in->read(call.call(), answer(403, R"({"error":"no"})")).error().code,
            "sign_in_failed");
  EXPECT_EQ(sign_in->read(call.call(), answer(200, "<html>")).error().code, "sign_in_failed");
}

// RFC 7523: a service account's signed claim is traded for a token.
TEST(ManifestAuth, AServiceAccountTradesItsClaim) {
  const std::string auth =
      "{jwt: {alg: HS256, key: secret, claims: {iss: '{{client_email}}', aud: "
      "'https://oauth2.example/token'}, exchange: 'https://oauth2.example/token'}}";
  ManifestCall call(with_auth(auth), "x", "{}",
                    {{"client_email", "a@b.example"}, {"secret", "kk"}});
  const SignIn* sign_in = call.http().sign_in(call.connection);
  ASSERT_NE(sign_in, nullptr);
  const auto trade = sign_in->build(call.call());
  ASSERT_TRUE(trade);
  EXPECT_EQ(trade->url, "https://oauth2.example/token");
  EXPECT_THAT(trade->body, HasSubstr("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
                                     "jwt-bearer&assertion=ey"));
  const Result<Token> token =
      sign_in->read(call.call(), answer(200, R"({"access_token":"ya-1","expires_in":3599})"));
  ASSERT_TRUE(token);
  EXPECT_EQ(token->values.at("access_token").reveal(), "ya-1");
}

TEST(ManifestAuth, Oauth2CallsWithTheAccessToken) {
  const std::string auth =
      "{oauth2: {authorize: 'https://a.example/auth', token: 'https://a.example/token', scopes: "
      "[read, write], sep: ',', pkce: false, take: {instance: .instance_url}}}";
  const ManifestCall call(with_auth(auth), "x", "{}", {{"access_token", "at"}});
  EXPECT_EQ(header_of(call.request(), "Authorization"), "Bearer at");
  ASSERT_NE(call.loaded.provider->oauth2, nullptr);
  EXPECT_EQ(call.loaded.provider->oauth2->scope_separator, ",");
  EXPECT_FALSE(call.loaded.provider->oauth2->pkce);
  EXPECT_EQ(call.loaded.provider->oauth2->take.size(), 1u);
}

TEST(ManifestAuth, ClientCredentialsAreTradedForAToken) {
  const std::string auth =
      "{oauth2: {grant: client, token: 'https://a.example/token', scopes: [read], client_auth: "
      "basic}}";
  ManifestCall call(with_auth(auth), "x", "{}", {{"client_id", "id"}, {"client_secret", "s3cret"}});
  const SignIn* sign_in = call.http().sign_in(call.connection);
  ASSERT_NE(sign_in, nullptr);
  const auto request = sign_in->build(call.call());
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->url, "https://a.example/token");
  EXPECT_THAT(request->body, HasSubstr("grant_type=client_credentials"));
  EXPECT_EQ(header_of(*request, "Authorization"), "Basic " + crypto::base64("id:s3cret"));
  const auto token =
      sign_in->read(call.call(), answer(200, R"({"access_token":"at-1","expires_in":60})"));
  ASSERT_TRUE(token);
  call.connection.values.emplace("access_token", Secret("at-1"));
  EXPECT_EQ(header_of(call.request(), "Authorization"), "Bearer at-1");
}

}  // namespace
}  // namespace pilot::providers::manifest
