// The program's own log, to stderr: one line a message, as text or as a JSON object, time in UTC.
// Control characters and what is not UTF-8 are escaped in both, so that no input can forge a line.
// Never give it a Secret (it would not compile), a request's body, or the value of a header.
// spdlog lives behind this; handed in by reference, no global. Any thread.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <variant>

namespace pilot {

enum class LogLevel { debug, info, warn, error, off };

// text: 2026-11-23T04:12:00.992Z info stopped reason=signal
// json: {"ts":"2026-11-23T04:12:00.992Z","level":"info","message":"stopped","reason":"signal"}
enum class LogFormat { text, json };

// Beside a message: what programs look for. Names are plain words of ours.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t> value;
};

class Log {
 public:
  explicit Log(LogLevel level = LogLevel::info, LogFormat format = LogFormat::text);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    write_if(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    write_if(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    write_if(LogLevel::warn, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    write_if(LogLevel::error, format, std::forward<Args>(args)...);
  }
  // A line with fields; the message is the same each time.
  void event(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (level >= level_) write(level, message, fields);
  }
  bool writes(LogLevel level) const { return level >= level_; }

 private:
  template <class... Args>
  void write_if(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (level >= level_) write(level, fmt::format(format, std::forward<Args>(args)...), {});
  }
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

  const LogLevel level_;
  const LogFormat format_;
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

// `text` with control characters (terminal escapes, CR, LF) and bytes that are not UTF-8 written as
// \xNN: safe on a terminal.
std::string printable(std::string_view text);

}  // namespace pilot
