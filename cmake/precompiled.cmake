# SPDX-License-Identifier: Apache-2.0

# msp_precompile(TARGET KIND): TARGET's units begin with a precompiled header, of what units of that kind read anyway: product,
# documents (the sandbox), generated (protoc's code), tests. Only for g++: the clang presets compile each unit with its own includes alone,
# so that lint finds the ones that are missing.
set(MSP_PRECOMPILED_STANDARD
    <algorithm> <array> <atomic> <chrono> <cstdint> <functional> <map> <memory> <mutex> <optional> <set> <string> <string_view>
    <thread> <unordered_map> <utility> <variant> <vector>)
set(MSP_PRECOMPILED_documents <nlohmann/json.hpp>)
set(MSP_PRECOMPILED_messages <google/protobuf/descriptor.h> <google/protobuf/message.h> <absl/strings/str_cat.h>)
set(MSP_PRECOMPILED_generated
    ${MSP_PRECOMPILED_messages} <google/protobuf/arena.h> <google/protobuf/descriptor.pb.h> <google/protobuf/extension_set.h>
    <google/protobuf/generated_enum_reflection.h> <google/protobuf/generated_message_reflection.h> <google/protobuf/io/coded_stream.h>
    <google/protobuf/map_entry.h> <google/protobuf/metadata.h> <google/protobuf/reflection_ops.h> <google/protobuf/repeated_field.h>
    <google/protobuf/struct.pb.h> <google/protobuf/timestamp.pb.h> <google/protobuf/wire_format.h>)
if(MSP_SERVER)
  list(APPEND MSP_PRECOMPILED_generated <grpcpp/grpcpp.h>)
endif()
set(MSP_PRECOMPILED_product ${MSP_PRECOMPILED_generated})
set(MSP_PRECOMPILED_tests ${MSP_PRECOMPILED_documents} ${MSP_PRECOMPILED_messages} <gmock/gmock.h> <gtest/gtest.h>)
set(MSP_LIBRARIES_tests GTest::gmock)  # Its macros are the tests'.

function(msp_precompile target kind)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  # protoc's code has flags of its own only under sanitizers; otherwise one header costs less than two.
  if(kind STREQUAL "generated" AND NOT MSP_SANITIZE)
    set(kind product)
  endif()
  # Programs and libraries are position independent in two ways, and a header serves one of them.
  get_target_property(type ${target} TYPE)
  set(carrier msp_precompiled_${kind}_${type})
  if(NOT TARGET ${carrier})
    set(empty ${CMAKE_BINARY_DIR}/gen/precompiled.cc)
    if(NOT EXISTS ${empty})
      file(WRITE ${empty} "int main() {}\n")
    endif()
    if(type STREQUAL "EXECUTABLE")
      add_executable(${carrier} EXCLUDE_FROM_ALL ${empty})
      set_target_properties(${carrier} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/gen)
    else()
      add_library(${carrier} STATIC EXCLUDE_FROM_ALL ${empty})
    endif()
    target_link_libraries(${carrier} PRIVATE msp_flags ${MSP_LIBRARIES_${kind}})
    target_compile_options(${carrier} PRIVATE ${MSP_OPTIONS_${kind}})
    target_precompile_headers(${carrier} PRIVATE ${MSP_PRECOMPILED_STANDARD} ${MSP_PRECOMPILED_${kind}})
  endif()
  target_compile_options(${target} PRIVATE ${MSP_OPTIONS_${kind}})
  target_precompile_headers(${target} REUSE_FROM ${carrier})
endfunction()

# A test's own units are compiled quickly; the code under test is optimised and checked for undefined behaviour.
set(MSP_OPTIONS_tests -O0)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND MSP_OPTIONS_tests -U_FORTIFY_SOURCE)
elseif(MSP_SANITIZE MATCHES "undefined")
  list(APPEND MSP_OPTIONS_tests -fno-sanitize=undefined)
endif()
# As msp_proto_library has it.
if(MSP_SANITIZE)
  set(MSP_OPTIONS_generated -fno-sanitize=all)
endif()
# What waits for people and networks is compiled quickly too: the sandbox, the command-line client.
set(MSP_COMPILED_QUICKLY $<$<CONFIG:Release>:-O1>)
