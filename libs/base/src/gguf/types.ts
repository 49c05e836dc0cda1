/** How a GGML type lays its numbers out: `values` numbers of one row share a block of `bytes` bytes. */
export interface GgmlLayout {
  readonly id: number;
  readonly values: number;
  readonly bytes: number;
}

/** The types whose tensors are read, with their numbers in the file (ggml.h, enum ggml_type). */
export const ggmlLayouts = {
  F32: { id: 0, values: 1, bytes: 4 },
  F16: { id: 1, values: 1, bytes: 2 },
  Q4_0: { id: 2, values: 32, bytes: 18 },
  Q4_1: { id: 3, values: 32, bytes: 20 },
  Q5_0: { id: 6, values: 32, bytes: 22 },
  Q5_1: { id: 7, values: 32, bytes: 24 },
  Q8_0: { id: 8, values: 32, bytes: 34 },
  Q2_K: { id: 10, values: 256, bytes: 84 },
  Q3_K: { id: 11, values: 256, bytes: 110 },
  Q4_K: { id: 12, values: 256, bytes: 144 },
  Q5_K: { id: 13, values: 256, bytes: 176 },
  Q6_K: { id: 14, values: 256, bytes: 210 },
  BF16: { id: 30, values: 1, bytes: 2 },
} as const satisfies Record<string, GgmlLayout>;

export type GgmlType = keyof typeof ggmlLayouts;

const typeOfId: ReadonlyMap<number, GgmlType> = new Map(
  Object.entries(ggmlLayouts).map(([type, { id }]) => [id, type as GgmlType]),
);

/** Names of the types that exist but are not read, for refusals. */
const unread: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
};

export const ggmlTypeOf = (id: number): GgmlType | undefined => typeOfId.get(id);

export const ggmlTypeName = (id: number): string => typeOfId.get(id) ?? unread[id] ?? `type ${id}`;
