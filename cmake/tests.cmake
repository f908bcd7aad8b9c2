# SPDX-License-Identifier: Apache-2.0

# msp_test(NAME SOURCES... LINK libs... [LABELS ...]): one GoogleTest program, one ctest entry.
# ctest's own parallelism and --output-on-failure do the rest; every program must run alone and beside others.
# SINGLE_THREADED: neither it nor what it tests starts a thread, so ThreadSanitizer's preset excludes it.
find_package(GTest REQUIRED)
function(msp_test name)
  cmake_parse_arguments(T "SINGLE_THREADED" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(T_SINGLE_THREADED AND MSP_SANITIZE MATCHES "thread")
    return()
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  if(MSP_SANITIZE)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 4")
  endif()
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE msp_flags ${T_LINK} GTest::gmock GTest::gtest_main)
  msp_precompile(${name} tests)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}")
endfunction()

# msp_fuzz(NAME SOURCES... LINK libs...): one libFuzzer program, part of `fuzz_targets`, run by ./run fuzz.
# Fixed inputs lie in tests/fuzz/corpus/NAME, a dictionary in tests/fuzz/NAME.dict, where there are any.
function(msp_fuzz name)
  cmake_parse_arguments(F "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${F_SOURCES})
  target_link_libraries(${name} PRIVATE msp_flags ${F_LINK})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  if(NOT TARGET fuzz_targets)
    add_custom_target(fuzz_targets)
  endif()
  add_dependencies(fuzz_targets ${name})
endfunction()
