// The command line with a user's own provider, which only the server knows (or, without one, the
// database): run, validate, show, request, set a credential.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class CliOwnProviders : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  Finished run(Arguments args, const std::string& input = {}) const {
    return pilot(data(), std::move(args), input);
  }
  std::string plan(const std::string& provider, const std::string& action) const {
    return dir_.write("plan.json",
                      fmt::format(R"([{{"provider":"{}","action":"{}","params":{{"id":7}}}}])",
                                  provider, action));
  }
  void make_acme(const Server& server) const {
    const Answer made = server.post(
        "/api/custom-integrations",
        quoted(fmt::format("{{'name': 'acme', 'display_name': 'Acme', 'base_url': '{}', "
                           "'auth_header': 'X-Key', 'auth_prefix': '', 'actions': [{{'action_id': "
                           "'get_contact', 'http_method': 'GET', 'endpoint': '/contacts/{{id}}', "
                           "'parameters': {{'id': {{'type': 'integer'}}}}}}]}}",
                           service_.url())));
    ASSERT_EQ(made.status, 201) << made.body;
  }
  void all_commands() {
    const std::size_t before = service_.count("/contacts/7");
    EXPECT_EQ(run({"credentials", "set", "acme", "api_key"}, "fake-key-1234\n").code, 0);
    const Finished ran = run({"run", plan("acme", "get_contact"), "--json"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(text_at(parsed(ran.out), "status"), "success");
    ASSERT_EQ(service_.count("/contacts/7"), before + 1);
    EXPECT_EQ(service_.seen("/contacts/7").back().header("x-key"), "fake-key-1234");
    EXPECT_EQ(run({"plans", "validate", plan("acme", "get_contact")}).code, 0);
    const Finished wrong = run({"plans", "validate", plan("acme", "get_contcat")});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_THAT(wrong.err, AllOf(HasSubstr("/0/action"), HasSubstr("get_contact")));
    const Finished shown = run({"providers", "show", "acme"});
    EXPECT_EQ(shown.code, 0) << shown.err;
    EXPECT_THAT(shown.out, AllOf(HasSubstr("Acme (acme)"), HasSubstr("get_contact"),
                                 HasSubstr("pilot credentials set acme api_key")));
    const Finished request =
        run({"providers", "request", "acme", "get_contact", "--params", R"({"id":7})"});
    EXPECT_EQ(request.code, 0) << request.err;
    EXPECT_THAT(request.out, HasSubstr("/contacts/7"));
    EXPECT_EQ(request.out.find("fake-key-1234"), std::string::npos);
  }
  void nobody_knows(const std::string& name, const Arguments& who = {}) {
    const auto refused = [&](Arguments args, const std::string& input = {}) {
      args.insert(args.begin(), who.begin(), who.end());
      const Finished done = run(std::move(args), input);
      EXPECT_NE(done.code, 0);
      EXPECT_THAT(done.err, HasSubstr(fmt::format("there is no provider \"{}\"", name)));
    };
    refused({"run", plan(name, "get_contact")});
    refused({"plans", "validate", plan(name, "get_contact")});
    refused({"providers", "show", name});
    refused({"credentials", "set", name, "api_key"}, "fake-key-1234\n");
  }

  TempDir dir_;
  FakeService service_{answer(200, "{}")};
};

TEST_F(CliOwnProviders, AreKnownWithAServerAndWithoutOne) {
  Server server(data());
  ASSERT_TRUE(server.up());
  make_acme(server);
  all_commands();
  nobody_knows("nobodys");
  EXPECT_EQ(server.stop().code, 0);
  all_commands();
  nobody_knows("nobodys");
}

TEST_F(CliOwnProviders, AreTheirUsersOnly) {
  const Server server(data());
  ASSERT_TRUE(server.up());
  make_acme(server);
  ASSERT_EQ(run({"users", "create", "other"}).code, 0);
  nobody_knows("acme", {"--user", "other"});
}

}  // namespace
}  // namespace pilot::e2e
