# librdkafka and zstd, built by scripts/deps.mjs (at once when they are there already).
if(NOT RELEASE)  # scripts/release/addon.mjs gives DEPENDENCIES_PREFIX itself
  find_program(NODE_EXECUTABLE node)
  if(NOT NODE_EXECUTABLE)
    message(FATAL_ERROR "node is not on the PATH; give it by -DNODE_EXECUTABLE=<path>.")
  endif()

  execute_process(
    COMMAND "${NODE_EXECUTABLE}" scripts/deps.mjs --print-prefix "--sanitize=${SANITIZE}"
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
    OUTPUT_VARIABLE DEPENDENCIES_PREFIX
    OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "scripts/deps.mjs could not provide librdkafka; its message is above.")
  endif()
endif()

# For scripts/build.mjs, which begins anew where the libraries are others than those that a build was configured with.
set(DEPENDENCIES_PREFIX "${DEPENDENCIES_PREFIX}" CACHE INTERNAL "where librdkafka is")

find_package(Threads REQUIRED)

add_library(zstd STATIC IMPORTED)
set_target_properties(zstd PROPERTIES IMPORTED_LOCATION "${DEPENDENCIES_PREFIX}/lib/libzstd.a")

# An imported target's include directories are system ones: librdkafka's headers raise no warnings of ours.
add_library(rdkafka STATIC IMPORTED)
set_target_properties(rdkafka PROPERTIES
  IMPORTED_LOCATION "${DEPENDENCIES_PREFIX}/lib/librdkafka.a"
  INTERFACE_INCLUDE_DIRECTORIES "${DEPENDENCIES_PREFIX}/include"
  INTERFACE_COMPILE_DEFINITIONS LIBRDKAFKA_STATICLIB)
set_property(TARGET rdkafka PROPERTY INTERFACE_LINK_LIBRARIES zstd Threads::Threads ${CMAKE_DL_LIBS})
if(UNIX)
  set_property(TARGET rdkafka APPEND PROPERTY INTERFACE_LINK_LIBRARIES m)
endif()
