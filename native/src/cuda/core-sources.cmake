# What libhone_cuda.so takes of src/core: it links nothing of the rest of the library, which opens it.
set(CARD_CORE_SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/../core/card-weight.cc
  ${CMAKE_CURRENT_LIST_DIR}/../core/nf4-codec.cc
  ${CMAKE_CURRENT_LIST_DIR}/../core/ops-specs.cc)
