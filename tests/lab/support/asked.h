// One request through the translation, to its reply.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/lab/support/small_lab.h"

namespace tidegate::test {

class AskedLab : public SmallLab {
 public:
  explicit AskedLab(sim::RunPlan plan = SmallPlan())
      : SmallLab(std::move(plan)), translator_(this->plan(), trees(), hands()) {}

  lab::Reply Run(const std::string& host, const std::string& program, std::vector<std::string> argv,
                 const std::string& input = "") {
    std::optional<lab::Reply> got;
    hands().log.clear();
    translator_.Translate({program, host, std::move(argv), "", input},
                          [&](const lab::Reply& reply) {
                            BOOST_TEST(!got.has_value());
                            got = reply;
                          });
    BOOST_REQUIRE(got.has_value());
    return *got;
  }
  lab::Translator& translator() { return translator_; }

 private:
  lab::Translator translator_;
};

inline void ExpectReply(const lab::Reply& reply, int exit, const std::string& output,
                        const std::string& errors) {
  BOOST_TEST(reply.exit == exit);
  BOOST_TEST(reply.output == output);
  BOOST_TEST(reply.errors == errors);
}

}  // namespace tidegate::test
