// Mails from the params of `email.send` and the connection. Pure; any thread.
#pragma once

#include "providers/action.h"
#include "providers/mime.h"

namespace pilot::providers {

// Who sends: param `from`, else the connection's `from`, else its `username` if that is an address.
// Codes: invalid_address, missing_credentials.
Result<Address> mail_sender(const Call& call);

// <key@sender's domain>: the same over retries, so that a mail that came twice can be told.
std::string message_id(const Call& call, const Address& sender);

// The mail for the server of the connection: host, port, username, password, security. Codes:
// missing_credentials, invalid_credentials, invalid_address, invalid_header, invalid_value.
Result<http::Mail> build_mail(const Call& call);

}  // namespace pilot::providers
