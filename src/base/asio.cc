// The one place where Asio's own code is compiled (BOOST_ASIO_SEPARATE_COMPILATION everywhere
// else).
#include <boost/asio/impl/src.hpp>
