# Finds libtorch for hopscope-executor: Debian's, or a pip-installed torch named with HOPSCOPE_TORCH.
# Sets HOPSCOPE_WITH_EXECUTOR and HOPSCOPE_TORCH_FLAGS.

set(HOPSCOPE_WITH_EXECUTOR OFF)
if(NOT HOPSCOPE_EXECUTOR STREQUAL "OFF")
    if(HOPSCOPE_TORCH)
        set(Torch_DIR ${HOPSCOPE_TORCH}/share/cmake/Torch)
        list(PREPEND CMAKE_PREFIX_PATH ${HOPSCOPE_TORCH})
        # Without it Debian's libc10 would be found and linked in beside pip's.
        list(PREPEND CMAKE_LIBRARY_PATH ${HOPSCOPE_TORCH}/lib)
    endif()
    find_package(Torch QUIET)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(SECCOMP IMPORTED_TARGET libseccomp)
    if(Torch_FOUND AND SECCOMP_FOUND)
        set(HOPSCOPE_WITH_EXECUTOR ON)
        separate_arguments(HOPSCOPE_TORCH_FLAGS UNIX_COMMAND "${TORCH_CXX_FLAGS}")
    elseif(HOPSCOPE_EXECUTOR STREQUAL "ON")
        message(FATAL_ERROR "hopscope-executor needs libtorch and libseccomp: install libtorch-dev and libseccomp-dev, "
                            "or name a pip-installed torch with -DHOPSCOPE_TORCH=…/site-packages/torch")
    else()
        message(STATUS "libtorch or libseccomp was not found: hopscope-executor is left out")
    endif()
endif()
