# Builds libalbert_cuda.so with nvcc: from ALBERT_CUDA_SOURCES, for ALBERT_CUDA_ARCHITECTURES.
# ALBERT_CUDA=AUTO leaves it out, and says why, where nvcc or the headers of cuBLAS are missing.
find_package(CUDAToolkit 12.0 QUIET)
set(ALBERT_CUDA_KNOWN 80 86 89 90)
if(CUDAToolkit_VERSION VERSION_GREATER_EQUAL 12.8)
  list(APPEND ALBERT_CUDA_KNOWN 100)
endif()
set(ALBERT_CUDA_ARCHITECTURES ${ALBERT_CUDA_KNOWN} CACHE STRING
  "Architectures; the last one also comes as PTX, for later ones")
set(ALBERT_CUDA_LACKS "")
if(NOT CUDAToolkit_FOUND OR NOT CUDAToolkit_NVCC_EXECUTABLE)
  set(ALBERT_CUDA_LACKS "nvcc of the CUDA toolkit, 12 or later")
else()
  find_path(ALBERT_CUBLAS_INCLUDE cublasLt.h NO_DEFAULT_PATH
    PATHS ${ALBERT_CUBLAS_ROOT}/include ${CUDAToolkit_INCLUDE_DIRS})
  find_file(ALBERT_CUBLAS_LIBRARY
    NAMES libcublasLt.so.${CUDAToolkit_VERSION_MAJOR} libcublasLt.so NO_DEFAULT_PATH
    PATHS ${ALBERT_CUBLAS_ROOT}/lib ${CUDAToolkit_LIBRARY_DIR})
  if(NOT ALBERT_CUBLAS_INCLUDE OR NOT ALBERT_CUBLAS_LIBRARY)
    set(ALBERT_CUDA_LACKS "cuBLAS (npm run build:cuda fetches it)")
  endif()
endif()

if(ALBERT_CUDA_LACKS)
  if(ALBERT_CUDA STREQUAL "ON")
    message(FATAL_ERROR "albert_cuda needs ${ALBERT_CUDA_LACKS}")
  endif()
  message(STATUS "albert_cuda is not built: no ${ALBERT_CUDA_LACKS}")
  return()
endif()

set(ALBERT_NVCC_OPTIONS -std=c++20 -O3 -Xptxas=-v -Xcompiler=-fPIC,-fvisibility=hidden,-Wall
  -Xcompiler=-Wextra -Werror=all-warnings -I${CMAKE_SOURCE_DIR}/native
  -isystem=${ALBERT_CUBLAS_INCLUDE})
foreach(architecture ${ALBERT_CUDA_ARCHITECTURES})
  list(APPEND ALBERT_NVCC_OPTIONS
    -gencode=arch=compute_${architecture},code=sm_${architecture})
endforeach()
list(GET ALBERT_CUDA_ARCHITECTURES -1 newest)
list(APPEND ALBERT_NVCC_OPTIONS -gencode=arch=compute_${newest},code=compute_${newest})

# By commands of our own: CMake before 3.26 does not know C++20 of every nvcc. npm run build:cuda
# makes a table of what ptxas says of registers and shared memory.
set(ALBERT_CUDA_OBJECTS "")
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/cuda)
foreach(source ${ALBERT_CUDA_SOURCES})
  get_filename_component(name ${source} NAME_WE)
  set(object ${CMAKE_BINARY_DIR}/cuda/${name}.o)
  set(headers DEPFILE ${object}.d)
  if(CMAKE_VERSION VERSION_LESS 3.20)
    set(headers "")  # makefiles could not take it then: changed headers need a clean build
  endif()
  add_custom_command(OUTPUT ${object}
    COMMAND ${CUDAToolkit_NVCC_EXECUTABLE} ${ALBERT_NVCC_OPTIONS} -MD -MF ${object}.d
      -c ${CMAKE_SOURCE_DIR}/${source} -o ${object}
    DEPENDS ${CMAKE_SOURCE_DIR}/${source} ${headers}
    COMMENT "Compiling ${source} for ${ALBERT_CUDA_ARCHITECTURES}" VERBATIM)
  list(APPEND ALBERT_CUDA_OBJECTS ${object})
endforeach()
add_library(albert_cuda SHARED ${ALBERT_CUDA_OBJECTS})
set_target_properties(albert_cuda PROPERTIES LINKER_LANGUAGE CXX)
target_link_libraries(albert_cuda PRIVATE albert ${ALBERT_CUBLAS_LIBRARY} CUDA::cudart_static)
target_link_options(albert_cuda PRIVATE ${ALBERT_LINK_OPTIONS} -Wl,-z,defs -s)
