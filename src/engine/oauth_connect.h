// Connecting a user to a vendor by OAuth 2's code grant: where the user is sent, and what becomes
// of the answer that they bring back. Knows nothing of HTTP servers, cookies or pages. Any shard;
// lives as long as what it is made of.
//
// A state is a text of 256 bits that only its SHA-256 is kept of. It is good once, for ten minutes,
// for one user, provider and connection; the PKCE verifier is kept sealed beside it.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "engine/user_providers.h"
#include "http/transport.h"
#include "providers/oauth_clients.h"
#include "store/store.h"
#include "vault/key_holder.h"

namespace pilot::engine {

class OAuthConnect {
 public:
  struct Parts {
    store::Store& store;
    const vault::KeyHolder& keys;
    http::Transport& transport;
    Clock& clock;
    std::shared_ptr<const providers::Registry> registry;
    std::shared_ptr<const providers::OAuthClients> clients;
  };
  explicit OAuthConnect(Parts parts)
      : parts_(std::move(parts)), providers_(parts_.store, parts_.registry) {}

  struct Begin {
    UserId user;
    std::string provider;
    std::string connection = "default";
    std::string return_to;       // checked by the caller
    std::string redirect_uri;    // of this deployment
    std::string state;           // random, of at least 128 bits
    std::string browser_sha256;  // of what only the browser that begins has; empty: not bound
  };
  // The URL to send the user's browser to. Codes: no_oauth (the provider has none),
  // no_oauth_client, missing_credentials, invalid_connection, invalid_url, the store's.
  boost::asio::awaitable<Result<std::string>> begin(Begin order, Random& random);

  // What belongs to a state, which is used up by this. Codes: oauth_state_unknown (never given out,
  // or used already), oauth_state_expired.
  boost::asio::awaitable<Result<store::OAuthState>> take(std::string state);

  // The query of the redirect.
  struct Answer {
    std::string code;
    std::string error;
    std::string error_description;
    std::string iss;
    std::string redirect_uri;  // as in Begin
  };
  // Trades the code and stores what comes. Codes: oauth_refused (the user or the vendor said no),
  // oauth_mix_up (another server's answer), oauth_no_code, invalid_grant, token_refused,
  // bad_token_answer, token_endpoint_busy, those of begin and of the transport.
  boost::asio::awaitable<Status> finish(store::OAuthState state, Answer answer, Random& random);

 private:
  struct Ready {           // what a flow needs of its provider and connection
    RegistryPtr registry;  // where the provider is
    const providers::Provider* provider = nullptr;
    providers::Connection connection;
    http::HostListPtr named_hosts;
    providers::OAuthClient client;
  };
  boost::asio::awaitable<Result<Ready>> ready(store::ConnectionKey key);
  boost::asio::awaitable<Result<providers::TokenGrant>> trade(const Ready& with,
                                                              const store::OAuthState& state,
                                                              const Answer& answer);
  Parts parts_;
  UserProviders providers_;
};

// Where a browser may be sent when all is done: a path of this server ("/connections"), or a URL of
// its own origin. Anything that a browser could read as another host is refused. Code
// invalid_return_to.
Status check_return_to(std::string_view return_to, std::string_view own_origin);

}  // namespace pilot::engine
