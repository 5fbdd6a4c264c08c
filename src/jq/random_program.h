// Random programs and inputs, for the comparison with the real jq and for the fuzzer: most of them
// compile, many do something, all come to an end. Tests only.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace pilot::jq {

class RandomProgram {
 public:
  explicit RandomProgram(std::uint64_t seed) : random_(seed) {}

  std::string program() {
    variables_ = 0;
    return expression(4);
  }
  std::string input() { return json(3); }

 private:
  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  template <std::size_t N>
  std::string one_of(const char* const (&all)[N]) {
    return all[below(N)];
  }

  std::string key() { return one_of({"a", "b", "c", "name", "items"}); }
  std::string text() {
    return one_of({"\"\"", "\"a\"", "\"b c\"", "\"1\"", "\"x,y\"", "\"\\u00e9t\\u00e9\"",
                   "\"A<&>\"", "\"2015-03-05T23:51:47Z\"", "\"[1]\""});
  }
  std::string number() {
    return one_of({"0", "1", "2", "3", "-1", "0.5", "10", "7", "1.5", "100"});
  }
  std::string scalar() {
    switch (below(5)) {
      case 0:
        return one_of({"null", "true", "false"});
      case 1:
        return text();
      default:
        return number();
    }
  }

  std::string json(int depth) {
    if (depth == 0 || chance(20)) return scalar();
    std::string out;
    const std::size_t count = below(4);
    if (chance(50)) {
      const bool numbers = chance(40);
      for (std::size_t i = 0; i < count; ++i) {
        out += (i > 0 ? "," : "") + (numbers ? number() : json(depth - 1));
      }
      return "[" + out + "]";
    }
    const char* keys[] = {"a", "b", "name", "items"};
    for (std::size_t i = 0; i < count; ++i) {
      out += (i > 0 ? ",\"" : "\"") + std::string(keys[i]) + "\":" + json(depth - 1);
    }
    return "{" + out + "}";
  }

  // Mostly what does not fail on the wrong kind of value: an error ends the whole program.
  std::string path(int depth) {
    if (chance(50)) {
      return chance(30) ? ".[]?" : "." + key() + (chance(30) ? "[]?" : "?");
    }
    switch (below(10)) {
      case 0:
        return ".";
      case 1:
        return "." + key();
      case 2:
        return "." + key() + "." + key();
      case 3:
        return ".[" + number() + "]";
      case 4:
        return ".[]";
      case 5:
        return "." + key() + "[]?";
      case 6:
        return ".[" + number() + ":" + number() + "]";
      case 7:
        return "." + key() + "?";
      case 8:
        return depth > 0 ? path(depth - 1) + "|" + path(depth - 1) : ".[]?";
      default:
        return ".[\"" + key() + "\"]";
    }
  }

  std::string variable() {
    return variables_ == 0 ? "." : "$v" + std::to_string(below(variables_));
  }

