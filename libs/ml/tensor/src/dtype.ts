/** Plain element types, and the packed weight layouts that only linear products read. */
export type PlainDType = 'f32' | 'bf16' | 'f16' | 'i32' | 'u8';
export type PackedFormat = 'packed-f32' | 'packed-bf16' | 'nf4' | 'int8' | 'int4';
export type DType = PlainDType | PackedFormat;

export const plainDTypeBytes: Readonly<Record<PlainDType, number>> = { f32: 4, bf16: 2, f16: 2, i32: 4, u8: 1 };

export const isPlain = (dtype: DType): dtype is PlainDType => Object.hasOwn(plainDTypeBytes, dtype);
