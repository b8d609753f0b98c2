# Compiler settings and the helpers that every folder's CMakeLists uses.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(hopscope_options INTERFACE)
target_include_directories(hopscope_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(hopscope_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms of GCC 12 in std::string's moves and operator+ (its bugs 105329 and 105651), shown as soon as the
    # headers come precompiled.
    target_compile_options(hopscope_options INTERFACE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
endif()
if(HOPSCOPE_WERROR)
    target_compile_options(hopscope_options INTERFACE -Werror)
endif()

# One static library per folder of core. DEPS are the folders below it: the link line is the layering.
# HEADERS of other libraries are given with LIBS.
function(hopscope_core_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
    add_library(hopscope_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(hopscope_${name} PUBLIC hopscope_options)
    if(NOT name STREQUAL "executor") # libtorch's interfaces mix their kinds of integers
        target_compile_options(hopscope_${name} PRIVATE -Wconversion)
    endif()
    foreach(dep IN LISTS ARG_DEPS)
        target_link_libraries(hopscope_${name} PUBLIC hopscope_${dep})
    endforeach()
    target_link_libraries(hopscope_${name} PRIVATE ${ARG_LIBS})
endfunction()

# One Qt Test executable per unit. THREADS: it has threads of its own, so it is among those that run under ThreadSanitizer.
function(hopscope_test name)
    cmake_parse_arguments(ARG "THREADS" "" "SOURCES;DEPS;LIBS" ${ARGN})
    if(NOT ARG_SOURCES)
        set(ARG_SOURCES ${name}.cpp)
    endif()
    add_executable(${name} ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES AUTOMOC ON RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    # moc of Qt 6.4 fails at <compare> when it is the first standard header that it meets.
    set_target_properties(${name} PROPERTIES AUTOMOC_MOC_OPTIONS "--include;cstddef")
    target_compile_definitions(${name} PRIVATE
        HOPSCOPE_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data"
        HOPSCOPE_GOLDEN="${PROJECT_SOURCE_DIR}/tests/golden"
        HOPSCOPE_BIN="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    foreach(dep IN LISTS ARG_DEPS)
        target_link_libraries(${name} PRIVATE hopscope_${dep})
    endforeach()
    target_link_libraries(${name} PRIVATE hopscope_options Qt6::Core Qt6::Test ${ARG_LIBS})
    # Qt's macros for GUI tests change what the shared header would hold: those have their own.
    if(NOT "Qt6::Gui" IN_LIST ARG_LIBS)
        target_precompile_headers(${name} REUSE_FROM hopscope_tests_pch)
    elseif("Qt6::Widgets" IN_LIST ARG_LIBS AND TARGET hopscope_gui_tests_pch)
        target_precompile_headers(${name} REUSE_FROM hopscope_gui_tests_pch)
    endif()
    add_test(NAME ${name} COMMAND ${name})
    # ctest -L quick | gui | worker: what needs nothing, what opens windows (offscreen), what starts the executor; and threads.
    get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
    if("Qt6::Gui" IN_LIST ARG_LIBS)
        set(label gui)
    elseif(folder MATCHES "^(worker|run|proof|executor)$")
        set(label worker)
    else()
        set(label quick)
    endif()
    if(ARG_THREADS)
        list(APPEND label threads)
        add_dependencies(hopscope_threads ${name})
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT 900 ENVIRONMENT
        "QT_QPA_PLATFORM=offscreen;QT_LOGGING_RULES=qt.qpa.*=false;XDG_CONFIG_HOME=${CMAKE_BINARY_DIR}/tests/config")
endfunction()