  std::string builtin(int depth) {
    const auto e = [&] { return expression(depth - 1); };
    switch (below(7)) {
      case 0:
      case 1:
      case 2:
        return one_of({"length",
                       "keys",
                       "keys_unsorted",
                       "type",
                       "not",
                       "add",
                       "reverse",
                       "sort",
                       "unique",
                       "min",
                       "max",
                       "flatten",
                       "floor",
                       "sqrt",
                       "tostring",
                       "tojson",
                       "([fromjson?]|.[])",
                       "([tonumber?]|.[])",
                       "explode",
                       "ascii_downcase",
                       "ascii_upcase",
                       "to_entries",
                       "([from_entries?]|.[])",
                       "first",
                       "last",
                       "any",
                       "all",
                       "([transpose?]|.[])",
                       "@text",
                       "@json",
                       "@html",
                       "@uri",
                       "@csv",
                       "@tsv",
                       "@sh",
                       "@base64",
                       "([@base64d?]|.[])",
                       "paths",
                       "leaf_paths",
                       "..",
                       "recurse",
                       "values",
                       "nulls",
                       "strings",
                       "numbers",
                       "arrays",
                       "objects",
                       "iterables",
                       "scalars",
                       "booleans",
                       "empty",
                       "error(\"e\")",
                       "utf8bytelength",
                       "([implode?]|.[])",
                       "([gmtime?]|.[])",
                       "([mktime?]|.[])",
                       "([todate?]|.[])",
                       "([fromdate?]|.[])",
                       "infinite",
                       "isnan",
                       "isinfinite",
                       "tojson",
                       "ceil",
                       "round",
                       "fabs"});
      case 3:
        if (chance(10)) {
          return one_of({"map_values", "walk"}) + "(first((" + e() + "),0))";
        }
        if (chance(10)) return "limit(" + one_of({"1", "2", "3", "-1"}) + ";" + e() + ")";
        return one_of({"map", "select", "sort_by", "group_by", "unique_by", "min_by", "max_by",
                       "any", "all", "path", "del", "first", "last", "isempty", "with_entries",
                       "to_entries|map", "paths"}) +
               "(" + e() + ")";
      case 4:
        return one_of({"has",      "contains", "inside",   "join",   "split",   "startswith",
                       "endswith", "ltrimstr", "rtrimstr", "index",  "rindex",  "indices",
                       "flatten",  "range",    "nth",      "in",     "getpath", "delpaths",
                       "test",     "match",    "scan",     "capture"}) +
               "(" + (chance(60) ? scalar() : e()) + ")";
      case 5:
        return one_of({"range", "any", "all", "sub", "gsub", "setpath", "pow", "split", "recurse",
                       "test"}) +
               "(" + (chance(70) ? scalar() : e()) + ";" + (chance(50) ? scalar() : e()) + ")";
      default:
        return "(" + e() + ")|" + one_of({"tostring", "tojson", "length", "type", "not"});
    }
  }

  std::string expression(int depth) {
    if (depth <= 0) return chance(60) ? path(0) : (chance(40) ? variable() : scalar());
    const auto e = [&] { return expression(depth - 1); };
    switch (below(22)) {
      case 0:
      case 1:
        return "(" + e() + "|" + e() + ")";
      case 2:
        return "(" + e() + "," + e() + ")";
      case 3:
        return "[" + e() + "]";
      case 4:
        return "{" + key() + ":(" + e() + "),(\"" + key() + "\"):(" + e() + ")}";
      case 5:
      case 6:
        if (chance(40)) return "((" + e() + "|length)" + one_of({"+", "-", "*"}) + number() + ")";
        return "(" + e() + one_of({"+", "-", "*", "/", "%"}) + e() + ")";
      case 7:
        return "(" + e() + one_of({"==", "!=", "<", "<=", ">", ">="}) + e() + ")";
      case 8:
        return "(" + e() + one_of({" and ", " or "}) + e() + ")";
      case 9:
        return "(" + e() + "//" + e() + ")";
      case 10:
        return "(if " + e() + " then " + e() + " else " + e() + " end)";
      case 11:
        // In [ ]: in jq 1.6 a try catches what is raised behind it, too.
        return "([try (" + e() + ") catch (" + e() + ")]|.[])";
      case 12: {
        const std::string source = e();
        const std::string name = "$v" + std::to_string(variables_++);
        const std::string body = e();
        --variables_;
        return "((" + source + ") as " + name + "|" + body + ")";
      }
      case 13: {
        const std::string source = path(1);
        const std::string init = scalar();
        const std::string name = "$v" + std::to_string(variables_++);
        const std::string update = e();
        --variables_;
        return "(reduce (" + source + ") as " + name + " (" + init + ";" + update + "))";
      }
      case 14: {
        const std::string name = "$v" + std::to_string(variables_++);
        const std::string update = e();
        --variables_;
        return "(foreach (" + path(1) + ") as " + name + " (0;" + update + ";.))";
      }
      case 15:
        return "((" + path(1) + ")" + one_of({"|=", "=", "+=", "-=", "*=", "//="}) + scalar() + ")";
      case 16:
        // Never without an output: jq 1.6 deletes wrongly then.
        return "((" + path(1) + ")|=first((" + e() + "),0))";
      case 17:
        return "\"x\\(" + e() + ")y\"";
      case 18:
        return "(label $out|" + e() + "|(.,break $out))";
      case 19:
        return "(def f(g): " + one_of({"g|g", "[g]", "g,.", ".+1|g"}) + "; f(" + e() + "))";
      default:
        return builtin(depth);
    }
  }

  std::mt19937_64 random_;
  std::size_t variables_ = 0;
};

}  // namespace pilot::jq
