// The one place where Boost.Beast's non-template code is compiled (BOOST_BEAST_SEPARATE_COMPILATION
// is set for all of Pilot). Nothing else belongs here.
#include <boost/beast/src.hpp>
