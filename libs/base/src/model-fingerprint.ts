import { digestOf, type Digest } from './digest.js';

/** A file of a model folder: its path inside the folder and the digest of its bytes. */
export interface FileDigest {
  path: string;
  digest: Digest;
}

/** The files of a Hugging Face folder that decide what a model computes: weights, shape, vocabulary and chat template. */
const decisive = [
  /^config\.json$/,
  /\.(safetensors|gguf)$/,
  /^tokenizer\.(json|model)$/,
  /^(tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$/,
  /^(merges|vocab)\.txt$/,
  /^chat_template\.(jinja|json)$/,
];

export const isDecisive = (path: string): boolean => decisive.some((pattern) => pattern.test(path));

/**
 * The content fingerprint of a base model: an adapter names its base by this, whatever the base is called. Two folders with the
 * same weights, vocabulary and template have the same fingerprint; a README or generation defaults change nothing.
 */
export function modelFingerprint(files: readonly FileDigest[]): Digest {
  const counted = files.filter((file) => isDecisive(file.path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  return digestOf({ kind: 'model-fingerprint', files: counted.map(({ path, digest }) => ({ path, digest })) });
}
