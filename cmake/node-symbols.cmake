# Node-API, OpenSSL and zlib are functions of the node executable itself, so the link leaves them undefined.
# `-z now` binds all of them at load: a runtime that lacks one says so at once, not in the middle of a TLS handshake.
function(bind_to_node target)
  if(APPLE)
    target_link_options(${target} PRIVATE -undefined dynamic_lookup)
  elseif(UNIX)
    target_link_options(${target} PRIVATE -Wl,-z,now)
  endif()
endfunction()
