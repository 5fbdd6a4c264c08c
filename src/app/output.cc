#include "app/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/log.h"

namespace pilot::app {
namespace {

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

}  // namespace

Output Output::detect(bool json) {
  Output out{.json = json, .terminal = isatty(STDOUT_FILENO) == 1};
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  out.colour = out.terminal && !dumb && (no_colour == nullptr || *no_colour == '\0');
  return out;
}

std::string paint(const Output& output, Colour colour, std::string_view text) {
  if (!output.colour || colour == Colour::plain) return std::string(text);
  int code = 0;
  switch (colour) {
    case Colour::bold:
      code = 1;
      break;
    case Colour::dim:
      code = 2;
      break;
    case Colour::red:
      code = 31;
      break;
    case Colour::green:
      code = 32;
      break;
    case Colour::yellow:
      code = 33;
      break;
    case Colour::cyan:
      code = 36;
      break;
    case Colour::plain:
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

int refuse(const Error& error) {
  // A list of problems has its pointers in the message already.
  const bool placed =
      error.pointer.empty() || error.message.find(error.pointer) != std::string::npos;
  fmt::print(stderr, "error: {}{}\n", printable(error.message),
             placed ? "" : fmt::format(" (at {})", printable(error.pointer)));
  return kExitRefused;
}

void print_line(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void print_json(const Json& value) { print_line(to_pretty_json(value)); }

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], characters(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - characters(row[i]) + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string one_line(std::string_view text, std::size_t width) {
  const std::string clean = printable(utf8_prefix(text, width * 4 + 16));
  const std::string_view cut = utf8_prefix_characters(clean, width);
  if (cut.size() == clean.size()) return clean;
  return std::string(utf8_prefix_characters(clean, width > 0 ? width - 1 : 0)) + "…";
}

std::string field(const Json& value, std::string_view key) {
  const Json* member = find(value, key);
  if (member == nullptr || member->is_null()) return "";
  return member->is_string() ? printable(as_view(member->get_string())) : to_json(*member);
}

std::string preview(const Json& value, std::size_t width) {
  if (value.is_null()) return "";
  if (value.is_string()) return one_line(as_view(value.get_string()), width);
  return one_line(to_json(value), width);
}

std::string duration_text(std::int64_t ms) {
  if (ms < 1'000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
  return fmt::format("{} m {:02} s", ms / 60'000, ms / 1'000 % 60);
}

}  // namespace pilot::app
