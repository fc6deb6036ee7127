// What start scripts and command lines say of files.
#include "lab/hosts/start_text.h"

#include <boost/test/unit_test.hpp>

namespace tidegate::lab {
namespace {

const std::string kScript = R"(#!/bin/bash
ulimit -n 1000000 2>/dev/null || true
DEPLOY_DIR=/home/tidb/deploy
LOGS="/data/log"
HOST=$(hostname)
cd "${DEPLOY_DIR}" || exit 1
exec bin/pump \
    --addr="0.0.0.0:8250" \
    --log-file="$LOGS/pump.log" \
    --data-dir=${DEPLOY_DIR}/data \
    --advertise-addr="$HOST:8250" \
    --config=conf/pump.toml 2>> "${DEPLOY_DIR}/log/pump_stderr.log"
)";

}  // namespace

BOOST_AUTO_TEST_SUITE(start_text)

BOOST_AUTO_TEST_CASE(flags) {
  BOOST_TEST(FlagIn(kScript, "addr") == "0.0.0.0:8250");
  BOOST_TEST(FlagIn(kScript, "log-file") == "/data/log/pump.log");
  BOOST_TEST(FlagIn(kScript, "data-dir") == "/home/tidb/deploy/data");
  BOOST_TEST(FlagIn(kScript, "advertise-addr") == "");  // only a shell could tell
  BOOST_TEST(FlagIn(kScript, "config") == "conf/pump.toml");
  BOOST_TEST(FlagIn(kScript, "pd-urls") == "");
  BOOST_TEST(FlagIn("bin/pump -log-file a.log -addr :1", "log-file") == "a.log");
}

BOOST_AUTO_TEST_CASE(standard_error) {
  BOOST_TEST(ErrorsFileIn(kScript) == "/home/tidb/deploy/log/pump_stderr.log");
  BOOST_TEST(ErrorsFileIn("bin/pump 2>err.log") == "err.log");
  BOOST_TEST(ErrorsFileIn("bin/pump &>> all.log") == "all.log");
  BOOST_TEST(ErrorsFileIn("bin/pump >out.log 2>&1") == "");
  BOOST_TEST(ErrorsFileIn("bin/pump 2>/dev/null") == "");
}

BOOST_AUTO_TEST_CASE(paths) {
  BOOST_TEST(Absolute("log/a", "/home") == "/home/log/a");
  BOOST_TEST(Absolute("/log/a", "/home") == "/log/a");
  BOOST_TEST(Absolute("", "/home") == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
