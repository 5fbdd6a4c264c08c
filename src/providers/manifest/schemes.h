// The auth schemes of manifests, each from its part of the document. Used while loading only.
#pragma once

#include "providers/manifest/load_parts.h"

namespace pilot::providers::manifest {

// `value` is what stands behind the scheme's name. Null with faults.
struct SchemeSource {
  const Json& value;
  std::string pointer;
  ProviderSpec& spec;
  Faults& faults;

  Map map() const { return Map(value, pointer, faults); }
  void fault(std::string code, std::string message) const {
    faults.add(pointer, std::move(code), std::move(message));
  }
};

SchemePtr make_bearer(const SchemeSource& source);
SchemePtr make_basic(const SchemeSource& source);
SchemePtr make_key(const SchemeSource& source);
SchemePtr make_set(const SchemeSource& source);
SchemePtr make_oauth2(const SchemeSource& source);
SchemePtr make_oauth1(const SchemeSource& source);  // RFC 5849
SchemePtr make_aws(const SchemeSource& source);     // Signature Version 4
SchemePtr make_jwt(const SchemeSource& source);     // RFC 7519, RFC 7523
SchemePtr make_hmac(const SchemeSource& source);
SchemePtr make_exchange(const SchemeSource& source);  // a log-in that gives a token

}  // namespace pilot::providers::manifest
