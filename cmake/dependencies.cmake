# Everything comes from Debian 12 packages; README says why each is there.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(absl REQUIRED)
find_package(simdjson REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(mimalloc 2.0 REQUIRED)
if(MSP_SERVER)
  find_package(gRPC REQUIRED)
endif()
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)

# cpp-httplib: Debian ships it as a shared library with a thin header.
find_path(HTTPLIB_INCLUDE httplib.h REQUIRED)
find_library(HTTPLIB_LIBRARY cpp-httplib REQUIRED)
add_library(msp_httplib INTERFACE)
target_include_directories(msp_httplib SYSTEM INTERFACE ${HTTPLIB_INCLUDE})
# The library is built with TLS, which adds members to its classes: without the macro the layouts differ.
target_compile_definitions(msp_httplib INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT)
target_link_libraries(msp_httplib INTERFACE ${HTTPLIB_LIBRARY} OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
