// Which members of its input a program names outright: for checks when a plan is saved.
#include "jq/compiler.h"
#include "jq/parser.h"

namespace pilot::jq {

namespace {

constexpr std::size_t kMost = 1'000;  // each costs a look for its line

class Finder {
 public:
  Finder(std::string_view text, std::vector<Mention>& found) : text_(text), found_(found) {}

  // `e` sees the program's input as `.`.
  void visit(const Expr& e) {
    switch (e.form) {
      case Form::index:
        see_index(e);
        break;
      // The first part sees the input, the others what it gives.
      case Form::pipe:
        visit(*e.kids[0]);
        return;
      case Form::update:
      case Form::reduce:
      case Form::foreach:
        visit(*e.kids[0]);
        return;
      // A call may show its arguments something else; a definition is not used for sure.
      case Form::call:
      case Form::define:
        return;
      default:
        break;
    }
    for (const Expr* kid : e.kids) {
      if (kid != nullptr) visit(*kid);
    }
  }

 private:
  static bool key_of(const Expr& e, std::string& out) {
    if (e.form != Form::index || e.kids[1]->form != Form::constant) return false;
    const Json& key = e.kids[1]->value;
    if (!key.is_string()) return false;
    out = as_view(key.get_string());
    return true;
  }

  void see_index(const Expr& e) {
    std::string first;
    std::string second;
    if (!key_of(e, second) || !key_of(*e.kids[0], first)) return;
    if (e.kids[0]->kids[0]->form != Form::identity) return;
    if (found_.size() >= kMost) return;
    found_.push_back({first, second, place_in(text_, e.at)});
  }

  std::string_view text_;
  std::vector<Mention>& found_;
};

}  // namespace

std::vector<Mention> find_mentions(std::string_view text, const Expr& root) {
  std::vector<Mention> found;
  Finder(text, found).visit(root);
  return found;
}

}  // namespace pilot::jq
