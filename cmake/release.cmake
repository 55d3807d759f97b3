# A published binary brings OpenSSL and zlib (OPENSSL_PREFIX, built by scripts/release/openssl.mjs), hidden like everything else
# that is linked in. So it runs on each Node.js, whatever OpenSSL that has, and on Bun and Deno, which have another one or none.
set(RELEASE OFF CACHE BOOL "a published binary")
set(OPENSSL_PREFIX "" CACHE PATH "where the static OpenSSL and zlib of a published binary are")

set(NODE_API_FUNCTIONS "" CACHE PATH "the directory of the list of Node-API's functions, for Windows")

function(link_release target)
  if(NOT RELEASE)
    return()
  endif()
  foreach(name IN ITEMS ssl crypto z)
    target_link_libraries(${target} PRIVATE "${OPENSSL_PREFIX}/lib/lib${name}.a")
  endforeach()
  if(WIN32)
    # Node-API is looked up in the program that has loaded the addon.
    target_sources(${target} PRIVATE src-native/windows_node_api.cc)
    target_include_directories(${target} PRIVATE "${NODE_API_FUNCTIONS}")
    target_link_libraries(${target} PRIVATE crypt32 ws2_32 bcrypt secur32)
    target_link_options(${target} PRIVATE -s)
  elseif(APPLE)
    target_link_options(${target} PRIVATE -s)  # with -dead_strip, zig 0.17.1 writes a table of symbols that is none
  else()
    target_link_options(${target} PRIVATE -s -Wl,--gc-sections)
  endif()
endfunction()
