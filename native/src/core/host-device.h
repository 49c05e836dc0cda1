#pragma once

// What the processor and a GPU compute alike: random numbers by position, the bits of 16-bit formats. Only nvcc knows the words.
#ifdef __CUDACC__
#define HONE_HOST_DEVICE __host__ __device__
#else
#define HONE_HOST_DEVICE
#endif
