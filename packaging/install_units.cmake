# Runs at the installation, with units, adapted and bindir set by packaging/CMakeLists.txt.
foreach(unit frontdoor.service frontdoor.socket frontdoor-app@.service)
  file(READ ${units}/${unit} text)
  string(REPLACE /usr/bin/frontdoor ${CMAKE_INSTALL_PREFIX}/${bindir}/frontdoor text "${text}")
  file(WRITE ${adapted}/${unit} "${text}")
  file(INSTALL ${adapted}/${unit} DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
endforeach()
