#include "providers/chat_completions.h"

#include <gmock/gmock.h>

#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;
using Values = std::map<std::string, std::string>;

const Values kKey = {{"api_key", "sk-test"}};

TestCall ask(const char* params, const Values& values = kKey, const char* provider = "openai") {
  return TestCall(provider, "chat_completion", params, values);
}

http::Response said(std::string content, std::string finish = "stop") {
  JsonObject message{{"role", "assistant"}, {"content", content}};
  JsonObject choice{{"index", 0}, {"message", message}, {"finish_reason", finish}};
  return answer(200, to_json(JsonObject{{"model", "gpt-x"},
                                        {"choices", JsonArray{choice}},
                                        {"usage", JsonObject{{"prompt_tokens", 3},
                                                             {"completion_tokens", 4},
                                                             {"total_tokens", 7}}}}));
}

std::string code_of(const ProviderResult& result) {
  return result.success ? "ok" : result.error->code;
}

TEST(ChatCompletions, SmallestRequest) {
  const auto request = ask(R"({"prompt":"Hi"})").build();
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->url, "https://api.openai.com/v1/chat/completions");
  EXPECT_EQ(header_of(*request, "Authorization"), "Bearer sk-test");
  EXPECT_EQ(header_of(*request, "Content-Type"), "application/json");
  EXPECT_EQ(request->body,
            R"({"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]})");
  const auto groq = ask(R"({"prompt":"Hi"})", kKey, "groq").build();
  EXPECT_EQ(groq->url, "https://api.groq.com/openai/v1/chat/completions");
  EXPECT_THAT(groq->body, HasSubstr(R"("model":"llama-3.3-70b-versatile")"));
}

TEST(ChatCompletions, AllParams) {
  const auto request =
      ask(R"({"prompt":"P","system":"S","messages":[{"role":"assistant","content":"M"}],
              "model":"m1","temperature":0.5,"max_tokens":9,"tools":[{"type":"function"}],
              "tool_choice":"auto","json_schema":{"type":"object"},"schema_name":"out",
              "strict":false,"options":{"top_p":0.1}})")
          .build();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body,
            R"({"model":"m1","messages":[{"role":"system","content":"S"},)"
            R"({"role":"assistant","content":"M"},{"role":"user","content":"P"}],)"
            R"("temperature":0.5,"max_completion_tokens":9,"tools":[{"type":"function"}],)"
            R"("tool_choice":"auto","response_format":{"type":"json_schema","json_schema":)"
            R"({"name":"out","strict":false,"schema":{"type":"object"}}},"top_p":0.1})");
  EXPECT_THAT(ask(R"({"prompt":"P","json":true})").build()->body,
              HasSubstr(R"("response_format":{"type":"json_object"})"));
}

TEST(ChatCompletions, BaseUrl) {
  const Values other = {{"api_key", "k"}, {"base_url", "http://127.0.0.1:9/v1/"}};
  EXPECT_EQ(ask(R"({"prompt":"x"})", other).build()->url, "http://127.0.0.1:9/v1/chat/completions");
  EXPECT_EQ(ask(R"({"prompt":"x","base_url":"https://b.test"})", other).build()->url,
            "https://b.test/chat/completions");
  EXPECT_EQ(ask(R"({"prompt":"x","base_url":"b.test"})").build().error().code, "invalid_url");
}

TEST(ChatCompletions, WhatIsMissing) {
  const auto request = ask(R"({"prompt":"x"})", {}).build();
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, "missing_credentials");
  EXPECT_THAT(request.error().message, HasSubstr("pilot credentials set openai api_key"));
  EXPECT_THAT(ask(R"({"prompt":"x"})", {}, "groq").build().error().message,
              HasSubstr("pilot credentials set groq api_key"));
  EXPECT_FALSE(ask("{}").build());
}

