# How a folder of src/ becomes a library and its tests; generated sources (migrations, provider list).

# Two precompiled headers: the standard library, Boost.JSON and Asio's awaitable for all; with
# GoogleTest for the tests.
function(pilot_precompiled_headers)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/pch.cc CONTENT "")
  foreach(header pch test_pch)
    add_library(pilot_${header} OBJECT ${CMAKE_BINARY_DIR}/generated/pch.cc)
    target_include_directories(pilot_${header} PRIVATE ${CMAKE_SOURCE_DIR}/src)
    target_precompile_headers(pilot_${header} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/${header}.h)
  endforeach()
  set_target_properties(pilot_test_pch PROPERTIES EXCLUDE_FROM_ALL ON)
  if(PILOT_TESTS)
    target_link_libraries(pilot_test_pch PRIVATE GTest::gmock)
    target_compile_options(pilot_test_pch PRIVATE ${PILOT_TEST_OPTIONS})
  endif()
endfunction()

# Programs use the same precompiled header as the libraries, so they are compiled as those are
# (CMake would give them -fPIE, which clang refuses beside a -fPIC header).
function(pilot_use_header target)
  set(header pilot_pch)
  if(target MATCHES "_test$")
    set(header pilot_test_pch)
    target_compile_options(${target} PRIVATE ${PILOT_TEST_OPTIONS})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${header})
  if(NOT PILOT_SANITIZE)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

