// Takes secrets out of whatever a call brings back, before it is recorded or shown: as they are,
// base64 (three alignments, both alphabets), hex, percent-encoded, JSON- and HTML-escaped. One per
// call, made from its connection. Shorter secrets than 5 bytes are not searched for (they would
// mask words). Pure; any thread.
#pragma once

#include "providers/action.h"

namespace pilot::providers {

struct Provider;

class Redactor {
 public:
  Redactor() = default;  // masks nothing
  // Fields that the provider declares as no secret (a host, a base_url) stay readable; without a
  // provider every value of the connection counts as secret.
  explicit Redactor(const Connection& connection, const Provider* provider = nullptr);
  // These as well: a token that came later. Those it knows already stay masked.
  void add(const std::map<std::string, Secret, std::less<>>& values,
           const Provider* provider = nullptr);
  Redactor(const Redactor&) = default;
  Redactor& operator=(const Redactor&) = default;
  Redactor(Redactor&&) = default;
  Redactor& operator=(Redactor&&) = default;
  ~Redactor();  // wipes its copies

  bool empty() const { return needles_.empty(); }
  std::string text(std::string_view text) const;  // hits become ***
  void json(Json& value) const;                   // strings and keys; numbers stay
  void result(ProviderResult& result) const;

 private:
  std::vector<std::string> needles_;  // longest first
};

}  // namespace pilot::providers
