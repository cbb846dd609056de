# Writes build_info.h, which `frontdoor version` prints from. Runs at every build (CMakeLists.txt).
set(COMMIT "unknown")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${source} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(status EQUAL 0)
    set(COMMIT ${described})
  endif()
endif()
# A source tarball has no git, but `git archive` has written the commit into it.
if(COMMIT STREQUAL unknown)
  file(READ ${source}/cmake/commit archived)
  if(archived MATCHES "^commit ([0-9a-f]+)")
    string(SUBSTRING ${CMAKE_MATCH_1} 0 12 COMMIT)
  endif()
endif()
configure_file(${template} ${output} @ONLY)