TEST(ChatCompletions, ReadsTheAnswer) {
  const ProviderResult result = ask(R"({"prompt":"x"})").read(said("Hello"));
  ASSERT_TRUE(result.success);
  EXPECT_EQ(to_json(result.output), R"({"text":"Hello","finish_reason":"stop","model":"gpt-x"})");
  EXPECT_EQ(to_json(*find(result.metadata, "usage")),
            R"({"input_tokens":3,"output_tokens":4,"total_tokens":7,)"
            R"("raw":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}})");
  EXPECT_EQ(code_of(ask(R"({"prompt":"x"})").read(said("Hel", "length"))), "ok");
}

TEST(ChatCompletions, JsonIsParsedAndChecked) {
  const char* with_schema = R"({"prompt":"x","json_schema":{"type":"object",
      "properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}})";
  const ProviderResult good = ask(with_schema).read(said(R"({"n":5})"));
  ASSERT_TRUE(good.success) << good.message;
  EXPECT_EQ(to_json(*find(good.output, "json")), R"({"n":5})");
  EXPECT_EQ(code_of(ask(with_schema).read(said(R"({"n":"five"})"))), "bad_model_output");
  EXPECT_EQ(code_of(ask(with_schema).read(said("five"))), "bad_model_output");
  EXPECT_EQ(code_of(ask(with_schema).read(said(R"({"n":)", "length"))), "output_truncated");
  EXPECT_EQ(code_of(ask(R"({"prompt":"x","json":true})").read(said("[1]"))), "ok");
  EXPECT_EQ(code_of(ask(R"({"prompt":"x","json":true})").read(said("sorry"))), "bad_model_output");
  // Words that we do not check are left to the vendor.
  EXPECT_EQ(code_of(ask(R"({"prompt":"x","json_schema":{"frobnicate":1}})").read(said("{}"))),
            "ok");
  const ProviderResult bad = ask(with_schema).read(said(R"({"n":"five"})"));
  EXPECT_EQ(to_json(bad.error->details), R"({"text":"{\"n\":\"five\"}"})");
  EXPECT_NE(find(bad.metadata, "usage"), nullptr);  // it was paid for
}

TEST(ChatCompletions, RefusalsFiltersAndTools) {
  const auto read = [](const char* choice, const char* params = R"({"prompt":"x","json":true})") {
    return ask(params).read(answer(200, std::string(R"({"choices":[)") + choice + "]}"));
  };
  EXPECT_EQ(code_of(read(R"({"message":{"content":null,"refusal":"No."},"finish_reason":"stop"})")),
            "model_refused");
  EXPECT_EQ(code_of(read(R"({"message":{"content":"x"},"finish_reason":"content_filter"})")),
            "content_filtered");
  const ProviderResult tools = read(
      R"({"message":{"content":null,"tool_calls":[{"id":"c1"}]},"finish_reason":"tool_calls"})");
  ASSERT_TRUE(tools.success);
  EXPECT_EQ(to_json(tools.output),
            R"({"text":"","tool_calls":[{"id":"c1"}],"finish_reason":"tool_calls","model":""})");
  const ProviderResult parts =
      read(R"({"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}})",
           R"({"prompt":"x"})");
  EXPECT_EQ(string_or(parts.output, "text"), "ab");
}

TEST(ChatCompletions, BadAnswers) {
  const TestCall call = ask(R"({"prompt":"x"})");
  EXPECT_EQ(code_of(call.read(answer(200, "<html>"))), "bad_response");
  EXPECT_EQ(code_of(call.read(answer(200, "{}"))), "bad_response");
  EXPECT_EQ(code_of(call.read(answer(200, R"({"choices":[]})"))), "bad_response");
  EXPECT_EQ(code_of(call.read(answer(200, R"({"choices":[null]})"))), "ok");
  EXPECT_THAT(call.read(answer(200, R"({"error":{"message":"overloaded"}})")).message,
              HasSubstr("overloaded"));
  const ProviderResult refused =
      call.read(answer(401, R"({"error":{"message":"Incorrect API key provided"}})"));
  EXPECT_EQ(refused.error->code, "unauthorized");
  EXPECT_EQ(refused.message, "HTTP 401: Incorrect API key provided");
}

}  // namespace
}  // namespace pilot::providers
