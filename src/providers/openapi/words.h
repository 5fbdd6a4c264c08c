// Texts of a foreign document made safe: names of actions and params, descriptions, globs. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace pilot::providers::openapi {

// "listPets", "repos/list-for-org", "../../x" -> list_pets, repos_list_for_org, x. At most
// `most` characters, cut between words where that loses little; empty when nothing is left.
std::string snake_case(std::string_view text, std::size_t most);

// The text as it stands where it is [A-Za-z_][A-Za-z0-9_]*, else with _ for everything else.
std::string identifier(std::string_view text, std::size_t most);

// One paragraph: no control characters, no marks that turn the direction of writing, blanks
// joined, at most `most` characters.
std::string plain_text(std::string_view text, std::size_t most);

std::string lower_case(std::string_view text);

// * is any text, ? one character; the rest as it stands.
bool glob_fits(std::string_view glob, std::string_view text);

// Names that are given once.
class NameSet {
 public:
  bool take(const std::string& name) { return taken_.insert(name).second; }
  // `name`, or it with _2, _3 ... so that it is new and at most `most` characters.
  std::string unique(const std::string& name, std::size_t most);

 private:
  std::set<std::string, std::less<>> taken_;
};

}  // namespace pilot::providers::openapi
