// The key ring over HTTP: only ids, only for the operator, page by page.
#include <boost/asio/io_context.hpp>

#include "api/test_api.h"
#include "base/crypto.h"
#include "base/run_here.h"
#include "vault/key_folder.h"

namespace pilot::api {
namespace {

class KeyringRoutes : public ApiTest {
 protected:
  // As the holder of an API key with every scope there is.
  Answer as_key(Method method, std::string_view target, std::string body = {}) {
    if (!made_) {
      const std::string text = "pk_" + std::string(43, 'a');
      store::ApiKey key;
      key.user = {"local"};
      key.id = "key-1";
      key.sha256 = crypto::hex(crypto::sha256(text));
      key.scopes = Scopes::all();
      key.created_at = clock_.now();
      boost::asio::io_context io;
      EXPECT_TRUE(run_here(io, store_->create_key(key)));
      made_ = text;
    }
    Request request;
    request.method = method;
    EXPECT_TRUE(parse_target(target, request));
    const std::string bearer = "Bearer " + *made_;
    request.headers = {{"Host", "localhost"}, {"Authorization", bearer}};
    if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
    request.has_body = !body.empty();
    request.body = std::move(body);
    boost::asio::io_context io;
    const Response response = run_here(io, router_.handle(request));
    Answer out;
    out.status = response.status;
    out.body = response.body;
    return out;
  }
  void put_credentials(int count) {
    JsonObject all;
    for (int i = 0; i < count; ++i) all[fmt::format("t{:04}", i)] = "canary";
    EXPECT_EQ(
        post("/api/provider-credentials/chat", to_json(JsonObject{{"credentials", std::move(all)}}))
            .status,
        201);
  }
  std::optional<std::string> made_;
};

TEST_F(KeyringRoutes, ListsIdsAndNeverKeys) {
  put_credentials(3);
  const Answer answer = get("/api/keyring");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto ring = keys_.ring();
  const Json& first = find(answer.json, "keys")->get_array()[0];
  EXPECT_EQ(string_or(first, "id"), ring->first().id);
  EXPECT_EQ(*find(first, "rows"), Json(3));
  EXPECT_EQ(answer.body.find(ring->first().key.to_text().reveal()), std::string::npos);
}

TEST_F(KeyringRoutes, EveryScopeIsNotEnough) {
  for (const auto& [method, target] :
       {std::pair{Method::get, "/api/keyring"}, std::pair{Method::post, "/api/keyring/rotate"},
        std::pair{Method::del, "/api/keyring/01234567"}}) {
    const Answer answer = as_key(method, target);
    EXPECT_EQ(answer.status, 403) << target << answer.body;
    EXPECT_NE(answer.body.find("not_operator"), std::string::npos) << answer.body;
  }
}

TEST_F(KeyringRoutes, ARotationGoesPageByPageByItsCursor) {
  put_credentials(501);
  // These keys have no file, as those of the environment.
  Answer page = post("/api/keyring/rotate", R"({"continue":true})");
  ASSERT_EQ(page.status, 200) << page.body;
  EXPECT_EQ(*find(page.json, "seen"), Json(500));
  EXPECT_EQ(*find(page.json, "changed"), Json(0)) << "sealed with the first key already";
  const std::string cursor{string_or(page.json, "next_cursor")};
  ASSERT_FALSE(cursor.empty());
  page = post("/api/keyring/rotate", to_json(JsonObject{{"cursor", cursor}}));
  EXPECT_EQ(*find(page.json, "seen"), Json(1));
  EXPECT_TRUE(find(page.json, "next_cursor")->is_null());
}

TEST_F(KeyringRoutes, BadRequestsSayWhatIsWrong) {
  for (const char* cursor : {"x", "W10=", "WzEsMiwzLDRd", "AAAA", "bnVsbA=="}) {
    const Answer answer = post("/api/keyring/rotate", to_json(JsonObject{{"cursor", cursor}}));
    EXPECT_EQ(answer.status, 400) << cursor << answer.body;
    EXPECT_EQ(string_or(answer.json, "code"), "invalid_cursor");
  }
  EXPECT_EQ(post("/api/keyring/rotate", R"({"continue":1})").status, 422);
  EXPECT_EQ(post("/api/keyring/rotate", R"({"kontinue":true})").status, 422);
}

TEST_F(KeyringRoutes, AKeyThatIsNeededStays) {
  put_credentials(2);
  const Answer answer = call(Method::del, "/api/keyring/" + keys_.ring()->first().id);
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(string_or(answer.json, "code"), "key_in_use");
  EXPECT_NE(answer.body.find("2 stored credentials"), std::string::npos) << answer.body;
}

}  // namespace
}  // namespace pilot::api
