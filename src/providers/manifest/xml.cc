#include "providers/manifest/xml.h"

#include <expat.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/limits.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::size_t kDepth = 64;

// A second element of a name makes a list of both.
void add(JsonObject& parent, std::string_view name, Json value) {
  Json* old = parent.if_contains(name);
  if (old == nullptr) {
    parent[name] = std::move(value);
  } else if (old->is_array()) {
    old->get_array().push_back(std::move(value));
  } else {
    JsonArray both;
    both.push_back(std::move(*old));
    both.push_back(std::move(value));
    *old = std::move(both);
  }
}

class Reader {
 public:
  Reader() : parser_(XML_ParserCreate(nullptr), &XML_ParserFree) {
    if (!parser_) throw std::bad_alloc();
    XML_Parser parser = parser_.get();
    XML_SetUserData(parser, this);
    XML_SetElementHandler(
        parser,
        [](void* self, const char* name, const char** attributes) {
          static_cast<Reader*>(self)->begin(name, attributes);
        },
        [](void* self, const char*) { static_cast<Reader*>(self)->end(); });
    XML_SetCharacterDataHandler(parser, [](void* self, const char* text, int size) {
      static_cast<Reader*>(self)->open_.back().text.append(text, static_cast<std::size_t>(size));
    });
    XML_SetEntityDeclHandler(parser, [](void* self, const char*, int, const char*, int, const char*,
                                        const char*, const char*, const char*) {
      static_cast<Reader*>(self)->stop("it declares entities, which are not read");
    });
    open_.emplace_back();  // around the root
  }

  Result<Json> read(std::string_view text) {
    if (text.size() > limits::kResponseBytes) stop("it is too large");
    if (why_.empty() &&
        XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), 1) != XML_STATUS_OK &&
        why_.empty()) {
      why_ = fmt::format("{} in line {}", XML_ErrorString(XML_GetErrorCode(parser_.get())),
                         XML_GetCurrentLineNumber(parser_.get()));
    }
    if (!why_.empty()) return invalid("bad_response", "the answer is no XML: " + why_);
    return Json(std::move(open_.front().members));
  }

 private:
  struct Element {
    std::string name;
    std::string text;
    JsonObject members;
  };

  void stop(std::string_view why) {
    if (why_.empty()) why_ = why;
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void begin(std::string_view name, const char** attributes) {
    if (open_.size() > kDepth) return stop("it is too deep");
    Element& element = open_.emplace_back();
    element.name = name;
    for (; *attributes != nullptr; attributes += 2) {
      const std::string_view key = attributes[0];
      if (key == "xmlns" || key.starts_with("xmlns:")) continue;
      element.members["@" + std::string(key)] = attributes[1];
    }
  }

  void end() {
    if (!why_.empty()) return;  // an element that was not begun: the parser is stopping
    Element done = std::move(open_.back());
    open_.pop_back();
    const bool blank = done.text.find_first_not_of(" \t\r\n") == std::string::npos;
    if (done.members.empty()) {
      return add(open_.back().members, done.name, blank ? Json("") : Json(std::move(done.text)));
    }
    if (!blank) done.members["#text"] = std::move(done.text);
    add(open_.back().members, done.name, std::move(done.members));
  }

  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
  std::vector<Element> open_;  // from the outside in
  std::string why_;            // it is not read
};

}  // namespace

Result<Json> read_xml(std::string_view text) { return Reader().read(text); }

}  // namespace pilot::providers::manifest
