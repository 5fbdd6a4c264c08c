// Who may read the deployment's OAuth clients, and what they look like.
#include "app/oauth_clients_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace pilot::app {
namespace {

using testing::HasSubstr;
using testing::Not;

class OAuthClientsFile : public testing::Test {
 protected:
  OAuthClientsFile() : file_(testing::TempDir() + "oauth-clients-" + std::to_string(getpid())) {
    unsetenv("PILOT_OAUTH_CLIENTS");
  }
  ~OAuthClientsFile() override { std::remove(file_.c_str()); }
  void write(const std::string& text, mode_t mode) {
    std::ofstream(file_) << text;
    chmod(file_.c_str(), mode);
  }
  std::string file_;
};

TEST_F(OAuthClientsFile, JsonAndYamlAreRead) {
  write(R"({"acme":{"client_id":"id","client_secret":"s3cr3t"}})", 0600);
  EXPECT_EQ((*read_oauth_clients(file_))->find("acme")->secret.reveal(), "s3cr3t");
  write("acme:\n  client_id: id\n  client_secret: s3cr3t\n", 0600);
  EXPECT_EQ((*read_oauth_clients(file_))->find("acme")->id, "id");
  EXPECT_EQ((*read_oauth_clients(file_))->find("other"), nullptr);
}

TEST_F(OAuthClientsFile, WhatOthersCanReadIsRefused) {
  for (const mode_t mode : {0640U, 0604U, 0660U}) {
    write(R"({"acme":{"client_id":"id"}})", mode);
    const auto clients = read_oauth_clients(file_);
    ASSERT_FALSE(clients) << mode;
    EXPECT_THAT(clients.error().message, HasSubstr("chmod 600"));
  }
}

TEST_F(OAuthClientsFile, WhatIsWrongIsToldWithoutTheSecret) {
  for (const char* text : {"acme: s3cr3t", R"({"acme":{"client_secret":"s3cr3t"}})",
                           "acme: {client_id: s3cr3t", "acme:\n\tclient_id: s3cr3t"}) {
    write(text, 0600);
    const auto clients = read_oauth_clients(file_);
    ASSERT_FALSE(clients) << text;
    EXPECT_EQ(clients.error().code, "invalid_oauth_clients");
    EXPECT_THAT(clients.error().message, Not(HasSubstr("s3cr3t")));
  }
  EXPECT_FALSE(read_oauth_clients(file_ + "-not-there"));
}

TEST_F(OAuthClientsFile, TheEnvironmentMayHoldThemAndIsEmptiedOfThem) {
  setenv("PILOT_OAUTH_CLIENTS", R"({"acme":{"client_id":"id"}})", 1);
  EXPECT_EQ((*read_oauth_clients(""))->find("acme")->id, "id");
  EXPECT_EQ(getenv("PILOT_OAUTH_CLIENTS"), nullptr);
  EXPECT_EQ((*read_oauth_clients(""))->size(), 0u);
}

}  // namespace
}  // namespace pilot::app
