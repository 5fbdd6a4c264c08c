// The search for canaries finds what it says it finds: a search that finds nothing proves nothing.
#include "canaries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace pilot::e2e {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Canary kOne{"key", "sk-one/7e0c913c+91f3dba181e69=\"aa04<c5d1>"};
const Canary kOther{"password", "p\"&<>%\nw-2b5f0c9e7d1a4f6088e3b7c6d5a4f3e2"};

std::string gzip(std::string text) {
  std::string out(text.size() + 100, '\0');
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return out;
}

TEST(Canaries, EachFormIsFoundWhereverItStands) {
  const Search search({kOne, kOther});
  for (const Canary& canary : {kOne, kOther}) {
    for (const std::string& form : forms_of(canary.value)) {
      for (const std::string& text : {form, "x" + form, std::string(70'000, '\0') + form + "y"}) {
        EXPECT_FALSE(search.found(text).empty()) << canary.name << " as " << form;
      }
      EXPECT_FALSE(search.found("before" + gzip("a text with " + form) + "after").empty()) << form;
    }
  }
}

TEST(Canaries, Utf16BackwardsAndHalves) {
  const Search search({kOne});
  const auto utf16 = [](std::string_view text, bool little) {
    std::string out;
    for (const char c : text) out += little ? std::string{c, '\0'} : std::string{'\0', c};
    return out;
  };
  EXPECT_FALSE(search.found(utf16(kOne.value, true)).empty());
  EXPECT_FALSE(search.found(utf16(kOne.value, false)).empty());
  EXPECT_EQ(search.found(std::string(kOne.value.rbegin(), kOne.value.rend())).size(), 1u);
  const std::size_t half = kOne.value.size() / 2;
  EXPECT_THAT(search.found("cut here: " + kOne.value.substr(0, half) + "..."),
              ElementsAre("key as " + kOne.value.substr(0, half)));
  EXPECT_THAT(search.found(kOne.value.substr(half) + " was the end"),
              ElementsAre("key as " + kOne.value.substr(half)));
}

TEST(Canaries, WhatIsNotThereIsNotFound) {
  const Search search({kOne, kOther});
  EXPECT_THAT(search.found(""), IsEmpty());
  EXPECT_THAT(search.found("sk-"), IsEmpty());
  EXPECT_THAT(search.found("sk-one/7e0c and *** and sk-two"), IsEmpty());
  EXPECT_THAT(search.found(gzip("nothing of it")), IsEmpty());
  EXPECT_THAT(search.found("\x1f\x8b\x08 that is no gzip"), IsEmpty());
}

}  // namespace
}  // namespace pilot::e2e
