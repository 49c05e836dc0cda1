#pragma once
#include "emulator/language.h"

// Only one thread runs at a time, so a plain access is atomic. There are none on floats: their sums would depend on the order in
// which threads come, and the same inputs must give the same bits.
#define HONE_ATOMIC(name, result)           \
  template <class T>                        \
  inline T name(T* at, T operand) {         \
    static_assert(static_cast<T>(0.5) == 0, "atomics on floats would make bits depend on the order of threads"); \
    const T old = *at;                      \
    *at = static_cast<T>(result);           \
    return old;                             \
  }

HONE_ATOMIC(atomicAdd, old + operand)
HONE_ATOMIC(atomicSub, old - operand)
HONE_ATOMIC(atomicMin, operand < old ? operand : old)
HONE_ATOMIC(atomicMax, old < operand ? operand : old)
HONE_ATOMIC(atomicAnd, old & operand)
HONE_ATOMIC(atomicOr, old | operand)
HONE_ATOMIC(atomicXor, old ^ operand)
#undef HONE_ATOMIC

template <class T>
inline T atomicExch(T* at, T operand) {
  const T old = *at;
  *at = operand;
  return old;
}

template <class T>
inline T atomicCAS(T* at, T expected, T operand) {
  const T old = *at;
  if (old == expected) *at = operand;
  return old;
}

// Goes round: 0 after `last`.
inline unsigned atomicInc(unsigned* at, unsigned last) {
  const unsigned old = *at;
  *at = old >= last ? 0 : old + 1;
  return old;
}

template <class T>
inline T atomicCAS_system(T* at, T expected, T operand) { return atomicCAS(at, expected, operand); }
template <class T>
inline T atomicAdd_system(T* at, T operand) { return atomicAdd(at, operand); }
template <class T>
inline T atomicExch_system(T* at, T operand) { return atomicExch(at, operand); }
