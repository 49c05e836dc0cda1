import { refusal } from '@hone/base';
import { addon } from './addon.js';
import type { Handle, Int4Parts, Int8Parts, Nf4Parts, Nf4PlainParts } from './addon.js';
import { devices } from './devices.js';
import { currentDeviceCode, deviceOfNewTensors } from './runtime.js';

type Shape = readonly [rows: number, columns: number];

/** On the null devices nothing is read, so the arrays may be empty there. */
function requireCount(name: string, array: { readonly length: number }, expected: number): void {
  if (array.length === expected || (array.length === 0 && !devices[deviceOfNewTensors()].computes)) return;
  throw refusal(
    'wrong_weight_parts',
    `[packWeight] expected ${expected} values for ${name} but received ${array.length}; fix: pass the parts of one whole [N,K] weight`,
    { param: name },
  );
}

/** An nf4 weight [N,K] from the codes and scales that bitsandbytes stores; the codes stay bit for bit. K is a multiple of 64. */
export function packNf4FromParts(parts: Nf4Parts | Nf4PlainParts, [rows, columns]: Shape): Handle {
  const device = currentDeviceCode();
  const blocks = (rows * columns) / 64;
  requireCount('codes', parts.codes, (rows * columns) / 2);
  if ('absmax' in parts) {
    requireCount('absmax', parts.absmax, blocks);
    return addon().packNf4Parts(device, rows, columns, parts.codes, null, null, 0, parts.absmax);
  }
  const { codes, absmaxCodes, nestedAbsmax, offset } = parts;
  requireCount('absmaxCodes', absmaxCodes, blocks);
  requireCount('nestedAbsmax', nestedAbsmax, Math.ceil(blocks / 256));
  return addon().packNf4Parts(device, rows, columns, codes, absmaxCodes, nestedAbsmax, offset, null);
}

/** An int8 weight [N,K] from the codes and row scales that bitsandbytes stores, kept bit for bit. */
export function packInt8FromParts({ codes, absmax }: Int8Parts, [rows, columns]: Shape): Handle {
  requireCount('codes', codes, rows * columns);
  requireCount('absmax', absmax, rows);
  return addon().packInt8Parts(currentDeviceCode(), rows, columns, codes, absmax);
}

/** An int4 weight [N,K] from the codes, scales and zero points of a GPTQ or AWQ checkpoint; K is a multiple of the group. */
export function packInt4FromParts({ codes, scales, zeros, groupSize }: Int4Parts, [rows, columns]: Shape): Handle {
  const groups = (rows * columns) / groupSize;
  requireCount('codes', codes, (rows * columns) / 2);
  requireCount('scales', scales, groups);
  requireCount('zeros', zeros, groups);
  return addon().packInt4Parts(currentDeviceCode(), rows, columns, groupSize, codes, scales, zeros);
}
