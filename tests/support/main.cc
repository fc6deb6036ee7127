#define BOOST_TEST_MODULE tidegate
#include <boost/test/unit_test.hpp>
