// Inputs by value: each kind comes back as it was, whatever bytes it holds; what is no input is
// refused with its place.
#include "sim/recorded_input.h"

#include <boost/test/unit_test.hpp>

namespace tidegate::sim {
namespace {

namespace port = engine::port;

const std::string kBytes("a,1:b\n\0\xFF\"'", 10);

template <typename Kind>
void ExpectAction(const Kind& action, const std::string& text) {
  const port::Action input = action;
  BOOST_TEST(EncodeInput(input) == text);
  const Result<port::Action> back = DecodeAction(input.index(), text);
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST(back->index() == input.index());
  BOOST_TEST(EncodeInput(*back) == text);
}

template <typename Kind>
void ExpectQuery(const Kind& query, const std::string& text) {
  const port::Query input = query;
  BOOST_TEST(EncodeInput(input) == text);
  const Result<port::Query> back = DecodeQuery(input.index(), text);
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST(back->index() == input.index());
  BOOST_TEST(EncodeInput(*back) == text);
}

std::string ErrorOf(const std::string& text) {
  const Result<port::Action> back = DecodeAction(0, text);
  return back.has_value() ? "(read)" : back.error().ToString();
}

BOOST_AUTO_TEST_SUITE(recorded_inputs)

BOOST_AUTO_TEST_CASE(each_action_comes_back) {
  ExpectAction(port::StopProcess{"h", "u", 9, false}, "1:h,1:u,1:9,1:0,");
  ExpectAction(port::StartProcess{"h", ""}, "1:h,0:,");
  ExpectAction(port::SetUnitEnabled{"h", "u", true}, "1:h,1:u,1:1,");
  ExpectAction(port::InstallBinary{"h", "pump", "v2.1.0", "/p"}, "1:h,4:pump,6:v2.1.0,2:/p,");
  ExpectAction(port::WriteFile{"h", "/p", kBytes}, "1:h,2:/p,10:" + kBytes + ",");
  ExpectAction(port::RunSql{"e", "select 1"}, "1:e,8:select 1,");
  ExpectAction(port::RunHook{"n", {"x", "", kBytes}}, "1:n,1:3,1:x,0:,10:" + kBytes + ",");
  ExpectAction(port::KeepBackup{"n", "b"}, "1:n,1:b,");
  ExpectAction(port::RunPlaybook{"p", "t", "l", "d"}, "1:p,1:t,1:l,1:d,");
  ExpectAction(port::CopyBinary{"h", "p", "f", "t"}, "1:h,1:p,1:f,1:t,");
}

BOOST_AUTO_TEST_CASE(each_query_comes_back) {
  ExpectQuery(port::HttpGet{"h", 8249, "/status", "PUT", kBytes},
              "1:h,4:8249,7:/status,3:PUT,10:" + kBytes + ",");
  ExpectQuery(port::ListRegistry{"/r"}, "2:/r,");
  ExpectQuery(port::ShowUnit{"h", "u"}, "1:h,1:u,");
  ExpectQuery(port::BinaryVersion{"h", "/p"}, "1:h,2:/p,");
  ExpectQuery(port::ReadRemoteFile{"h", "/p"}, "1:h,2:/p,");
  ExpectQuery(port::QuerySql{"e", "s"}, "1:e,1:s,");
  ExpectQuery(port::ConnectTcp{"h", -1}, "1:h,2:-1,");
}

BOOST_AUTO_TEST_CASE(passwords_stay_outside) {
  BOOST_TEST(EncodeInput(port::Action(port::WriteFile{"h", "/p", "password = \"tide\"\n"})) ==
             "1:h,2:/p,17:password = \"***\"\n,");
}

BOOST_AUTO_TEST_CASE(what_is_no_input_is_refused_with_its_place) {
  BOOST_TEST(ErrorOf("") == "byte 0: a recorded input has no LENGTH: of a field here");
  BOOST_TEST(ErrorOf("1:h,x") == "byte 4: a recorded input has no LENGTH: of a field here");
  BOOST_TEST(ErrorOf("1:h,8:u,1:9,1:0,") ==
             "byte 4: a recorded input has a field that does not end with a comma where it should "
             "here");
  BOOST_TEST(ErrorOf("1:h,18446744073709551615:u,").starts_with("byte 4: "));
  BOOST_TEST(ErrorOf("1:h,1:u,1:x,1:0,") == "byte 8: a recorded input has no number here");
  BOOST_TEST(ErrorOf("1:h,1:u,11:99999999999,1:0,") ==
             "byte 8: a recorded input has no number here");
  BOOST_TEST(ErrorOf("1:h,1:u,1:9,1:2,") == "byte 12: a recorded input has neither 0 nor 1 here");
  BOOST_TEST(ErrorOf("1:h,1:u,1:9,1:0,,") ==
             "byte 16: a recorded input has more than its fields here");
  BOOST_TEST(DecodeAction(6, "1:n,10:4000000000,").error().ToString() ==
             "byte 4: a recorded input has a list longer than its text here");
  BOOST_TEST(DecodeAction(10, "").error().ToString() == "there is no kind 10 of it");
  BOOST_TEST(DecodeQuery(7, "").error().ToString() == "there is no kind 7 of it");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::sim
