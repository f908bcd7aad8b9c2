# SPDX-License-Identifier: Apache-2.0

# msp_proto_library(NAME DIR files...): messages (and with GRPC, services) generated from .proto files
# below DIR, as a static library whose include root is the build tree's folder of the same DIR. With ACCESS, the
# codec's access tables of these messages too (proto/access): `access/NAME.h` declares them.
function(msp_proto_library name)
  cmake_parse_arguments(P "GRPC;ACCESS" "ROOT" "FILES;IMPORTS" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/gen/${name})
  file(MAKE_DIRECTORY ${out})
  set(sources "")
  set(imports -I ${P_ROOT})
  foreach(dir ${P_IMPORTS})
    list(APPEND imports -I ${dir})
  endforeach()
  foreach(file ${P_FILES})
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    set(products ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(plugin "")
    if(P_GRPC)
      list(APPEND products ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      set(plugin --grpc_out=${out} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    endif()
    set(depends ${P_FILES})
    list(TRANSFORM depends PREPEND ${P_ROOT}/)
    add_custom_command(
      OUTPUT ${products}
      COMMAND protobuf::protoc ${imports} --cpp_out=${out} ${plugin} ${P_ROOT}/${file}
      DEPENDS ${depends}
      COMMENT "protoc ${file}"
      VERBATIM)
    list(APPEND sources ${products})
  endforeach()
  if(P_ACCESS)
    set(files ${P_FILES})
    list(TRANSFORM files PREPEND ${P_ROOT}/)
    file(MAKE_DIRECTORY ${out}/access)
    add_custom_command(
      OUTPUT ${out}/access/${name}.cc ${out}/access/${name}.h
      BYPRODUCTS ${out}/access/${name}.binpb
      COMMAND protobuf::protoc ${imports} --include_imports --descriptor_set_out=${out}/access/${name}.binpb ${files}
      COMMAND msp_access_generator ${out}/access/${name}.binpb ${out}/access/${name} ${P_FILES}
      DEPENDS msp_access_generator ${files}
      COMMENT "access tables of ${name}"
      VERBATIM)
    list(APPEND sources ${out}/access/${name}.cc ${out}/access/${name}.h)
    # An accessor stays on the stack while the field's string takes memory, so that allocation counts and profiles show the owner.
    # Costs two instructions a field.
    set(options -fno-optimize-sibling-calls)
    if(MSP_SANITIZE)
      list(APPEND options -fsanitize=${MSP_SANITIZE} -fno-sanitize-recover=all)
    endif()
    set_source_files_properties(${out}/access/${name}.cc PROPERTIES COMPILE_OPTIONS "${options}")
    if(MSP_SANITIZE)
      set_source_files_properties(${out}/access/${name}.cc PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endif()
  add_library(${name} STATIC ${sources})
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)  # Every file of protoc's has the same static names.
  if(MSP_SANITIZE)
    # protoc's code, like libprotobuf, is built without sanitizers, in half the time.
    target_compile_options(${name} PRIVATE -fno-sanitize=all)
  endif()
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf)
  if(P_ACCESS)
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  endif()
  if(P_GRPC)
    target_link_libraries(${name} PUBLIC gRPC::grpc++)
  endif()
  msp_precompile(${name} generated)
endfunction()
