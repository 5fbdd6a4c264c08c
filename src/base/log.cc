#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/json.h"

namespace pilot {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

// Length of the UTF-8 character at the front of `text`, 0 if it is none.
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return n <= text.size() && is_valid_utf8(text.substr(0, n)) ? n : 0;
}

// Controls of ASCII and Latin-1, line and paragraph separator, and what turns the direction of text
// round: all can make a line look like another one.
bool is_unsafe(std::string_view character) {
  const auto at = [character](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return at(0) < 0x20 || at(0) == 0x7f;
  if (character.size() == 2) return at(0) == 0xc2 && at(1) < 0xa0;
  if (character.size() != 3 || at(0) != 0xe2) return false;
  return (at(1) == 0x80 && at(2) >= 0xa8 && at(2) <= 0xae) ||  // U+2028 to U+202E
         (at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9);    // U+2066 to U+2069
}

// What stands before and after the line's own part; the time and the level are spdlog's to fill in.
const char* pattern(LogFormat format) {
  return format == LogFormat::json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})"
                                   : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
}

// A word stands as it is, so that it is easy to look for; anything else in quotes.
void append_word(std::string& out, const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=") == std::string::npos;
  if (plain) {
    out += value;
  } else {
    append_json_string(out, value);
  }
}

void append_field(std::string& out, const LogField& field, LogFormat format) {
  if (format == LogFormat::json) {
    out += ',';
    append_json_string(out, printable(field.name));
    out += ':';
  } else {
    fmt::format_to(std::back_inserter(out), " {}=", printable(field.name));
  }
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(out), "{}", *number);
    return;
  }
  const std::string value = printable(std::get<std::string_view>(field.value));
  if (format == LogFormat::json) {
    append_json_string(out, value);
  } else {
    append_word(out, value);
  }
}

}  // namespace

struct Log::Sink {
  spdlog::logger logger;
};

Log::Log(LogLevel level, LogFormat format) : level_(level), format_(format) {
  auto out = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  out->set_formatter(
      std::make_unique<spdlog::pattern_formatter>(pattern(format), spdlog::pattern_time_type::utc));
  sink_ = std::make_unique<Sink>(Sink{spdlog::logger("pilot", std::move(out))});
  sink_->logger.set_level(to_spdlog(level));
}

Log::~Log() = default;

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = printable(message);
  if (format_ == LogFormat::json) {
    std::string quoted;
    append_json_string(quoted, line);
    line = std::move(quoted);
  }
  for (const LogField& field : fields) append_field(line, field, format_);
  sink_->logger.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t n = character_length(text);
    const std::string_view character = text.substr(0, n == 0 ? 1 : n);
    if (n == 0 || is_unsafe(character)) {
      for (const char c : character) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
      }
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace pilot
