import type { ExportEntry, ExportObject } from '@hone/contracts';

/** An export as the API shows it. */
export function exportObjectOf(entry: ExportEntry): ExportObject {
  const { id, createdAt, finishedAt, model, format, type, status, manifest, files = [], certificate, error } = entry;
  return {
    id,
    object: 'export',
    created_at: createdAt,
    finished_at: finishedAt ?? null,
    model,
    format,
    type: type ?? null,
    status,
    manifest: manifest ?? null,
    files: files.map(({ path, bytes, digest }) => ({ path, bytes, digest })),
    certificate: certificate
      ? {
          target: certificate.target,
          max_difference: certificate.maxDifference,
          mean_difference: certificate.meanDifference,
          bound: { max: certificate.bound.max, mean: certificate.bound.mean },
          tokens: certificate.tokens,
          probe_digest: certificate.probeDigest,
          trained: certificate.trained,
          exported: certificate.exported,
        }
      : null,
    error: error ? { code: error.code, message: error.message } : null,
  };
}
