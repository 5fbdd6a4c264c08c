#include "providers/manifest/encode.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/markup.h"
#include "providers/http_call.h"
#include "providers/manifest/reader.h"

namespace pilot::providers::manifest {
namespace {

constexpr int kXmlDepth = 50;

std::string joined(const JsonArray& items) {
  std::string out;
  for (const Json& item : items) {
    if (!out.empty()) out += ',';
    out += scalar_text(item).value_or(to_json(item));
  }
  return out;
}

bool all_scalars(const JsonArray& items) {
  return std::ranges::all_of(items, [](const Json& v) { return v.is_primitive(); });
}

// XML 1.0 has no other control characters than these three.
void append_xml_text(std::string& out, std::string_view text) {
  std::string kept;
  std::ranges::copy_if(text, std::back_inserter(kept), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n' || c == '\r';
  });
  out += escape_markup(kept, "&quot;", "'");
}

bool is_xml_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  };
  if (name.empty() || !letter(name[0])) return false;
  return std::ranges::all_of(
      name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
}

Status append_xml(std::string& out, std::string_view name, const Json& value, int depth) {
  if (!is_xml_name(name) || depth > kXmlDepth) {
    return invalid("invalid_value",
                   fmt::format("\"{}\" is no name of an XML element", utf8_prefix(name, 60)));
  }
  if (value.is_array()) {
    for (const Json& item : value.get_array()) {
      if (Status done = append_xml(out, name, item, depth + 1); !done) return done;
    }
    return ok();
  }
  out += fmt::format("<{}", name);
  std::string inside;
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      const std::string_view key = key_of(member);
      const std::string text = scalar_text(member.value()).value_or("");
      if (key == "#text") {
        append_xml_text(inside, text);
      } else if (key.starts_with('@')) {
        if (!is_xml_name(key.substr(1))) return invalid("invalid_value", "no XML attribute name");
        out += fmt::format(" {}=\"", key.substr(1));
        append_xml_text(out, text);
        out += '"';
      } else if (Status done = append_xml(inside, key, member.value(), depth + 1); !done) {
        return done;
      }
    }
  } else if (!value.is_null()) {
    append_xml_text(inside, scalar_text(value).value_or(""));
  }
  out += fmt::format(">{}</{}>", inside, name);
  return ok();
}

const Param* param_of_wire(const ActionSpec& spec, std::string_view wire) {
  for (const Param& param : spec.params) {
    if (param.place == Place::body && param.wire == wire) return &param;
  }
  return nullptr;
}

Status write_multipart(http::Request& request, const ActionSpec& spec, const JsonObject& body) {
  std::vector<http::Part> parts;
  for (const auto& member : body) {
    const std::string name(key_of(member));
    const Param* param = param_of_wire(spec, name);
    const JsonArray one{member.value()};
    const bool list = member.value().is_array();
    for (const Json& value : list ? member.value().get_array() : one) {
      if (value.is_null()) continue;
      http::Part part{.name = name, .value = {}, .filename = {}, .content_type = {}};
      if (param != nullptr && param->file) {
        Result<FileValue> file = read_file_value(value, pointer_join("", param->name));
        if (!file) return file.error();
        part.value = std::move(file->bytes);
        part.filename = file->name.empty() ? "file" : file->name;
        part.content_type = file->type;
      } else if (const auto text = scalar_text(value)) {
        part.value = *text;
      } else {
        part.value = to_json(value);
        part.content_type = "application/json";
      }
      parts.push_back(std::move(part));
    }
  }
  Result<http::Multipart> built = http::build_multipart(parts);
  if (!built) return built.error();
  std::erase_if(request.headers, [](const http::Header& h) { return h.name == "Content-Type"; });
  set_body(request, std::move(built->body), built->content_type);
  return ok();
}

