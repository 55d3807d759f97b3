# Node-API, OpenSSL and zlib are functions of the node executable itself, so the link leaves them undefined.
# `-z now` binds all of them at load: a runtime that lacks one says so at once, not in the middle of a TLS handshake.
function(bind_to_node target)
  if(APPLE)
    target_link_options(${target} PRIVATE -undefined dynamic_lookup)
  elseif(UNIX)
    target_link_options(${target} PRIVATE -Wl,-z,now)
  endif()
endfunction()

# When the last environment that uses an addon ends (a worker, say), Node.js unloads the addon with dlclose. A thread that
# was left to itself because librdkafka did not end in time (src-native/handle.h) would then run code that is gone. With
# `-z nodelete` dlclose leaves the addon in memory. On macOS dlclose does not unload an image that uses thread-local
# variables, as librdkafka does, so nothing has to be said there. On Windows src-native/windows_node_api.cc pins it.
function(keep_loaded target)
  if(UNIX AND NOT APPLE)
    target_link_options(${target} PRIVATE -Wl,-z,nodelete)
  endif()
endfunction()
