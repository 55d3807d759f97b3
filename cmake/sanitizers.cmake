# SANITIZE=address (AddressSanitizer and UndefinedBehaviorSanitizer) or SANITIZE=thread, for the addon and for what it
# links in alike: ThreadSanitizer reports false races when librdkafka's own locking is not instrumented.
set(SANITIZE "" CACHE STRING "address, thread, or empty for none")

set(SANITIZER_FLAGS "")
if(SANITIZE STREQUAL "address")
  set(SANITIZER_FLAGS -fsanitize=address,undefined -fno-omit-frame-pointer)
elseif(SANITIZE STREQUAL "thread")
  set(SANITIZER_FLAGS -fsanitize=thread -fno-omit-frame-pointer)
elseif(SANITIZE)
  message(FATAL_ERROR "SANITIZE is \"${SANITIZE}\"; it can be address or thread.")
endif()

function(sanitize target)
  if(SANITIZER_FLAGS)
    target_compile_options(${target} PRIVATE ${SANITIZER_FLAGS})
    get_target_property(type ${target} TYPE)
    if(NOT type STREQUAL "STATIC_LIBRARY")
      target_link_options(${target} PRIVATE ${SANITIZER_FLAGS})
    endif()
  endif()
endfunction()
