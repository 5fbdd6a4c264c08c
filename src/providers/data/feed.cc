#include "providers/data/feed.h"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/error.h"

namespace pilot::providers::data {
namespace {

constexpr int kDepth = 64;
constexpr char kBetween = ' ';  // of a namespace and a name

// Of other namespaces (iTunes, Yahoo's media) nothing is taken.
constexpr std::array<std::string_view, 8> kNamespaces{"",
                                                      "http://www.w3.org/2005/Atom",
                                                      "http://purl.org/atom/ns#",
                                                      "http://purl.org/rss/1.0/",
                                                      "http://my.netscape.com/rdf/simple/0.9/",
                                                      "http://backend.userland.com/rss2",
                                                      "http://purl.org/dc/elements/1.1/",
                                                      "http://purl.org/rss/1.0/modules/content/"};

struct Field {
  std::string_view element, key;
};
constexpr std::array kFields{Field{"title", "title"},
                             Field{"link", "link"},
                             Field{"guid", "id"},
                             Field{"id", "id"},
                             Field{"pubDate", "published"},
                             Field{"published", "published"},
                             Field{"issued", "published"},
                             Field{"date", "published"},
                             Field{"updated", "updated"},
                             Field{"modified", "updated"},
                             Field{"lastBuildDate", "updated"},
                             Field{"author", "author"},
                             Field{"creator", "author"},
                             Field{"description", "summary"},
                             Field{"summary", "summary"},
                             Field{"subtitle", "summary"},
                             Field{"tagline", "summary"},
                             Field{"encoded", "content"},
                             Field{"content", "content"},
                             Field{"category", "categories"},
                             Field{"subject", "categories"},
                             Field{"enclosure", "enclosure"}};

// The local name, empty when it is of a namespace that is not looked at.
std::string_view local_name(std::string_view name) {
  const std::size_t at = name.rfind(kBetween);
  const std::string_view space = at == std::string_view::npos ? "" : name.substr(0, at);
  if (std::ranges::find(kNamespaces, space) == kNamespaces.end()) return {};
  return at == std::string_view::npos ? name : name.substr(at + 1);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t from = text.find_first_not_of(kSpace);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

std::string_view attribute(const char** attributes, std::string_view name) {
  for (; *attributes != nullptr; attributes += 2) {
    if (name == attributes[0]) return attributes[1];
  }
  return {};
}

JsonObject empty_item() {
  JsonObject item;
  for (const std::string_view key :
       {"id", "title", "link", "published", "updated", "author", "summary", "content"}) {
    item[key] = nullptr;
  }
  item["categories"] = JsonArray{};
  item["enclosure"] = nullptr;
  return item;
}

Json time_json(std::string_view text) {
  const auto time = parse_feed_time(text);
  return time ? Json(to_rfc3339(*time)) : Json(text);
}

class Reader {
 public:
  explicit Reader(const FeedOptions& options)
      : options_(options), parser_(XML_ParserCreateNS(nullptr, kBetween), &XML_ParserFree) {
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
      static_cast<Reader*>(self)->take_text({text, static_cast<std::size_t>(size)});
    });
    XML_SetEntityDeclHandler(parser, [](void* self, const char*, int, const char*, int, const char*,
                                        const char*, const char*, const char*) {
      static_cast<Reader*>(self)->stop("it declares entities, which are not read");
    });
    XML_SetUnknownEncodingHandler(parser, &Reader::encoding, nullptr);
  }

  Result<Json> read(std::string_view xml) {
    const auto size = static_cast<int>(xml.size());
    if (XML_Parse(parser_.get(), xml.data(), size, 1) != XML_STATUS_OK && why_.empty() && !full_) {
      why_ = fmt::format("{} in line {}", XML_ErrorString(XML_GetErrorCode(parser_.get())),
                         XML_GetCurrentLineNumber(parser_.get()));
    }
    if (why_.empty() && !found_) why_ = "it is neither RSS nor Atom";
    if (!why_.empty()) return invalid("invalid_feed", fmt::format("this is no feed: {}", why_));
    JsonObject out{{"title", head_["title"]},
                   {"link", head_["link"]},
                   {"description", head_["summary"]},
                   {"updated", head_["updated"].is_null() ? head_["published"] : head_["updated"]}};
    out["items"] = std::move(items_);
    return Json(std::move(out));
  }

