// Security schemes as the auth of a manifest, and which of them an operation takes.
#pragma once

#include <map>
#include <set>

#include "providers/openapi/document.h"
#include "providers/openapi/servers.h"

namespace pilot::providers::openapi {

class Security {
 public:
  Security(Document& document, const Address& address, Notes& notes);

  // What an operation demands: the alternatives by key (schemes' names, joined), whether it goes
  // without, and OAuth scopes.
  struct Demand {
    std::vector<std::string> ways;
    bool none = false;  // no sign-in at all
    std::vector<std::string> scopes;
    bool said = false;  // by the operation; else it is the document's
  };
  Demand demand_of(const Json& operation);
  // Counts it for `auth`. Call it for all operations before `provider` and `action`.
  void count(const Demand& demand);

  // A parameter that is a sign-in's own: the connection has it, the action does not ask for it.
  bool is_credential(std::string_view in, std::string_view name) const;

  // The provider's `auth`: all ways there are, the most used first; null: none.
  Json provider() const;
  // The action's `auth` where it is not the provider's; null: it is.
  Json action(const Demand& demand) const;

 private:
  void read_scheme(const std::string& name, const Json& scheme, Notes& notes);
  void read_api_key(const std::string& name, const Json& scheme, Notes& notes);
  void read_http(const std::string& name, const Json& scheme, Notes& notes);
  void read_oauth2(const std::string& name, const Json& scheme, Notes& notes);
  void read_demand(const Json& security, Demand& demand);
  std::optional<std::string> combined(std::vector<std::string> names);
  std::string field_for(const std::string& name, std::string_view usual);

  Document& document_;
  const Address& address_;
  std::map<std::string, Json> schemes_;  // by the document's name; one auth scheme each
  std::map<std::string, Json> ways_;     // by key; of several schemes at once, a `set`
  std::map<std::string, std::size_t> uses_;
  std::vector<std::string> order_;  // keys, as they came
  std::set<std::string> fields_;
  std::set<std::string> tokens_;  // OAuth schemes that only take an access token
  std::set<std::pair<std::string, std::string>> places_;  // in and name of API keys
  bool oauth_ = false;
  std::size_t keys_ = 0;  // API keys there are
};

}  // namespace pilot::providers::openapi
