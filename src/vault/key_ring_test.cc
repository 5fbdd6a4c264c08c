// The key file: what is taken, what is refused and in which words, and how it is made.
#include "vault/key_ring.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace pilot::vault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kKeyA = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
constexpr std::string_view kKeyB = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};

std::string lines(std::initializer_list<std::string_view> all, std::string_view end = "\n") {
  std::string text;
  for (const std::string_view line : all) text.append(line).append(end);
  return text;
}

class KeyRingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "pilot-vault-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    file_ = folder_ / "pilot.key";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(std::string_view text, mode_t mode = 0600) const {
    std::ofstream{file_, std::ios::binary} << text;
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
  }
  std::string content() const {
    std::ifstream in{file_, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  static mode_t mode_of(const std::filesystem::path& file) {
    struct stat about {};
    EXPECT_EQ(::stat(file.c_str(), &about), 0);
    return about.st_mode & 07777;
  }
  Error read_error() const {
    Result<KeyRing> ring = KeyRing::read(file_);
    EXPECT_FALSE(ring);
    return ring ? Error{} : ring.error();
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
  std::unique_ptr<Random> random_ = make_seeded_random(17);
};

TEST_F(KeyRingTest, the_first_key_seals_and_all_open) {
  const KeyRing old_ring = std::move(KeyRing::parse(kKeyA)).value();
  const KeyRing ring = std::move(KeyRing::parse(lines({kKeyB, kKeyA}))).value();
  EXPECT_EQ(ring.size(), 2u);

  const std::string old_token = old_ring.seal("old secret", kNow, *random_).token;
  EXPECT_EQ(ring.open(old_token)->reveal(), "old secret");  // the old key in second place

  const std::string new_token = ring.seal("new secret", kNow, *random_).token;
  EXPECT_EQ(FernetKey::parse(kKeyB)->decrypt(new_token)->reveal(), "new secret");
  EXPECT_FALSE(old_ring.open(new_token));

  // Swapped order still opens both.
  const KeyRing swapped = std::move(KeyRing::parse(lines({kKeyA, kKeyB}))).value();
  EXPECT_EQ(swapped.open(old_token)->reveal(), "old secret");
  EXPECT_EQ(swapped.open(new_token)->reveal(), "new secret");
}

TEST_F(KeyRingTest, what_no_key_opens_is_named_so) {
  const KeyRing ring = std::move(KeyRing::parse(kKeyA)).value();
  const KeyRing other = std::move(KeyRing::parse(kKeyB)).value();
  std::string token = ring.seal("x", kNow, *random_).token;
  EXPECT_EQ(other.open(token).error().code, "credential_unreadable");
  token[40] = token[40] == 'A' ? 'B' : 'A';
  EXPECT_EQ(ring.open(token).error().code, "credential_unreadable");
  EXPECT_EQ(ring.open("").error().code, "credential_unreadable");
}

TEST_F(KeyRingTest, line_ends_blank_lines_comments_and_spaces) {
  const std::string a{kKeyA};
  EXPECT_EQ(KeyRing::parse(a)->size(), 1u);  // no newline at the end
  EXPECT_EQ(KeyRing::parse(a + "\n")->size(), 1u);
  EXPECT_EQ(KeyRing::parse(a + "\r\n" + std::string(kKeyB) + "\r\n")->size(), 2u);
  EXPECT_EQ(KeyRing::parse("\n\n# made in May\n  \t\n " + a + " \n#" + a + "\n\n")->size(), 1u);
  EXPECT_EQ(KeyRing::parse("\xEF\xBB\xBF" + a)->size(), 1u);  // a byte order mark
}

TEST_F(KeyRingTest, a_broken_line_is_named_and_never_shown) {
  const std::string a{kKeyA};
  struct Case {
    std::string text;
    std::string_view line;
  };
  for (const auto& [text, line] :
       std::vector<Case>{{"\n# comment\n" + a.substr(0, 30), "line 3"},
                         {a + "\n" + a.substr(0, 43) + "\n", "line 2"},
                         {a + " " + std::string(kKeyB), "line 1"},
                         {a + "\n" + a.substr(0, 43) + "*", "line 2"},
                         {a.substr(0, 22) + "\n" + a.substr(22), "line 1"},
                         {std::string(44, '\0'), "line 1"},
                         {a + "\n//" + a, "line 2"}}) {
    const Result<KeyRing> ring = KeyRing::parse(text);
    ASSERT_FALSE(ring) << text;
    EXPECT_EQ(ring.error().code, "invalid_key");
    EXPECT_EQ(ring.error().pointer, line);
    EXPECT_THAT(ring.error().message, HasSubstr(line));
    EXPECT_THAT(ring.error().message, Not(HasSubstr("cw_0x")));
  }
}

TEST_F(KeyRingTest, no_key_at_all_is_refused) {
  for (const std::string_view text : {"", "\n", "# only words\n", " \r\n"}) {
    const Result<KeyRing> ring = KeyRing::parse(text);
    ASSERT_FALSE(ring);
    EXPECT_EQ(ring.error().code, "no_key");
  }
}

TEST_F(KeyRingTest, create_makes_a_file_of_mode_0600_whatever_the_umask) {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}, mode_t{0777}}) {
    std::filesystem::remove(file_);
    const mode_t before = ::umask(mask);
    const Result<KeyRing> made = KeyRing::create(file_, *random_);
    ::umask(before);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(mode_of(file_), 0600u) << mask;
    EXPECT_EQ(content().size(), 45u);
    EXPECT_TRUE(content().ends_with("=\n"));

    const Result<KeyRing> back = KeyRing::read(file_);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->open(made->seal("x", kNow, *random_).token)->reveal(), "x");
  }
}

