// The models of the serving rows on disk, written once each: 2 GB of random weights take longer than the row. They lie in a
// temporary folder that the row removes, or stay in HONE_BENCH_FOLDER for the next run.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRandomAdapter, writeRandomFolder } from '../ours/random-folder.mjs';
import { writeRandomGguf } from '../peers/random-gguf.mjs';
import { shapes } from '../shapes.mjs';

export function randomModels() {
  const kept = process.env.HONE_BENCH_FOLDER;
  if (kept !== undefined) mkdirSync(kept, { recursive: true });
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'hone-bench-models-'));
  const once = (name, write) => {
    const path = join(folder, name);
    if (existsSync(path)) return path;
    // Renamed when it is whole, so that a run that was ended leaves nothing that looks like a model.
    write(`${path}.partial`);
    renameSync(`${path}.partial`, path);
    return path;
  };
  return {
    base: (shape) => once(shape, (path) => writeRandomFolder(shapes[shape], path, 1)),
    adapter: (shape, seed) =>
      once(`${shape}-adapter-${seed}`, (path) => writeRandomAdapter(shapes[shape], path, seed + 2)),
    gguf: (shape) => once(`${shape}.gguf`, (path) => writeRandomGguf(shapes[shape], path, 1)),
    close: () => kept ?? rmSync(folder, { recursive: true, force: true }),
  };
}
