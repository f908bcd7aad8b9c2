# SPDX-License-Identifier: Apache-2.0

# Compiler settings shared by every target: warnings are errors, the release build is hardened.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LINK_WHAT_YOU_USE OFF)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness lets ccache keep objects that were built with a precompiled header; with paths relative to the tree
  # a fresh clone in another folder finds them too.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${CCACHE})
endif()

include(CheckPIESupported)
check_pie_supported()

# Flags for our own code; generated code gets only the build type's and the sanitizers'.
add_library(msp_flags INTERFACE)
target_compile_options(msp_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-missing-field-initializers)
target_include_directories(msp_flags INTERFACE ${CMAKE_SOURCE_DIR})
if(MSP_UNITY)
  target_compile_options(msp_flags INTERFACE -Wno-subobject-linkage)  # Takes a source that is included for a header.
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(msp_flags INTERFACE -Wthread-safety -Wno-unknown-warning-option)
endif()

# Without line tables, which take a tenth of the time to build: profiles need the symbols alone. CXXFLAGS=-g1 adds them.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# Threads for all: a precompiled header serves only units with the same macros.
add_compile_options(-pthread -fno-omit-frame-pointer -fstack-protector-strong)
# Debug information and __FILE__ name files relative to the tree, so that releases contain no build folder.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)
endif()
add_link_options(-Wl,-z,relro,-z,now)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2)
endif()

if(MSP_SANITIZE)
  # Line tables without variables, which take a third of g++'s time.
  add_compile_options(-fsanitize=${MSP_SANITIZE} -fno-sanitize-recover=all -O1 -g1)
  add_link_options(-fsanitize=${MSP_SANITIZE})
  if(MSP_SANITIZE MATCHES "thread")
    # Protobuf's map fields have two more members where this is defined; Debian's libprotobuf was built without.
    add_compile_options(-U__SANITIZE_THREAD__)
  endif()
endif()
