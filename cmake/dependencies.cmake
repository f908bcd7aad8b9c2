# SPDX-License-Identifier: Apache-2.0

# Everything comes from Debian 12 packages; README has the reason for each.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(Boost REQUIRED)
find_package(ZLIB REQUIRED)
find_package(absl REQUIRED)
find_package(simdjson REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(mimalloc 2.0 REQUIRED)
if(MSP_SERVER)
  find_package(gRPC REQUIRED)
endif()
# The allocator of a whole program: mimalloc's functions override libc's once it is loaded, although no symbol references it.
# Sanitizers bring an allocator of their own.
add_library(msp_allocator INTERFACE)
if(NOT MSP_SANITIZE)
  target_link_libraries(msp_allocator INTERFACE "-Wl,--push-state,--no-as-needed,$<TARGET_FILE:mimalloc>,--pop-state")
endif()
# gRPC and its dependencies are linked statically: a tenth less CPU a call than through shared libraries (their calls
# through tables, and thread-locals by a function). OpenSSL and libcurl, which have the most security updates, stay shared.
if(MSP_STATIC)
  get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
  list(FILTER imported INCLUDE REGEX "^(gRPC|absl|protobuf)::.*[a-z]")
  foreach(target IN LISTS imported)
    get_target_property(type ${target} TYPE)
    if(NOT type MATCHES "^(SHARED|UNKNOWN)_LIBRARY$")
      continue()
    endif()
    get_target_property(shared ${target} LOCATION)
    string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive "${shared}")
    if(EXISTS "${archive}")
      set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${archive}")
      get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
      foreach(configuration IN LISTS configurations)
        set_target_properties(${target} PROPERTIES IMPORTED_LOCATION_${configuration} "${archive}")
      endforeach()
    endif()
  endforeach()
endif()

pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
# Its -D_FILE_OFFSET_BITS=64 changes nothing on 64-bit machines, but no precompiled header would serve its users.
set_target_properties(PkgConfig::HIREDIS PROPERTIES INTERFACE_COMPILE_OPTIONS "")
pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode)

# cpp-httplib: Debian ships it as a shared library with a thin header.
find_path(HTTPLIB_INCLUDE httplib.h REQUIRED)
find_library(HTTPLIB_LIBRARY cpp-httplib REQUIRED)
add_library(msp_httplib INTERFACE)
target_include_directories(msp_httplib SYSTEM INTERFACE ${HTTPLIB_INCLUDE})
# The library is built with TLS, which adds members to its classes: without the macro the layouts differ.
target_compile_definitions(msp_httplib INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT)
target_link_libraries(msp_httplib INTERFACE ${HTTPLIB_LIBRARY} OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
