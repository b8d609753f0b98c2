# What `cmake --install` puts where, and the Debian packages that CPack makes of it (packaging/deb.sh).
# Two components: hopscope, and hopscope-executor, which alone needs libtorch.

include(GNUInstallDirs)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME hopscope)
set(share ${CMAKE_INSTALL_DATADIR})

install(TARGETS hopscope RUNTIME)
install(DIRECTORY resources/samples resources/help DESTINATION ${share}/hopscope)
install(FILES README.md CHANGELOG.md DESTINATION ${share}/doc/hopscope)
install(FILES LICENSE DESTINATION ${share}/doc/hopscope RENAME copyright)
if(HOPSCOPE_DESKTOP)
    install(TARGETS hopscope-desktop RUNTIME)
    install(FILES packaging/share/org.hopscope.Hopscope.desktop DESTINATION ${share}/applications)
    install(FILES packaging/share/org.hopscope.Hopscope.metainfo.xml DESTINATION ${share}/metainfo)
    install(FILES resources/icons/hopscope.svg DESTINATION ${share}/icons/hicolor/scalable/apps
            RENAME org.hopscope.Hopscope.svg)
    install(FILES packaging/share/hopscope-mime.xml DESTINATION ${share}/mime/packages RENAME org.hopscope.Hopscope.xml)
endif()
if(HOPSCOPE_WITH_EXECUTOR)
    if(HOPSCOPE_TORCH)
        # pip's libtorch lies where no loader looks.
        set_target_properties(hopscope-executor PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
    endif()
    install(TARGETS hopscope-executor RUNTIME COMPONENT hopscope-executor)
    install(FILES LICENSE DESTINATION ${share}/doc/hopscope-executor RENAME copyright COMPONENT hopscope-executor)
endif()

# A page for the program and one for each command, made of --help: they cannot drift apart.
find_program(HOPSCOPE_HELP2MAN help2man)
if(HOPSCOPE_HELP2MAN)
    install(CODE "
        execute_process(COMMAND \"${PROJECT_SOURCE_DIR}/packaging/man.sh\" \"$<TARGET_FILE:hopscope>\"
            \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man1\" COMMAND_ERROR_IS_FATAL ANY)")
else()
    install(CODE "message(STATUS \"help2man is not installed: no manual pages\")")
endif()

set(CPACK_PACKAGE_NAME hopscope)
set(CPACK_PACKAGE_VENDOR Hopscope)
set(CPACK_PACKAGE_CONTACT "The Hopscope developers <hopscope@hopscope.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL hopscope)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_HOPSCOPE_DESCRIPTION
    "Opens the traces, logs and graph texts that PyTorch's compiler writes: regions, what each cache decided and why,\nforward and backward graphs side by side.")
set(CPACK_DEBIAN_HOPSCOPE_PACKAGE_NAME hopscope)
# What no link line tells: icons are SVG, dot lays out what the own layout leaves.
set(CPACK_DEBIAN_HOPSCOPE_PACKAGE_DEPENDS "libqt6svg6, graphviz")
set(CPACK_DEBIAN_HOPSCOPE_PACKAGE_RECOMMENDS "hopscope-executor, fonts-inter, fonts-jetbrains-mono")
if(HOPSCOPE_WITH_EXECUTOR AND NOT HOPSCOPE_TORCH)
    list(APPEND CPACK_COMPONENTS_ALL hopscope-executor)
    set(CPACK_COMPONENT_HOPSCOPE-EXECUTOR_DESCRIPTION
        "Runs the graphs that hopscope shows on the CPU, with libtorch's own kernels.")
    set(CPACK_DEBIAN_HOPSCOPE-EXECUTOR_PACKAGE_NAME hopscope-executor)
    set(CPACK_DEBIAN_HOPSCOPE-EXECUTOR_PACKAGE_RECOMMENDS hopscope)
    # Opened by libtorch when it multiplies, not linked.
    set(CPACK_DEBIAN_HOPSCOPE-EXECUTOR_PACKAGE_DEPENDS "libopenblas0-pthread")
endif()
include(CPack)
