// Boost.Test's own macros for this must stand in front of its header, which is precompiled here.
#include <boost/test/unit_test.hpp>

int main(int argc, char** argv) {
  return boost::unit_test::unit_test_main([] { return true; }, argc, argv);
}
