// mysql: endpoints, statements, and rows as the client prints them.
#include <boost/test/unit_test.hpp>

#include "lab/shell/mysql_options.h"
#include "tests/lab/support/asked.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using test::AskedLab;
using test::ExpectReply;
using Lines = std::vector<std::string>;

class SqlLab : public AskedLab {
 public:
  SqlLab() {
    hands().answers["query-sql at reporting"] = {
        port::AnswerCode::kOk, 0, "clusterID\tcheckPoint\n7\t{\"commitTS\":41,\"x\":\"a\\b\"}\n"};
  }
};

const Lines kSink = {"-h", "10.0.1.71", "-P3306", "-uroot", "-psecret"};

Lines With(const Lines& more) {
  Lines all = kSink;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_mysql)

BOOST_AUTO_TEST_CASE(options_in_all_their_forms) {
  const MysqlOptions a = ReadMysqlOptions({"-h10.0.0.1", "-P", "4000", "-NBre", "select 1", "db"});
  BOOST_TEST(a.host == "10.0.0.1");
  BOOST_TEST(a.port == "4000");
  BOOST_TEST(a.statements == "select 1;\n");
  BOOST_TEST(a.schema == "db");
  BOOST_TEST((a.raw && !a.names && a.executes));
  const MysqlOptions b =
      ReadMysqlOptions({"--host=h", "--port", "4001", "--execute", "a", "--execute=b", "-uroot",
                        "-pe", "--batch", "--skip-column-names", "--database=d"});
  BOOST_TEST(b.host == "h");
  BOOST_TEST(b.port == "4001");
  BOOST_TEST(b.statements == "a;\nb;\n");
  BOOST_TEST(b.schema == "d");
  BOOST_TEST(!b.names);
  BOOST_TEST(!ReadMysqlOptions({"-h", "h", "-N"}).executes);
  const Lines file = OptionsOfFile(
      "[client]\nhost = h1\nuser=root\n[mysqld]\nport=1\n[mysql]\nport"
      "=4000\n");
  BOOST_TEST(file == (Lines{"--host=h1", "--port=4000"}));
}

BOOST_AUTO_TEST_CASE(rows_as_in_a_batch) {
  SqlLab lab;
  ExpectReply(lab.Run("localhost", "mysql", With({"--raw", "-e", "select * from a.b"})), 0,
              "clusterID\tcheckPoint\n7\t{\"commitTS\":41,\"x\":\"a\\b\"}\n", "");
  ExpectReply(lab.Run("localhost", "mysql", With({"-N", "-e", "select * from a.b"})), 0,
              "7\t{\"commitTS\":41,\"x\":\"a\\\\b\"}\n", "");
  ExpectReply(lab.Run("localhost", "mysql", With({"-r"}), "select * from a.b\\G\n"), 0,
              "*************************** 1. row ***************************\n"
              "clusterID: 7\ncheckPoint: {\"commitTS\":41,\"x\":\"a\\b\"}\n",
              "");
}

BOOST_AUTO_TEST_CASE(statements_one_after_another) {
  SqlLab lab;
  const Reply reply = lab.Run("localhost", "mysql", kSink,
                              "-- a comment; of one line\nuse tidb_binlog;\n"
                              "replace into checkpoint values (1, 'a;b');\n"
                              "SELECT checkPoint FROM `checkpoint`;");
  BOOST_TEST(reply.exit == 0);
  BOOST_TEST(lab.hands().log.size() == 2U);
  BOOST_TEST(lab.hands().log[0].starts_with("run-sql at reporting"));
  BOOST_TEST(lab.hands().log[1].starts_with("query-sql at reporting"));
}

BOOST_AUTO_TEST_CASE(errors_end_the_batch) {
  SqlLab lab;
  lab.hands().answers["run-sql at reporting"] = {port::AnswerCode::kFailed, 1,
                                                 "ERROR 1064 (42000): You have an error"};
  ExpectReply(lab.Run("localhost", "mysql", With({"-e", "drop x; select * from a.b"})), 1, "",
              "ERROR 1064 (42000) at line 1: You have an error\n");
  lab.hands().answers["query-sql at tidb 10.0.1.1:4000"] = {port::AnswerCode::kConnectionRefused, 1,
                                                            ""};
  ExpectReply(
      lab.Run("localhost", "mysql", {"-h", "10.0.1.1", "-P", "4000", "-e", "show databases"}), 1,
      "", "ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.1.1:4000' (111)\n");
}

BOOST_AUTO_TEST_CASE(another_server_is_refused) {
  SqlLab lab;
  BOOST_TEST(lab.Run("localhost", "mysql", {"-h", "10.9.9.9", "-e", "select 1"}).exit == 1);
  BOOST_TEST(lab.hands().refused ==
             (Lines{"localhost: mysql to '10.9.9.9:3306', which is no server of this cluster"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
