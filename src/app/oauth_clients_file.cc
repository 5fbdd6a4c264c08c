#include "app/oauth_clients_file.h"

#include <sys/stat.h>

#include "app/plan_file.h"
#include "base/environment.h"
#include "base/yaml.h"

namespace pilot::app {
namespace {

using Clients = std::shared_ptr<const providers::OAuthClients>;
constexpr char kVariable[] = "PILOT_OAUTH_CLIENTS";
constexpr std::size_t kMost = 1u << 20;

Error bad(const std::string& source, const std::string& why) {
  return invalid("invalid_oauth_clients", fmt::format("{} {}", source, why));
}

Result<Clients> parse(std::string_view text, const std::string& source) {
  // YAML takes JSON, too. Its message may quote what it could not read: the place has to do.
  const Result<Json> document = parse_yaml(text);
  if (!document) return bad(source, "is neither JSON nor YAML; check its quotes and indents");
  Result<providers::OAuthClients> clients = providers::OAuthClients::parse(*document);
  if (!clients) return clients.error().prefixed(source);
  return std::make_shared<const providers::OAuthClients>(std::move(*clients));
}

}  // namespace

Result<Clients> read_oauth_clients(const std::filesystem::path& file) {
  const std::optional<Secret> given = take_from_environment(kVariable);
  if (file.empty()) {
    if (given) return parse(given->reveal(), kVariable);
    return std::make_shared<const providers::OAuthClients>();
  }
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return bad(file.string(), "cannot be read");
  if ((info.st_mode & 077) != 0) {
    return bad(file.string(), "holds secrets and can be read by others; chmod 600 it");
  }
  Result<std::string> text = read_text(file.string(), kMost);
  if (!text) return text.error();
  Result<Clients> clients = parse(*text, file.string());
  wipe(*text);
  return clients;
}

}  // namespace pilot::app
