#include "jq/library.h"

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>

#include "jq/compiler.h"
#include "jq/parser.h"
#include "jq/prelude.h"

namespace pilot::jq {

namespace {

using Key = std::pair<std::string_view, std::size_t>;

// Constant after its making: names to where they are defined.
struct Library {
  std::map<Key, const Builtin*> builtins;
  std::map<Key, const FunctionDef*> functions;
  std::unique_ptr<Ast> prelude;

  Library() {
    for (const auto& group :
         {value_builtins(), order_builtins(), path_builtins(), number_builtins(), text_builtins(),
          format_builtins(), regex_builtins(), time_builtins()}) {
      for (const Builtin& builtin : group) {
        builtins[{builtin.name, static_cast<std::size_t>(builtin.arity)}] = &builtin;
      }
    }
    Result<std::unique_ptr<Ast>> parsed = parse_definitions(kPrelude);
    if (!parsed) throw std::logic_error("prelude: " + parsed.error().message);
    prelude = std::move(*parsed);
    for (const FunctionDef* function : prelude->definitions) {
      functions[{function->name, function->parameters.size()}] = function;
    }
  }
};

const Library& library() {
  static const Library made;
  return made;
}

}  // namespace

const Builtin* find_builtin(std::string_view name, int arity) {
  const auto& all = library().builtins;
  const auto found = all.find({name, static_cast<std::size_t>(arity)});
  return found == all.end() ? nullptr : found->second;
}

const FunctionDef* find_prelude(std::string_view name, std::size_t arity) {
  const auto& all = library().functions;
  const auto found = all.find({name, arity});
  return found == all.end() ? nullptr : found->second;
}

std::vector<std::string> all_builtin_names() {
  std::vector<std::string> names = {"empty/0",   "not/0",   "builtins/0", "path/1",
                                    "range/1",   "range/2", "range/3",    "limit/2",
                                    "isempty/1", "first/1", "getpath/1"};
  const auto add = [&](const Key& key) {
    if (key.first.starts_with('_') || key.first.starts_with('@')) return;
    names.push_back(std::string(key.first) + "/" + std::to_string(key.second));
  };
  for (const auto& [key, builtin] : library().builtins) add(key);
  for (const auto& [key, function] : library().functions) add(key);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace pilot::jq
