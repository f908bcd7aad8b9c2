# SPDX-License-Identifier: Apache-2.0

# Install rules of `cmake --install` and CPack: component `programs` (msp-server, msp-sandbox, msp with their manual pages,
# completions and systemd unit) and component `cpp` (the C++ client with a CMake package and a pkg-config file).
#
#   ./run build release multisafepay_grpc && cmake --install build/release --component cpp --prefix /usr/local
#   cd build/release && cpack -G DEB
include(GNUInstallDirs)
set(MSP_PROGRAMS ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} CACHE PATH
    "Folder of the programs to install: the build's own, or those that ./run package has made of them")
set(MSP_MANUAL ${CMAKE_BINARY_DIR}/manual CACHE PATH "Folder of the manual pages and completions that ci/package/manual.sh makes")

# The client as one static archive: one name to link, with CMake, pkg-config or by hand.
add_library(multisafepay_grpc STATIC EXCLUDE_FROM_ALL
  $<TARGET_OBJECTS:msp_client> $<TARGET_OBJECTS:msp_client_health_proto> $<TARGET_OBJECTS:msp_proto>
  $<TARGET_OBJECTS:msp_proto_grpc> $<TARGET_OBJECTS:msp_rpc_proto>)
target_link_libraries(multisafepay_grpc PUBLIC gRPC::grpc++ protobuf::libprotobuf absl::statusor absl::strings)
target_compile_features(multisafepay_grpc PUBLIC cxx_std_20)
set_target_properties(multisafepay_grpc PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME client)

set(headers ${CMAKE_INSTALL_INCLUDEDIR}/multisafepay-grpc)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/multisafepay_grpc)
install(CODE "if(NOT EXISTS \"$<TARGET_FILE:multisafepay_grpc>\")
  message(FATAL_ERROR \"the client's library is not built; build the target multisafepay_grpc first\")
endif()" COMPONENT cpp)
install(TARGETS multisafepay_grpc EXPORT multisafepay_grpc
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT cpp INCLUDES DESTINATION ${headers})
install(DIRECTORY client/cpp/ DESTINATION ${headers}/client/cpp COMPONENT cpp FILES_MATCHING PATTERN "*.h")
foreach(generated msp_proto msp_proto_grpc msp_client_health_proto)
  install(DIRECTORY ${CMAKE_BINARY_DIR}/gen/${generated}/ DESTINATION ${headers} COMPONENT cpp
          FILES_MATCHING PATTERN "*.pb.h" PATTERN access EXCLUDE)
endforeach()
install(EXPORT multisafepay_grpc NAMESPACE multisafepay_grpc:: DESTINATION ${package} COMPONENT cpp)

include(CMakePackageConfigHelpers)
set(folder ${CMAKE_BINARY_DIR}/gen/package)
file(WRITE ${folder}/multisafepay_grpc-config.cmake
"include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(absl)
find_dependency(Protobuf)
find_dependency(gRPC)
include(\${CMAKE_CURRENT_LIST_DIR}/multisafepay_grpc.cmake)
")
# 0.x: a minor version may change the interface.
write_basic_package_version_file(${folder}/multisafepay_grpc-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${folder}/multisafepay_grpc-config.cmake ${folder}/multisafepay_grpc-config-version.cmake
        DESTINATION ${package} COMPONENT cpp)
# The prefix is relative to the file, so that an unpacked archive works in any folder.
string(REGEX REPLACE "[^/]+" ".." up ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(WRITE ${folder}/multisafepay-grpc.pc
"prefix=\${pcfiledir}/${up}
Name: multisafepay-grpc
Description: ${PROJECT_DESCRIPTION}
Version: ${PROJECT_VERSION}
Requires: grpc++ protobuf absl_statusor absl_strings
Cflags: -I\${prefix}/${headers}
Libs: -L\${prefix}/${CMAKE_INSTALL_LIBDIR} -lmultisafepay_grpc
")
install(FILES ${folder}/multisafepay-grpc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT cpp)

# The programs.
install(PROGRAMS ${MSP_PROGRAMS}/msp ${MSP_PROGRAMS}/msp-sandbox ${MSP_PROGRAMS}/msp-server
        DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
install(DIRECTORY ${MSP_MANUAL}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT programs OPTIONAL)
install(FILES ${MSP_MANUAL}/msp.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME msp
        COMPONENT programs OPTIONAL)
install(FILES ${MSP_MANUAL}/msp.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _msp
        COMPONENT programs OPTIONAL)

# Debian packages: multisafepay-grpc and libmultisafepay-grpc-dev. ./run package builds their contents and runs cpack.
set(debian ${CMAKE_SOURCE_DIR}/ci/package/debian)
install(FILES ${debian}/msp-server.service DESTINATION lib/systemd/system COMPONENT system)
install(FILES ${debian}/msp-server.env DESTINATION /etc/multisafepay-grpc COMPONENT system)
install(DIRECTORY ${debian}/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/multisafepay-grpc COMPONENT system)
install(FILES ${MSP_MANUAL}/copyright ${MSP_MANUAL}/changelog.gz ${MSP_MANUAL}/changelog.Debian.gz
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/multisafepay-grpc COMPONENT system OPTIONAL)
install(FILES ${debian}/multisafepay-grpc.overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
        RENAME multisafepay-grpc COMPONENT system)
install(FILES ${MSP_MANUAL}/copyright ${MSP_MANUAL}/changelog.gz ${MSP_MANUAL}/changelog.Debian.gz
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libmultisafepay-grpc-dev COMPONENT system-cpp OPTIONAL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME multisafepay-grpc)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The multisafepay-grpc authors <multisafepay-grpc@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "gRPC service and clients for MultiSafepay payments")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_STRIP_FILES OFF)  # The programs are already stripped; strip would break msp-server as rewritten by BOLT.
set(CPACK_COMPONENTS_ALL cpp programs system system-cpp)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_SERVER_PACKAGE_NAME multisafepay-grpc)
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SERVER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_SERVER_DESCRIPTION "msp-server takes card payments from any language through MultiSafepay: a
call becomes one REST call, sent once, and its answer states the outcome.
msp-sandbox is a local MultiSafepay simulator, and msp is a command-line
client.")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
    ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_DEBIAN_CLIENT_PACKAGE_NAME libmultisafepay-grpc-dev)
set(CPACK_DEBIAN_CLIENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_CLIENT_PACKAGE_DEPENDS "libgrpc++-dev, libprotobuf-dev, libabsl-dev")
set(CPACK_DEBIAN_CLIENT_DESCRIPTION "Headers, static library, CMake package and pkg-config file of the C++ client
of msp-server: conclusive outcomes, no duplicate payments.")
include(CPack)
cpack_add_component_group(server)
cpack_add_component_group(client)
cpack_add_component(programs GROUP server)
cpack_add_component(system GROUP server)
cpack_add_component(cpp GROUP client)
cpack_add_component(system-cpp GROUP client)