// The bytes as they are: of the one body param, or what `send` made.
Status write_raw(http::Request& request, const ActionSpec& spec, const Json& body) {
  const Json* value = &body;
  if (!spec.send && body.is_object() && !body.get_object().empty()) {
    value = &body.get_object().begin()->value();
  }
  if (value->is_null()) return ok();
  const bool file = std::ranges::any_of(spec.params, [](const Param& p) { return p.file; });
  if (file || (value->is_object() && find(*value, "content_base64") != nullptr)) {
    Result<FileValue> read = read_file_value(*value, "");
    if (!read) return read.error();
    set_body(request, std::move(read->bytes),
             read->type.empty() ? "application/octet-stream" : read->type);
  } else if (value->is_string()) {
    set_body(request, std::string(as_view(value->get_string())), "text/plain; charset=utf-8");
  } else {
    set_json_body(request, *value);
  }
  return ok();
}

}  // namespace

void append_pairs(http::Pairs& out, std::string name, const Json& value, ArrayStyle style) {
  if (value.is_null()) return;
  if (const auto text = scalar_text(value)) {
    out.emplace_back(std::move(name), *text);
    return;
  }
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      append_pairs(out, fmt::format("{}[{}]", name, key_of(member)), member.value(), style);
    }
    return;
  }
  const JsonArray& items = value.get_array();
  if (style == ArrayStyle::comma && all_scalars(items)) {
    out.emplace_back(std::move(name), joined(items));
    return;
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    // Objects in a list belong together by their number, whatever the style of plain lists.
    const bool numbered = style == ArrayStyle::indices || !items[i].is_primitive();
    append_pairs(out,
                 numbered                        ? fmt::format("{}[{}]", name, i)
                 : style == ArrayStyle::brackets ? name + "[]"
                                                 : name,
                 items[i], style);
  }
}

Result<std::string> to_xml(const Json& value) {
  if (!value.is_object() || value.get_object().size() != 1) {
    return invalid("invalid_value", "an XML body has one root: {root: {...}}");
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
  const auto& root = *value.get_object().begin();
  if (Status done = append_xml(out, key_of(root), root.value(), 0); !done) return done.error();
  return out;
}

Result<FileValue> read_file_value(const Json& value, const std::string& pointer) {
  FileValue out;
  if (value.is_string()) {
    out.bytes = std::string(as_view(value.get_string()));
    out.type = "text/plain; charset=utf-8";
    return out;
  }
  out.name = std::string(string_or(value, "name"));
  out.type = std::string(string_or(value, "type"));
  if (const Json* encoded = find(value, "content_base64"); encoded && encoded->is_string()) {
    Result<std::string> bytes = crypto::decode_base64(as_view(encoded->get_string()));
    if (!bytes) {
      return invalid("invalid_value", "content_base64: " + bytes.error().message, pointer);
    }
    out.bytes = std::move(*bytes);
    return out;
  }
  if (const Json* content = find(value, "content"); content && content->is_string()) {
    out.bytes = std::string(as_view(content->get_string()));
    return out;
  }
  return invalid("invalid_value", "a file is a text, or {name, type, content or content_base64}",
                 pointer);
}

Status write_body(http::Request& request, const ActionSpec& spec, const Json& body) {
  if (body.is_null()) return ok();
  switch (spec.manner.body) {
    case BodyKind::json:
    case BodyKind::graphql:
      set_json_body(request, body);
      return ok();
    case BodyKind::raw:
      return write_raw(request, spec, body);
    case BodyKind::xml: {
      Result<std::string> xml = to_xml(body);
      if (!xml) return xml.error();
      set_body(request, std::move(*xml), "application/xml");
      return ok();
    }
    case BodyKind::form:
    case BodyKind::multipart:
      break;
  }
  if (!body.is_object()) return invalid("invalid_value", "a form is a map of names and values");
  if (spec.manner.body == BodyKind::multipart) {
    return write_multipart(request, spec, body.get_object());
  }
  http::Pairs pairs;
  for (const auto& member : body.get_object()) {
    append_pairs(pairs, std::string(key_of(member)), member.value(),
                 spec.manner.form_arrays.value_or(ArrayStyle::brackets));
  }
  set_body(request, http::encode_form(pairs), "application/x-www-form-urlencoded");
  return ok();
}

}  // namespace pilot::providers::manifest
