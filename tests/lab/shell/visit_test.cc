// Who may go where, and which of the world's files are there when somebody comes to read them.
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/asked.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using test::AskedLab;
using test::ExpectReply;
using Lines = std::vector<std::string>;

const std::string kSavepoint = "/home/tidb/drainer/data.drainer/savepoint";

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_visit)

BOOST_AUTO_TEST_CASE(a_known_host_by_any_of_its_names) {
  AskedLab lab;
  ExpectReply(lab.Run("localhost", "ssh", {"drainer-orders", "uptime"}), 0, "10.0.1.9", "");
  BOOST_TEST(lab.hands().log.empty());
}

BOOST_AUTO_TEST_CASE(an_unknown_host_is_refused_in_sshs_words) {
  AskedLab lab;
  ExpectReply(lab.Run("localhost", "ssh", {"example.org", "rm -rf /"}), 255, "",
              "ssh: Could not resolve hostname example.org: Name or service not known\n");
  BOOST_TEST(lab.hands().refused ==
             (Lines{"localhost: ssh to 'example.org', which is no host of this cluster"}));
}

BOOST_AUTO_TEST_CASE(a_savepoint_is_brought_when_it_is_asked_for) {
  AskedLab lab;
  const std::string query = "read-remote-file " + kSavepoint + " on 10.0.1.9";
  lab.hands().answers[query] = {port::AnswerCode::kOk, 0, "commitTS = 11\n"};
  BOOST_TEST(lab.Run("localhost", "ssh", {"10.0.1.9", "cat " + kSavepoint}).exit == 0);
  BOOST_TEST(lab.hands().log == (Lines{query}));
  BOOST_TEST(lab.On("10.0.1.9").Read(kSavepoint).value() == "commitTS = 11\n");
  BOOST_TEST(lab.trees().Changed().empty());
  lab.hands().answers[query] = {port::AnswerCode::kNotFound, 1, ""};
  BOOST_TEST(lab.Run("localhost", "rsync", {"10.0.1.9", "drainer/data.drainer"}).exit == 0);
  BOOST_TEST(lab.On("10.0.1.9").Read(kSavepoint).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
