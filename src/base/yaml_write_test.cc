#include <gmock/gmock.h>

#include "base/yaml.h"

namespace pilot {
namespace {

TEST(YamlWrite, LooksAsPeopleWriteIt) {
  const Json value = *parse_json(R"({"id":"pet_store","base":"https://{{region}}.example.com",
    "actions":{"get_pet":{"do":"GET /pets/{petId}","params":{"petId":{"type":"integer",
    "required":true,"description":"Its id, as the list of all pets has it"}}}},
    "list":[{"a":1},{"b":[]}],"none":{}})");
  EXPECT_EQ(to_yaml(value), R"(id: pet_store
base: "https://{{region}}.example.com"
actions:
  get_pet:
    do: "GET /pets/{petId}"
    params:
      petId:
        type: integer
        required: true
        description: "Its id, as the list of all pets has it"
list: [{a: 1}, {b: []}]
none: {}
)");
}

TEST(YamlWrite, ReadsBackToTheSame) {
  for (
      const std::string_view text :
      {R"("yes")",
       R"("true")",
       R"("null")",
       R"("1.5")",
       R"("0x1f")",
       R"("~")",
       R"("a: b")",
       R"("a #b")",
       R"("- a")",
       R"(" a ")",
       R"("a\nb\t\u0001\u007f\\\"")",
       R"("\u00e9\ud83d\ude00")",
       R"("")",
       R"({"":1,"a b":2,"?":3,"<<x":[[],[[1]],{}]})",
       "[]",
       "{}",
       "null",
       "-0.5",
       "[null]",
       R"({"a":{"b":{"c":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",[["bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"],{"x":["ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"]}]]}}})"}) {
    const Json value = *parse_json(text);
    const Result<Json> back = parse_yaml(to_yaml(value));
    ASSERT_TRUE(back) << to_yaml(value) << back.error().message;
    EXPECT_EQ(*back, value) << to_yaml(value);
  }
}

}  // namespace
}  // namespace pilot
