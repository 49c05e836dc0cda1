#pragma once
// What native/src/cuda uses of CUDA, for a processor: the tests compile the kernels against it and run them thread by thread.
#include "emulator/language.h"
#include "emulator/arithmetic.h"
#include "emulator/atomics.h"
#include "emulator/runtime.h"
#include "emulator/warp.h"