 private:
  void stop(std::string_view why) {
    if (why_.empty()) why_ = why;
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  // The one that feeds have beside what expat knows.
  static int encoding(void*, const char* name, XML_Encoding* out) {
    std::string low(name);
    std::ranges::transform(low, low.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (low != "windows-1252" && low != "cp1252") return XML_STATUS_ERROR;
    constexpr std::array<int, 32> kUpper{
        0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};
    for (int i = 0; i < 256; ++i) {
      out->map[i] = i >= 0x80 && i < 0xa0 ? kUpper[static_cast<std::size_t>(i - 0x80)] : i;
    }
    out->data = nullptr;
    out->convert = nullptr;
    out->release = nullptr;
    return XML_STATUS_OK;
  }

  void begin(std::string_view full_name, const char** attributes) {
    if (++depth_ > kDepth) return stop("its elements are nested too deep");
    const std::string_view name = local_name(full_name);
    if (item_depth_ == 0 && (name == "item" || name == "entry")) {
      if (items_.size() >= options_.most) {
        full_ = true;
        XML_StopParser(parser_.get(), XML_FALSE);
        return;
      }
      item_depth_ = depth_;
      item_ = empty_item();
      return;
    }
    if (item_depth_ == 0 && (name == "channel" || name == "feed")) {
      found_ = true;
      head_depth_ = depth_;
      return;
    }
    const int holder = item_depth_ != 0 ? item_depth_ : head_depth_;
    if (holder != 0 && depth_ == holder + 1) {
      begin_field(name, attributes);
    } else if (key_ == "author" && depth_ == holder + 2) {
      listening_ = name == "name";
    }
  }

  void begin_field(std::string_view name, const char** attributes) {
    const auto field = std::ranges::find(kFields, name, &Field::element);
    key_ = field == kFields.end() ? "" : field->key;
    text_.clear();
    listening_ = true;
    if (key_ == "link") {
      const std::string_view href = attribute(attributes, "href");
      const std::string_view rel = attribute(attributes, "rel");
      if (rel == "enclosure") put_enclosure(href, attributes);
      if (!rel.empty() && rel != "alternate") key_ = "";
      text_ = href;
    } else if (key_ == "enclosure") {
      put_enclosure(attribute(attributes, "url"), attributes);
      key_ = "";
    } else if (key_ == "categories") {
      text_ = attribute(attributes, "term");
    } else if (key_ == "content") {
      text_ = "";
    }
  }

  void put_enclosure(std::string_view url, const char** attributes) {
    if (item_depth_ == 0 || url.empty() || !item_["enclosure"].is_null()) return;
    const std::string_view type = attribute(attributes, "type");
    const std::string_view length = attribute(attributes, "length");
    item_["enclosure"] = JsonObject{{"url", url},
                                    {"type", type.empty() ? Json(nullptr) : Json(type)},
                                    {"length", length.empty() ? Json(nullptr) : Json(length)}};
  }

  void take_text(std::string_view text) {
    if (listening_ && !key_.empty()) text_ += text;
  }

  void end() {
    const int holder = item_depth_ != 0 ? item_depth_ : head_depth_;
    if (holder != 0 && depth_ == holder + 1) end_field();
    if (key_ == "author" && depth_ == holder + 2) listening_ = false;
    if (depth_ == item_depth_) {
      item_depth_ = 0;
      found_ = true;
      if (wanted()) items_.emplace_back(std::move(item_));
      item_ = JsonObject{};
    } else if (depth_ == head_depth_) {
      head_depth_ = 0;
    }
    --depth_;
  }

  void end_field() {
    const std::string_view text = trimmed(text_);
    JsonObject& to = item_depth_ != 0 ? item_ : head_;
    if (!key_.empty() && !text.empty()) {
      if (key_ == "categories") {
        if (item_depth_ != 0) to["categories"].get_array().emplace_back(text);
      } else if (to[key_].is_null()) {
        to[key_] = key_ == "published" || key_ == "updated" ? time_json(text) : Json(text);
      }
    }
    key_ = "";
    text_.clear();
    listening_ = false;
  }

  bool wanted() const {
    if (!options_.since) return true;
    for (const std::string_view key : {"updated", "published"}) {
      const Json* text = find(item_, key);
      const auto time = parse_rfc3339(text->is_string() ? as_view(text->get_string()) : "");
      if (time) return *time > *options_.since;
    }
    return true;
  }

  const FeedOptions& options_;
  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
  std::string why_;
  bool found_ = false;
  bool full_ = false;
  int depth_ = 0;
  int head_depth_ = 0;
  int item_depth_ = 0;
  std::string_view key_;  // of the field that is being read
  std::string text_;
  bool listening_ = false;
  JsonObject head_ = empty_item();
  JsonObject item_;
  JsonArray items_;
};

}  // namespace

Result<Json> parse_feed(std::string_view xml, const FeedOptions& options) {
  return Reader(options).read(xml);
}

}  // namespace pilot::providers::data
