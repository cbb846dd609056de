# CPack runs this on the files that it has gathered. The program is stripped, pages and changelogs are compressed as Debian wants it, and
# everything gets one time and one set of permissions: two builds of a commit give the same bytes. SOURCE_DATE_EPOCH is set by
# scripts/package.
set(root ${CPACK_TEMPORARY_DIRECTORY})
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  message(FATAL_ERROR "SOURCE_DATE_EPOCH is not set: use scripts/package")
endif()
execute_process(COMMAND sh -euc [[
  find . -path '*/bin/*' -type f -exec strip --strip-unneeded --remove-section=.comment --remove-section=.note {} +
  find . -path '*/man/man*' -type f -exec gzip -9nf {} +
  find . -path '*/doc/frontdoor/changelog*' -type f ! -name '*.gz' -exec gzip -9nf {} +
  find . -type d -exec chmod 755 {} +
  find . -type f -path '*/bin/*' -exec chmod 755 {} +
  find . -type f ! -path '*/bin/*' -exec chmod 644 {} +
  find . -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
]] WORKING_DIRECTORY ${root} COMMAND_ERROR_IS_FATAL ANY)
