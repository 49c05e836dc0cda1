import { configOfGguf, parseGgufHeader, refuseGguf, type GgufHeader } from '@hone/base';
import { tokenizerFilesOfGguf } from '@hone/text';

/** The small files that a Hugging Face folder has beside its weights, as a GGUF file's metadata states them. */
export type GgufCompanions = Readonly<Record<'config.json' | 'tokenizer.json' | 'tokenizer_config.json', string>>;

/**
 * Checks the head of a GGUF file and makes the companions of it, so that everything after the import reads one layout. The
 * weights stay in the GGUF file, byte for byte.
 */
export function readGgufHead(
  path: string,
  head: Uint8Array,
  fileBytes: number,
): { header: GgufHeader; companions: () => GgufCompanions } {
  const header = parseGgufHeader(path, head, fileBytes);
  const companions = (): GgufCompanions => ({
    'config.json': JSON.stringify(configOfGguf(path, header, floatsOf(path, header, head)), null, 2) + '\n',
    ...tokenizerFilesOfGguf(path, header.fields),
  });
  return { header, companions };
}

/** Small F32 tables, which converters write first, so that they lie in the part of the file that was kept. */
const floatsOf =
  (path: string, { tensors }: GgufHeader, head: Uint8Array) =>
  (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor?.type === 'F32' && tensor.end <= head.byteLength) {
      return new Float32Array(head.slice(tensor.begin, tensor.end).buffer);
    }
    throw refuseGguf(path, `expected ${name} as F32 near the beginning of the file`, 'convert it with llama.cpp again');
  };
