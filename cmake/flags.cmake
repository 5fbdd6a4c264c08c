# Compiler flags for all first-party code, and what the presets switch on.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(PILOT_TESTS "build the tests beside the code" ON)
option(PILOT_FUZZ "build the fuzzers (x_fuzz.cc) instead of the tests" OFF)
set(PILOT_SANITIZE "" CACHE STRING "sanitizers, as for -fsanitize=")

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  -fno-omit-frame-pointer -pthread -fstack-protector-strong)
add_compile_definitions(
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  # one known crash less with clang's coroutines (docs/decisions); costs nothing measurable
  BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING
  BOOST_ASIO_NO_DEPRECATED)
add_link_options(-pthread -fuse-ld=mold)

# The tests' own files are not optimized: that is most of what it takes to compile them.
set(PILOT_TEST_OPTIONS $<$<CONFIG:Release>:-O0> $<$<CONFIG:Release>:-U_FORTIFY_SOURCE>)

if(PILOT_SANITIZE)
  add_compile_options(-fsanitize=${PILOT_SANITIZE} -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${PILOT_SANITIZE})
else()
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_link_options(-pie -Wl,-z,relro,-z,now)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_definitions(_FORTIFY_SOURCE=2)
  endif()
endif()
# A vtable lookup past the end or a moved-from optional is a bug that must not go on quietly.
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(PILOT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# ccache keeps its hits with a precompiled header only if clang leaves the time stamp out of it.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
