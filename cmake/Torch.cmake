# Finds libtorch for hopscope-executor: Debian's, or a pip-installed torch named with HOPSCOPE_TORCH.
# Sets HOPSCOPE_WITH_EXECUTOR_LIBRARY (core/executor and its tests from inside), HOPSCOPE_WITH_EXECUTOR (its program, too) and
# HOPSCOPE_TORCH_FLAGS.

set(HOPSCOPE_WITH_EXECUTOR OFF)
set(HOPSCOPE_WITH_EXECUTOR_LIBRARY OFF)
if(NOT HOPSCOPE_EXECUTOR STREQUAL "OFF")
    if(HOPSCOPE_TORCH)
        # Its own package file asks for the whole CUDA toolkit where it was built for CUDA, and links what needs it. Kernels
        # of CPUs are in these two libraries, whatever it was built for.
        find_library(HOPSCOPE_TORCH_CPU torch_cpu PATHS ${HOPSCOPE_TORCH}/lib NO_DEFAULT_PATH)
        find_library(HOPSCOPE_TORCH_C10 c10 PATHS ${HOPSCOPE_TORCH}/lib NO_DEFAULT_PATH)
        if(HOPSCOPE_TORCH_CPU AND HOPSCOPE_TORCH_C10)
            set(Torch_FOUND TRUE)
            add_library(torch INTERFACE)
        endif()
        set(TORCH_LIBRARIES ${HOPSCOPE_TORCH_CPU} ${HOPSCOPE_TORCH_C10})
        if(EXISTS ${HOPSCOPE_TORCH}/lib/libtorch_cuda.so)
            # Libraries of CUDA that torch_cpu names lie in folders of their own, where it looks for them by itself.
            list(APPEND TORCH_LIBRARIES -Wl,--allow-shlib-undefined)
        endif()
        set(TORCH_INCLUDE_DIRS ${HOPSCOPE_TORCH}/include ${HOPSCOPE_TORCH}/include/torch/csrc/api/include)
        if(Torch_FOUND)
            target_link_libraries(torch INTERFACE ${TORCH_LIBRARIES})
        endif()
        # Up to 2.6 pip's builds had the old strings of libstdc++.
        file(READ ${HOPSCOPE_TORCH}/share/cmake/Torch/TorchConfig.cmake HOPSCOPE_TORCH_CONFIG)
        if(HOPSCOPE_TORCH_CONFIG MATCHES "_GLIBCXX_USE_CXX11_ABI=([01])")
            set(TORCH_CXX_FLAGS -D_GLIBCXX_USE_CXX11_ABI=${CMAKE_MATCH_1})
        endif()
    else()
        find_package(Torch QUIET)
    endif()
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(SECCOMP IMPORTED_TARGET libseccomp)
    if(Torch_FOUND AND SECCOMP_FOUND)
        set(HOPSCOPE_WITH_EXECUTOR_LIBRARY ON)
        if(NOT HOPSCOPE_EXECUTOR STREQUAL "LIBRARY")
            set(HOPSCOPE_WITH_EXECUTOR ON)
        endif()
        separate_arguments(HOPSCOPE_TORCH_FLAGS UNIX_COMMAND "${TORCH_CXX_FLAGS}")
    elseif(HOPSCOPE_EXECUTOR MATCHES "^(ON|LIBRARY)$")
        message(FATAL_ERROR "hopscope-executor needs libtorch and libseccomp: install libtorch-dev and libseccomp-dev, "
                            "or name a pip-installed torch with -DHOPSCOPE_TORCH=…/site-packages/torch")
    else()
        message(STATUS "libtorch or libseccomp was not found: hopscope-executor is left out")
    endif()
endif()
