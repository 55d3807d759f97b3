# The addon shows the world the two functions Node looks for, and nothing else: no librdkafka, no zstd, no C++ runtime.
# Another copy of any of them in the same process (node-rdkafka, another native addon) must not meet ours.
function(hide_symbols target)
  set_target_properties(${target} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(WIN32 OR (APPLE AND RELEASE))
    # What is marked as exported is, and nothing else is marked. (zig's linker has no list of symbols for macOS.)
  elseif(APPLE)
    target_link_options(${target} PRIVATE
      -Wl,-exported_symbol,_napi_register_module_v1
      -Wl,-exported_symbol,_node_api_module_get_api_version_v1)
  elseif(UNIX)
    set(map "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/exports.map")
    target_link_options(${target} PRIVATE "-Wl,--version-script=${map}")
    if(NOT RELEASE)  # zig's linker does not know it; the version script says the same
      target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL)
    endif()
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${map}")
  endif()
endfunction()
