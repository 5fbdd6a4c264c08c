#include "app/prompt.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "app/plan_file.h"

namespace pilot::app {
namespace {

// Switches echo off while it lives.
class NoEcho {
 public:
  NoEcho() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~NoEcho() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }

 private:
  termios before_{};
  bool changed_ = false;
};

}  // namespace

Result<Secret> read_secret(std::string_view what, std::size_t most) {
  std::string text;
  if (isatty(STDIN_FILENO) == 1) {
    fmt::print(stderr, "{}: ", what);
    {
      const NoEcho quiet;
      std::getline(std::cin, text);
    }
    fmt::print(stderr, "\n");
  } else {
    Result<std::string> all = read_text("-", most);
    if (!all) return all.error();
    text = std::move(*all);
  }
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return invalid("missing_value", "the value is empty; nothing was changed");
  return Secret(std::move(text));
}

}  // namespace pilot::app
