#include "providers/data/mysql_link.h"

#include <errmsg.h>
#include <fmt/format.h>

#include <new>

#include "providers/data/mysql_session.h"

namespace pilot::providers::data {

void prepare_mysql() {
  if (mysql_library_init(0, nullptr, nullptr) != 0) throw std::bad_alloc();
}

MysqlLink::MysqlLink() : mysql_(mysql_init(nullptr)) {
  if (mysql_ == nullptr) throw std::bad_alloc();
}

MysqlLink::~MysqlLink() { mysql_close(mysql_); }

void MysqlLink::cut() {
  const auto socket = static_cast<int>(mysql_get_socket(mysql_));
  if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
}

int MysqlLink::wait(const Interrupt& interrupt) const {
  const auto wanted = [this](int flag, int events) {
    return static_cast<short>((waits_for_ & flag) != 0 ? events : 0);
  };
  const auto events =
      static_cast<short>(wanted(MYSQL_WAIT_READ, POLLIN) | wanted(MYSQL_WAIT_WRITE, POLLOUT) |
                         wanted(MYSQL_WAIT_EXCEPT, POLLPRI));
  const Millis most = (waits_for_ & MYSQL_WAIT_TIMEOUT) != 0
                          ? Millis{mysql_get_timeout_value_ms(mysql_)}
                          : Millis::max();
  switch (interrupt.wait(static_cast<int>(mysql_get_socket(mysql_)), events, most)) {
    case Interrupt::Wake::ready:
      return waits_for_ & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT);
    case Interrupt::Wake::not_yet:
      return MYSQL_WAIT_TIMEOUT;
    default:
      return 0;
  }
}

bool MysqlLink::open(const Target& target, const std::string& address, const Interrupt& interrupt) {
  const unsigned off = 0;
  const my_bool on = 1;
  const my_bool no = 0;
  const std::size_t packet = limits::kRequestBody + (1u << 20);
  mysql_options(mysql_, MYSQL_OPT_NONBLOCK, nullptr);
  // A server may ask its client for any file of this machine.
  mysql_options(mysql_, MYSQL_OPT_LOCAL_INFILE, &off);
  mysql_options(mysql_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(mysql_, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
  // No password in the clear, no dialogue with a terminal, whatever the server asks for.
  mysql_options(mysql_, MARIADB_OPT_RESTRICTED_AUTH,
                "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519");
  const bool tls = target.tls == "require" || target.tls == "verify";
  if (tls) mysql_options(mysql_, MYSQL_OPT_SSL_ENFORCE, &on);
  mysql_options(mysql_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, target.tls == "verify" ? &on : &no);
  MYSQL* connected = nullptr;
  const char* database = target.database.empty() ? nullptr : target.database.c_str();
  const bool ended = await(
      interrupt,
      [&] {
        return mysql_real_connect_start(&connected, mysql_, address.c_str(),
                                        target.username.c_str(), target.password.c_str(), database,
                                        target.port, nullptr, 0);
      },
      [&](int ready) { return mysql_real_connect_cont(&connected, mysql_, ready); });
  if (!ended) {
    cut();
    const Interrupt moment(std::chrono::steady_clock::now() + Millis{200});
    finish(moment, [&](int ready) { return mysql_real_connect_cont(&connected, mysql_, ready); });
  }
  if (!ended || connected == nullptr) return false;
  // The library goes on in the clear with a server that has no TLS, whatever it was told.
  not_encrypted_ = tls && mysql_get_ssl_cipher(mysql_) == nullptr;
  return !not_encrypted_;
}

bool MysqlLink::query(std::string_view sql, const Interrupt& interrupt) {
  int failed = 0;
  return await(
             interrupt,
             [&] { return mysql_real_query_start(&failed, mysql_, sql.data(), sql.size()); },
             [&](int ready) { return mysql_real_query_cont(&failed, mysql_, ready); }) &&
         failed == 0;
}

namespace {

struct Meaning {
  std::string_view code;
  bool retryable = false;
};

Meaning meaning_of(unsigned number) {
  switch (number) {
    case 1045:  // ER_ACCESS_DENIED_ERROR
    case 1698:
    case 1251:
    case CR_AUTH_PLUGIN_CANNOT_LOAD:
    case CR_AUTH_PLUGIN_ERR:
      return {"unauthorized"};
    case 1044:  // ER_DBACCESS_DENIED_ERROR
    case 1142:
    case 1143:
    case 1227:
      return {"forbidden"};
    case 1049:  // ER_BAD_DB_ERROR
    case 1054:
    case 1146:
      return {"not_found"};
    case 1048:  // ER_BAD_NULL_ERROR
    case 1062:
    case 1364:
    case 1451:
    case 1452:
    case 3819:
    case 4025:
      return {"constraint_violated"};
    case 1205:  // ER_LOCK_WAIT_TIMEOUT
    case 1213:
      return {"conflict", true};
    case 1040:  // ER_CON_COUNT_ERROR
    case 1053:
    case 1129:
    case 1203:
      return {"unavailable", true};
    case 1317:  // ER_QUERY_INTERRUPTED
    case 1969:
    case 3024:
      return {"stopped"};
    case 1792:  // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
      return {"read_only"};
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
      return {"connect_failed", true};
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case 1927:  // ER_CONNECTION_KILLED
      return {"connection_lost", true};
    case CR_SSL_CONNECTION_ERROR:
      return {"tls_failed"};
    case CR_NET_PACKET_TOO_LARGE:
    case 1153:
      return {"output_too_large"};
    default:
      return {"query_failed"};
  }
}

}  // namespace

StepError mysql_error(unsigned number, std::string_view text, std::string_view state,
                      std::string_view peer) {
  const Meaning meaning = meaning_of(number);
  StepError error{.code = std::string(meaning.code),
                  .message = std::string(text),
                  .retryable = meaning.retryable,
                  .details = JsonObject{{"errno", number}, {"sqlstate", state}}};
  if (meaning.code == "connect_failed")
    error.message = fmt::format("could not connect to {}", peer);
  if (meaning.code == "connection_lost") {
    error.message = fmt::format("the connection to {} was lost", peer);
  }
  if (meaning.code == "tls_failed") {
    error.message = fmt::format("no encrypted connection to {} came about", peer);
  }
  if (meaning.code == "read_only") error.message += "; a query only reads, use execute";
  if (!is_valid_utf8(error.message)) error.message = "the server refused the statement";
  return error;
}

}  // namespace pilot::providers::data
