// A connection to a MySQL server through libmariadb's non-blocking calls, so that every wait goes
// through the interrupt. Internal to mysql_*.cc. One thread.
#pragma once

#include <mysql.h>
#include <poll.h>
#include <sys/socket.h>

#include "providers/action.h"
#include "providers/data/target.h"

namespace pilot::providers::data {

class MysqlLink {
 public:
  MysqlLink();
  ~MysqlLink();
  MysqlLink(const MysqlLink&) = delete;
  MysqlLink& operator=(const MysqlLink&) = delete;

  MYSQL* get() { return mysql_; }
  bool open(const Target& target, const std::string& address, const Interrupt& interrupt);
  // Why open() was false, if TLS was asked for and the server has none.
  bool not_encrypted() const { return not_encrypted_; }
  bool query(std::string_view sql, const Interrupt& interrupt);
  // What is under way fails at once, and so does all that follows.
  void cut();

  // Drives one call: `start` begins it, `go_on(events)` continues; both answer what they wait for.
  // False when the interrupt was set first: the call is then still under way.
  template <class Start, class GoOn>
  bool await(const Interrupt& interrupt, Start start, GoOn go_on) {
    waits_for_ = start();
    return finish(interrupt, go_on);
  }
  // Goes on with a call whose await() was false.
  template <class GoOn>
  bool finish(const Interrupt& interrupt, GoOn go_on) {
    while (waits_for_ != 0) {
      const int ready = wait(interrupt);
      if (ready == 0) return false;
      waits_for_ = go_on(ready);
    }
    return true;
  }

 private:
  int wait(const Interrupt& interrupt) const;

  MYSQL* mysql_;
  int waits_for_ = 0;
  bool not_encrypted_ = false;
};

// Of the last call of the connection or statement.
StepError mysql_error(unsigned number, std::string_view text, std::string_view state,
                      std::string_view peer);

}  // namespace pilot::providers::data
