// How commands speak to people and scripts: colours only on a terminal, errors on stderr, text from
// outside never with terminal escapes. Main thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pilot::app {

// 0 only on success; 1: a run or check that failed; 2: refused, with the reason on stderr.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitRefused = 2;

struct Output {
  bool json = false;
  bool terminal = false;  // stdout is one
  bool colour = false;

  // Looks at stdout, NO_COLOR and TERM.
  static Output detect(bool json);
};

enum class Colour { plain, dim, red, green, yellow, cyan, bold };
std::string paint(const Output& output, Colour colour, std::string_view text);

// "error: <message>" with its place; answers kExitRefused.
int refuse(const Error& error);

void print_line(std::string_view text);  // stdout
void print_json(const Json& value);      // stdout, pretty

// Columns padded to their widest cell (in code points).
std::string table(const std::vector<std::vector<std::string>>& rows);

// One line of at most `width` characters, control characters made visible, cut with an ellipsis.
std::string one_line(std::string_view text, std::size_t width);
// A member as text that is safe on a terminal; absent and null: "".
std::string field(const Json& value, std::string_view key);
std::string preview(const Json& value, std::size_t width);  // null: ""
std::string duration_text(std::int64_t milliseconds);       // 12 ms, 1.2 s, 3 m 04 s

}  // namespace pilot::app
