#include "app/plan_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/yaml.h"
#include "model/limits.h"

namespace pilot::app {

Result<std::string> read_text(const std::string& path, std::size_t max_bytes) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    return invalid("file_unreadable",
                   fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  std::string text;
  std::string chunk(64u << 10, '\0');
  std::size_t got = 0;
  while (text.size() <= max_bytes && (got = std::fread(chunk.data(), 1, chunk.size(), file)) > 0) {
    text.append(chunk, 0, got);
  }
  const bool failed = std::ferror(file) != 0;
  const int error = errno;
  if (file != stdin) std::fclose(file);
  if (failed) {
    return invalid("file_unreadable",
                   fmt::format("cannot read {}: {}", path, std::strerror(error)));
  }
  if (text.size() > max_bytes) {
    return too_large("file_too_large",
                     fmt::format("{} is larger than the limit of {} bytes", path, max_bytes));
  }
  return text;
}

Result<Json> read_document(const std::string& path) {
  const Result<std::string> text = read_text(path, limits::kPlanBytes);
  if (!text) return text.error();
  // JSON is told by how it begins; its own reader has the better messages for it.
  const std::size_t first = text->find_first_not_of(" \t\r\n");
  const bool json = first != std::string::npos && ((*text)[first] == '{' || (*text)[first] == '[');
  Result<Json> document = json && !path.ends_with(".yaml") && !path.ends_with(".yml")
                              ? parse_json(*text)
                              : parse_yaml(*text);
  if (!document) return document.error().prefixed(path);
  return document;
}

Result<Json> read_inputs(const std::string& json, const std::vector<std::string>& pairs) {
  Json inputs = JsonObject{};
  if (!json.empty()) {
    Result<Json> parsed = parse_json(json);
    if (!parsed) return parsed.error().prefixed("--inputs");
    if (!parsed->is_object()) return invalid("inputs_invalid", "--inputs must be a JSON object");
    inputs = std::move(*parsed);
  }
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return invalid("inputs_invalid",
                     fmt::format("--input needs name=value, this is \"{}\"", pair));
    }
    const std::string text = pair.substr(equals + 1);
    Result<Json> value = parse_json(text);
    inputs.get_object()[pair.substr(0, equals)] = value ? std::move(*value) : Json(text);
  }
  return inputs;
}

}  // namespace pilot::app