TEST_F(KeyRingTest, create_never_replaces_what_is_there) {
  write("precious");
  const Result<KeyRing> made = KeyRing::create(file_, *random_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "key_file_exists");
  EXPECT_EQ(made.error().kind, ErrorKind::conflict);
  EXPECT_EQ(content(), "precious");
}

TEST_F(KeyRingTest, create_does_not_follow_a_link) {
  const std::filesystem::path target = folder_ / "elsewhere";
  std::filesystem::create_symlink(target, file_);
  EXPECT_EQ(KeyRing::create(file_, *random_).error().code, "key_file_exists");
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST_F(KeyRingTest, create_in_a_folder_that_is_not_there) {
  const Result<KeyRing> made = KeyRing::create(folder_ / "none" / "pilot.key", *random_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "key_file_unwritable");
  EXPECT_THAT(made.error().message, HasSubstr("No such file or directory"));
}

TEST_F(KeyRingTest, a_file_that_others_can_reach_is_refused_with_what_to_do) {
  for (const mode_t mode : {0644u, 0640u, 0604u, 0610u, 0602u, 0666u, 0777u}) {
    write(lines({kKeyA}), mode);
    const Error error = read_error();
    EXPECT_EQ(error.code, "key_file_exposed") << std::oct << mode;
    EXPECT_EQ(error.kind, ErrorKind::permission_denied);
    EXPECT_THAT(error.message, HasSubstr("chmod 600 \"" + file_.string() + "\""));
  }
  for (const mode_t mode : {0600u, 0400u, 0700u}) {
    write(lines({kKeyA}), 0600);
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
    EXPECT_TRUE(KeyRing::read(file_)) << std::oct << mode;
  }
}

TEST_F(KeyRingTest, missing_empty_and_garbled_files) {
  Error error = read_error();
  EXPECT_EQ(error.code, "key_file_missing");
  EXPECT_EQ(error.kind, ErrorKind::not_found);
  EXPECT_THAT(error.message, HasSubstr(file_.string()));

  write("");
  EXPECT_EQ(read_error().code, "no_key");

  write(lines({kKeyA, "garbage"}));
  error = read_error();
  EXPECT_EQ(error.code, "invalid_key");
  EXPECT_EQ(error.pointer, "line 2");
  EXPECT_THAT(error.message, HasSubstr(file_.string()));

  write(std::string(200'000, '\n'));
  EXPECT_EQ(read_error().code, "key_file_too_large");
}

TEST_F(KeyRingTest, what_is_no_regular_file_is_refused_and_does_not_hang) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_EQ(read_error().code, "key_file_unreadable");
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  EXPECT_EQ(read_error().code, "key_file_unreadable");
}

TEST_F(KeyRingTest, a_link_to_a_good_file_is_read) {  // as container platforms mount secrets
  write(lines({kKeyA}));
  const std::filesystem::path link = folder_ / "link.key";
  std::filesystem::create_symlink(file_, link);
  EXPECT_TRUE(KeyRing::read(link));
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  EXPECT_EQ(KeyRing::read(link).error().code, "key_file_exposed");
}

}  // namespace
}  // namespace pilot::vault
