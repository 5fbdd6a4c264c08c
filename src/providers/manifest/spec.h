// A manifest, compiled: what load.h makes of its document and build.h, read.h and pages.h run.
// Immutable once loaded, shared by the actions of its provider; any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "jq/jq.h"
#include "model/outcome.h"
#include "providers/manifest/text.h"
#include "providers/oauth2.h"
#include "schema/schema.h"

namespace pilot::providers::manifest {

class Scheme;  // scheme.h

enum class BodyKind { json, form, multipart, raw, xml, graphql };
enum class ArrayStyle { brackets, repeat, comma, indices };
enum class Place { path, query, header, body };

// One setting or secret of a connection.
struct Field {
  std::string name;
  std::string title;
  std::string description;
  bool secret = true;
  std::optional<std::string> fallback;    // the `default`
  std::optional<schema::Schema> allowed;  // pattern and enum
  std::string allowed_text;               // the same for people
};

struct Param {
  std::string name;  // in the step
  std::string wire;  // at the vendor
  Place place = Place::body;
  bool file = false;
  bool slashes = false;  // in a path: several segments, whose slashes stay
  std::vector<std::string> aliases;
  std::string field;    // of the connection, for steps that leave it out; empty: none
  bool needed = false;  // one of the two has to say it
  bool number = false;  // its text in the connection becomes one
};

// A value that goes with every call: {body.type: note}.
struct Constant {
  Place place = Place::body;
  std::vector<std::string> path;  // one part for a query or a header
  Json value;                     // when it is no text
  std::optional<Text> text;
};

// How a vendor says no inside an answer.
struct FailRule {
  jq::ProgramPtr when;
  jq::ProgramPtr code;
  jq::ProgramPtr message;
  std::vector<std::string> limited;  // codes that are always tried again
  std::vector<std::string> retry;    // tried again by effect class, as a 500 is
};

struct RetryHints {
  std::vector<int> status;  // tried again, too
  std::string after;        // header: seconds or a date
  std::string reset;        // header: when the budget is full again; epoch or seconds from now
  std::string remaining;    // header: `status` counts only while this is 0
};

struct Pages {
  enum class Kind { link, next, cursor, page, offset };
  Kind kind = Kind::link;
  std::string rel = "next";  // of the Link header
  jq::ProgramPtr value;      // the next URL, or the cursor
  std::string as;            // name of the cursor, page number or offset
  Place place = Place::query;
  std::int64_t start = 1;
  jq::ProgramPtr more;   // false or null: that was the last page
  jq::ProgramPtr pages;  // how many there are
  std::string size_as;   // name of the page size; empty: none is sent
  std::int64_t size = 0;
};

struct KeyPlace {  // where an idempotency key goes
  Place place = Place::header;
  std::string name;
};

// What provider and action both may say; an action inherits it.
struct Manner {
  BodyKind body = BodyKind::json;
  std::optional<ArrayStyle> form_arrays;
  std::optional<ArrayStyle> query_arrays;
  std::vector<int> ok;  // empty: 200 to 299
  std::shared_ptr<const FailRule> fail;
  std::shared_ptr<const RetryHints> retry;
  std::shared_ptr<const Pages> pages;
  std::vector<std::shared_ptr<const Scheme>> schemes;  // the first that fits the connection
  std::optional<Millis> timeout;
  std::size_t max_response = 0;  // 0: the usual
};

struct ProviderSpec {
  std::string id;
  Text base;
  bool base_is_field = false;  // base begins with {{field}}: the connection says the server
  std::map<std::string, Field, std::less<>> fields;
  std::vector<std::pair<std::string, Text>> headers;
  std::vector<std::pair<std::string, Text>> query;
  std::optional<KeyPlace> key;
  Manner manner;
};

struct ActionSpec {
  std::shared_ptr<const ProviderSpec> provider;
  std::string name;
  std::string method;
  Text target;  // path behind the base, or an absolute URL
  bool absolute = false;
  std::string graphql;  // the document; empty: none
  std::vector<Param> params;
  std::vector<Constant> constants;
  Manner manner;
  EffectClass effect = EffectClass::unsafe;
  std::optional<KeyPlace> key;
  jq::ProgramPtr send;
  jq::ProgramPtr items;
  jq::ProgramPtr out;
  bool binary = false;
  bool free_form = false;  // the `request` action that every provider has

  bool lists() const { return items != nullptr; }
};
using ActionPtr = std::shared_ptr<const ActionSpec>;

}  // namespace pilot::providers::manifest
