// The catalogue that stands in the binary, as catalog.h packs it. Made by the build.
#pragma once

#include <string_view>

namespace pilot::providers::manifest {

std::string_view embedded_catalog();

}  // namespace pilot::providers::manifest
