import { z } from 'zod';
import { artifactFile, count, digest, errorBody, id, modelName, unixTime } from '../fields.js';

/** What a model can be exported as: the adapter alone, whole plain weights, or one GGUF file of a type. */
export const exportFormat = z.enum(['peft', 'safetensors', 'gguf']);
export const exportType = z.enum(['f16', 'q8_0', 'q4_0']);

/** How far the exported files' answers are from the trained model's: log-probabilities on a fixed probe. */
export const parityCertificate = z.looseObject({
  target: z.string(),
  maxDifference: z.number(),
  meanDifference: z.number(),
  bound: z.looseObject({ max: z.number(), mean: z.number() }),
  tokens: count,
  probeSeed: z.int(),
  probeDigest: digest,
  trained: digest,
  exported: digest,
});

/** The manifest of exported files in the object store. */
export const exportManifest = z.looseObject({
  kind: z.literal('export'),
  files: z.array(artifactFile).min(1),
  /** Manifest of the model that was exported, and fingerprint of its base. */
  model: digest,
  base: digest,
  format: exportFormat,
  type: exportType.optional(),
  certificate: parityCertificate,
});

/** An export: the ledger entry `export.<id>`. */
export const exportEntry = z.looseObject({
  id,
  model: modelName,
  format: exportFormat,
  type: exportType.optional(),
  status: z.enum(['queued', 'running', 'succeeded', 'failed']),
  createdAt: unixTime,
  finishedAt: unixTime.optional(),
  /** Once it has succeeded: the manifest, its files and its certificate. */
  manifest: digest.optional(),
  files: z.array(artifactFile).optional(),
  certificate: parityCertificate.optional(),
  error: errorBody.optional(),
});
export type ExportEntry = z.output<typeof exportEntry>;
