#include "base/redact.h"

#include <boost/test/unit_test.hpp>

namespace tidegate {

BOOST_AUTO_TEST_SUITE(redact)

BOOST_AUTO_TEST_CASE(passwords_of_toml_json_and_flags_are_gone) {
  BOOST_TEST(Redact("password = \"s3cret\"\nport = 3306\n") == "password = \"***\"\nport = 3306\n");
  BOOST_TEST(Redact("password='s3cret'") == "password=\"***\"");
  BOOST_TEST(Redact("{\"password\":\"s3cret\",\"port\":3306}") ==
             "{\"password\":\"***\",\"port\":3306}");
  BOOST_TEST(Redact("{\"password\" : \"s3cret\"}") == "{\"password\" : \"***\"}");
  BOOST_TEST(Redact("encrypted_password = \"AAEC\"") == "encrypted_password = \"***\"");
  BOOST_TEST(Redact("mysql --password=s3cret --port=3306") ==
             "mysql --password=\"***\" --port=3306");
}

BOOST_AUTO_TEST_CASE(quotes_within_a_password_do_not_end_it) {
  BOOST_TEST(Redact("password = \"a\\\"b\"; x") == "password = \"***\"; x");
  BOOST_TEST(Redact("password = \"cut off") == "password = \"***\"");
  BOOST_TEST(Redact("password = \"cut\\") == "password = \"***\"");
}

BOOST_AUTO_TEST_CASE(each_of_several_is_gone) {
  const std::string text = Redact("password=one\nuser=x\npassword=two password=three\n");
  BOOST_TEST(text == "password=\"***\"\nuser=x\npassword=\"***\" password=\"***\"\n");
}

BOOST_AUTO_TEST_CASE(everything_else_stays) {
  for (const char* text : {"", "password", "password =", "a password is needed", "pass = \"x\"",
                           "the password\nis = \"x\""}) {
    BOOST_TEST(Redact(text) == text);
  }
}

BOOST_AUTO_TEST_CASE(redacting_twice_changes_nothing_more) {
  const std::string once = Redact("password = \"s3cret\"");
  BOOST_TEST(Redact(once) == once);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
