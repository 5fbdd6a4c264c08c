#include "http/body.h"

#include <gtest/gtest.h>

namespace pilot::http {
namespace {

TEST(Body, Form) {
  EXPECT_EQ(encode_form({{"a", "1 2"}, {"b&", "ü="}}), "a=1+2&b%26=%C3%BC%3D");
  EXPECT_EQ(encode_form({}), "");
}

TEST(Body, Multipart) {
  const Result<Multipart> made =
      build_multipart({{.name = "note", .value = "hello"},
                       {.name = "file",
                        .value = std::string("\0\r\n", 3),
                        .filename = "a \"b\"\r\n.png",
                        .content_type = "image/png"},
                       {.name = "raw", .value = "x", .filename = "x.bin"}},
                      "B");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->content_type, "multipart/form-data; boundary=B");
  EXPECT_EQ(made->body,
            std::string("--B\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
                        "--B\r\nContent-Disposition: form-data; name=\"file\"; "
                        "filename=\"a %22b%22%0D%0A.png\"\r\nContent-Type: image/png\r\n\r\n") +
                std::string("\0\r\n", 3) +
                "\r\n--B\r\nContent-Disposition: form-data; name=\"raw\"; filename=\"x.bin\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\nx\r\n--B--\r\n");
}

TEST(Body, DerivedBoundaryIsStableAndFollowsTheContent) {
  const std::vector<Part> parts{{.name = "a", .value = "1"}};
  const auto one = build_multipart(parts);
  const auto again = build_multipart(parts);
  const auto other = build_multipart({{.name = "a", .value = "2"}});
  ASSERT_TRUE(one && again && other);
  EXPECT_EQ(one->body, again->body);
  EXPECT_NE(one->content_type, other->content_type);
}

TEST(Body, MultipartRefusesWhatBreaksOut) {
  const Part evil{.name = "a", .value = "", .filename = {}, .content_type = "text/plain\r\nX: y"};
  EXPECT_EQ(build_multipart({evil}).error().code, "invalid_header");
  EXPECT_EQ(build_multipart({{.name = "a", .value = "x--B--x"}}, "B").error().code, "invalid_body");
  EXPECT_EQ(build_multipart({}, "a b\r\n").error().code, "invalid_header");
}

TEST(Body, ContentType) {
  const MediaType json = parse_content_type("Application/JSON; charset=\"UTF-8\"");
  EXPECT_EQ(json.type, "application/json");
  EXPECT_EQ(json.charset, "utf-8");
  EXPECT_TRUE(json.is_json());
  EXPECT_TRUE(parse_content_type("application/problem+json").is_json());
  EXPECT_TRUE(parse_content_type("text/html").is_text());
  EXPECT_FALSE(parse_content_type("image/png").is_text());
  const MediaType odd =
      parse_content_type(" text/plain ;x=\";charset=no\" ; CharSet = iso-8859-1 ; charset=b");
  EXPECT_EQ(odd.type, "text/plain");
  EXPECT_EQ(odd.charset, "iso-8859-1");
  EXPECT_EQ(parse_content_type("").type, "");
  EXPECT_EQ(parse_content_type("nonsense").type, "");
  EXPECT_EQ(parse_content_type("text/plain; charset=\"").charset, "\"");
}

}  // namespace
}  // namespace pilot::http
