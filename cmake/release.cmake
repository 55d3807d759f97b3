# A published binary brings OpenSSL and zlib (OPENSSL_PREFIX, built by scripts/release/openssl.mjs), hidden like everything else
# that is linked in. So it runs on each Node.js, whatever OpenSSL that has, and on Bun and Deno, which have another one or none.
set(RELEASE OFF CACHE BOOL "a published binary")
set(OPENSSL_PREFIX "" CACHE PATH "where the static OpenSSL and zlib of a published binary are")

set(NODE_LIBRARY "" CACHE FILEPATH "the import library of node.exe, for Windows")

function(link_release target)
  if(NOT RELEASE)
    return()
  endif()
  foreach(name IN ITEMS ssl crypto z)
    target_link_libraries(${target} PRIVATE "${OPENSSL_PREFIX}/lib/lib${name}.a")
  endforeach()
  if(WIN32)
    # Node-API is looked up in node.exe: NODE_LIBRARY is an import library made from the list of its functions.
    target_link_libraries(${target} PRIVATE "${NODE_LIBRARY}" crypt32 ws2_32 bcrypt secur32)
    target_link_options(${target} PRIVATE -s)
  elseif(APPLE)
    target_link_options(${target} PRIVATE -s -Wl,-dead_strip)
  else()
    target_link_options(${target} PRIVATE -s -Wl,--gc-sections)
  endif()
endfunction()
