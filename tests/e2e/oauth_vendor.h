// A vendor with OAuth 2 on 127.0.0.1, as strict as they come: it checks PKCE, gives a new refresh
// token each time, throws the old one away, and takes the newest access token only. Any thread.
#pragma once

#include <atomic>

#include "fake_service.h"

namespace pilot::e2e {

class OAuthVendor {
 public:
  OAuthVendor();

  // The text of a manifest for the provider `crm`, which has the action `me`.
  std::string manifest() const;
  // What its user's browser does at the address of `location`: agrees. Answers where it is sent.
  std::string agree(const std::string& location);

  FakeService& service() { return service_; }
  void live_for(int seconds) { lifetime_ = seconds; }  // the tokens that it gives from now on
  void answer_after(std::chrono::milliseconds time) { latency_ = time.count(); }
  void forget_grants();  // every refresh token is dead
  int trades() const { return trades_; }
  int refreshes() const { return refreshes_; }
  int refusals() const { return refusals_; }  // of tokens, verifiers and clients that are not good

 private:
  void token(Peer& peer, const Seen& seen);
  void me(Peer& peer, const Seen& seen);
  bool accepts(const std::string& form);  // under mutex_
  std::string give();                     // under mutex_

  std::atomic<int> lifetime_{3600};
  std::atomic<std::int64_t> latency_{0};  // milliseconds
  std::atomic<int> trades_{0}, refreshes_{0}, refusals_{0};
  std::mutex mutex_;
  int issued_ = 0;                // these under mutex_
  std::string code_, challenge_;  // of the user who agreed
  std::string access_token_, refresh_token_;
  FakeService service_;
};

// A member of a query or form, decoded; empty when it is not there.
std::string form_field(const std::string& form, const std::string& name);

}  // namespace pilot::e2e