# pilot_folder(NAME LINK libs...): library pilot_NAME of src/NAME/**.cc, tests NAME_test, fuzzers.
# What tests share (x_for_test.cc) is a library pilot_NAME_for_test, for the tests of this folder and
# of those above it.
function(pilot_folder name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${dir}/*.cc)
  set(all ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/app/main\\.cc$")
  if(NOT sources)
    set(sources ${CMAKE_BINARY_DIR}/generated/pch.cc)
  endif()
  add_library(pilot_${name} STATIC ${sources})
  target_include_directories(pilot_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(pilot_${name} PUBLIC ${ARG_LINK})
  target_precompile_headers(pilot_${name} REUSE_FROM pilot_pch)

  if(PILOT_TESTS)
    pilot_folder_tests(${name} "${all}" "${ARG_LINK}")
  endif()
  if(PILOT_FUZZ)
    pilot_folder_fuzzers(${name} "${all}")
  endif()
endfunction()

function(pilot_folder_tests name files links)
  set(helpers ${files})
  list(FILTER helpers INCLUDE REGEX "_for_test\\.cc$")
  set(helpers_below ${links})
  list(FILTER helpers_below INCLUDE REGEX "^pilot_")
  list(TRANSFORM helpers_below APPEND "_for_test")
  if(helpers)
    add_library(pilot_${name}_for_test STATIC EXCLUDE_FROM_ALL ${helpers})
    target_link_libraries(pilot_${name}_for_test PUBLIC pilot_${name} ${helpers_below})
    target_precompile_headers(pilot_${name}_for_test REUSE_FROM pilot_pch)
  else()
    add_library(pilot_${name}_for_test INTERFACE)
    target_link_libraries(pilot_${name}_for_test INTERFACE ${helpers_below})
  endif()

  set(tests ${files})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER tests EXCLUDE REGEX "_for_test\\.cc$")
  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE pilot_${name} pilot_${name}_for_test GTest::gmock_main)
    pilot_use_header(${name}_test)
    target_compile_definitions(${name}_test PRIVATE PILOT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
      PROPERTIES TIMEOUT 120)
  endif()
endfunction()

function(pilot_folder_fuzzers name files)
  list(FILTER files INCLUDE REGEX "_fuzz\\.cc$")
  foreach(file ${files})
    get_filename_component(stem ${file} NAME_WE)
    add_executable(${stem} ${file})
    target_link_libraries(${stem} PRIVATE pilot_${name})
    target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
    pilot_use_header(${stem})
  endforeach()
endfunction()

# migrations/sqlite/NNNN_name.sql -> a table of string literals, in order of their numbers.
function(pilot_embed_migrations target)
  foreach(kind sqlite postgres take_over)
    set(folder ${CMAKE_SOURCE_DIR}/migrations/${kind})
    if(kind STREQUAL "take_over")
      set(folder ${CMAKE_SOURCE_DIR}/migrations/postgres/take_over)
    endif()
    file(GLOB files CONFIGURE_DEPENDS ${folder}/*.sql)
    set(out ${CMAKE_BINARY_DIR}/generated/${kind}_migrations.cc)
    add_custom_command(OUTPUT ${out}
      COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DKIND=${kind} "-DFILES=${files}"
        -P ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake
      DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake VERBATIM)
    target_sources(${target} PRIVATE ${out})
  endforeach()
endfunction()

# providers/native/<name>.cc defines register_<name>(Registry&); this writes the function that calls
# them all, in order of their names. A file without its function is a link error.
function(pilot_list_native_providers target)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/providers/native/*.cc)
  list(FILTER files EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")
  set(declarations "")
  set(calls "")
  foreach(file ${files})
    get_filename_component(stem ${file} NAME_WE)
    string(APPEND declarations "void register_${stem}(Registry& registry);\n")
    string(APPEND calls "  register_${stem}(registry);\n")
  endforeach()
  set(out ${CMAKE_BINARY_DIR}/generated/native_providers.cc)
  file(CONFIGURE OUTPUT ${out} CONTENT
"// Generated from src/providers/native/*.cc; do not edit.
#include \"providers/registry.h\"
namespace pilot::providers {
${declarations}
void register_native_providers(Registry& registry) {
${calls}  (void)registry;
}
}  // namespace pilot::providers
" @ONLY)
  target_sources(${target} PRIVATE ${out})
endfunction()

# catalog/*.yaml, checked and packed by catalog_compiler, as a library with one function (see
# providers/manifest/embedded.h).
function(pilot_catalog)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/catalog/*.yaml)
  add_executable(catalog_compiler ${CMAKE_SOURCE_DIR}/tools/catalog_compiler.cc)
  target_link_libraries(catalog_compiler PRIVATE pilot_providers)
  pilot_use_header(catalog_compiler)
  set(blob ${CMAKE_BINARY_DIR}/generated/catalog.packed)
  add_custom_command(OUTPUT ${blob}
    COMMAND catalog_compiler ${CMAKE_SOURCE_DIR}/catalog ${blob}
    DEPENDS ${files} catalog_compiler VERBATIM)
  set(out ${CMAKE_BINARY_DIR}/generated/embedded_catalog.cc)
  file(CONFIGURE OUTPUT ${out} CONTENT
"// Generated; do not edit. The packed catalogue stands in the binary as it is.
#include \"providers/manifest/embedded.h\"
__asm__(\".section .rodata\\n\"
        \".global pilot_catalog_begin\\npilot_catalog_begin:\\n\"
        \".incbin \\\"${blob}\\\"\\n\"
        \".global pilot_catalog_end\\npilot_catalog_end:\\n\"
        \".byte 0\\n.text\\n\");
extern \"C\" const char pilot_catalog_begin[];
extern \"C\" const char pilot_catalog_end[];
namespace pilot::providers::manifest {
std::string_view embedded_catalog() {
  return {pilot_catalog_begin, static_cast<std::size_t>(pilot_catalog_end - pilot_catalog_begin)};
}
}  // namespace pilot::providers::manifest
" @ONLY)
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS ${blob})
  add_library(pilot_catalog STATIC ${out})
  target_link_libraries(pilot_catalog PUBLIC pilot_providers)
  pilot_use_header(pilot_catalog)
endfunction()

function(pilot_program)
  if(PILOT_FUZZ OR NOT EXISTS ${CMAKE_SOURCE_DIR}/src/app/main.cc)
    return()
  endif()
  add_executable(pilot ${CMAKE_SOURCE_DIR}/src/app/main.cc)
  target_link_libraries(pilot PRIVATE pilot_app)
  pilot_use_header(pilot)
  target_compile_definitions(pilot_app PRIVATE PILOT_VERSION="${PROJECT_VERSION}")
endfunction()
