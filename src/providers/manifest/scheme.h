// How calls are signed in: one object per auth scheme of a manifest. A scheme puts its part into
// the draft before the body is written, and may sign the finished request. Pure; any thread.
#pragma once

#include "http/url.h"
#include "providers/action.h"
#include "providers/manifest/spec.h"

namespace pilot::providers::manifest {

// A request that is being put together.
struct Draft {
  std::string method;
  std::string url;  // without what `query` holds
  http::Pairs query;
  std::vector<http::Header> headers;
  Json body;  // null: none; an object takes more members
};

// What the connection says: its values, else the defaults of the manifest.
class Fields {
 public:
  Fields(const ProviderSpec& spec, const Connection& connection)
      : spec_(spec), connection_(connection) {}
  // None when the connection has none and there is no default.
  std::optional<std::string_view> find(std::string_view name) const;
  // The value, checked against its pattern. Codes: missing_credentials, invalid_connection.
  Result<std::string_view> get(std::string_view name) const;
  // A text with {{fields}} only; values as they are.
  Result<std::string> fill(const Text& text) const;

 private:
  const ProviderSpec& spec_;
  const Connection& connection_;
};

class Scheme {
 public:
  virtual ~Scheme() = default;
  // The fields of the connection that it cannot do without.
  const std::vector<std::string>& needs() const { return needs_; }
  bool fits(const Fields& fields) const;
  std::string_view kind() const { return kind_; }

  // Both by the fields of the call's connection.
  virtual Status add(Draft&, const Fields&, const Call&) const { return ok(); }
  virtual Status sign(http::Request&, const Fields&, const Call&) const { return ok(); }
  // Null: no token has to be got first.
  virtual const SignIn* sign_in() const { return nullptr; }
  virtual std::shared_ptr<const OAuth2> oauth2() const { return nullptr; }

 protected:
  Scheme(std::string_view kind, std::vector<std::string> needs)
      : kind_(kind), needs_(std::move(needs)) {}

 private:
  std::string_view kind_;
  std::vector<std::string> needs_;
};
using SchemePtr = std::shared_ptr<const Scheme>;

// The first scheme whose fields are all there. Code missing_credentials, with what each one wants.
Result<const Scheme*> choose(const Manner& manner, const ProviderSpec& spec, const Fields& fields);

void put_header(std::vector<http::Header>& headers, std::string_view name, std::string value,
                bool sensitive);

}  // namespace pilot::providers::manifest
