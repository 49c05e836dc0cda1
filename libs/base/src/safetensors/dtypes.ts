/** Element types of the safetensors format and their sizes in bytes; the sub-byte types of newer files are refused by name. */
export const safetensorsDtypeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type SafetensorsDtype = keyof typeof safetensorsDtypeBytes;

export const isSafetensorsDtype = (name: unknown): name is SafetensorsDtype =>
  typeof name === 'string' && Object.hasOwn(safetensorsDtypeBytes, name);
