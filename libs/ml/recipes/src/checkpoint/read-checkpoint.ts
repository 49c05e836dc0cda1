import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal, type Digest } from '@hone/base';
import type { Adamw, ParameterArena } from '@hone/nn';
import { SafetensorsFile, fileSource, weightMap, type ModelConfig } from '@hone/models';
import type { Snapshot } from '../trained-parameters.js';
import type { TrainingState } from './training-state.js';
import { isStoredAs, restore, type Place } from './stored-tensor.js';
import { fileDigest } from './write-checkpoint.js';

const refuse = (folder: string, problem: string) =>
  refusal('invalid_checkpoint', `[resume] ${folder}: ${problem}; fix: resume from another checkpoint`);

/** Reads trainer_state.json and verifies the digest of every file that it names. */
export function readState(folder: string): TrainingState {
  const path = join(folder, 'trainer_state.json');
  if (!existsSync(path)) throw refuse(folder, 'expected trainer_state.json');
  const { files, ...state } = JSON.parse(readFileSync(path, 'utf8')) as TrainingState & {
    files: Record<string, Digest>;
  };
  if (state.version !== 1) throw refuse(folder, `expected version 1 but received ${String(state.version)}`);
  if (!Object.hasOwn(files, 'optimizer.safetensors')) throw refuse(folder, 'it holds weights only (save_only_model)');
  for (const [name, digest] of Object.entries(files)) {
    if (!existsSync(join(folder, name))) throw refuse(folder, `${name} is missing`);
    if (fileDigest(join(folder, name)) !== digest) throw refuse(folder, `${name} is damaged`);
  }
  return state;
}

/** Puts weights and optimiser state back bit by bit; `config` tells which weights of a whole model its family stores turned. */
export function restoreTensors(
  folder: string,
  { arenas, config }: { arenas: readonly ParameterArena[]; config: ModelConfig },
  optimizer: Adamw,
  step: number,
): void {
  const isAdapter = existsSync(join(folder, 'adapter_model.safetensors'));
  const weights = isAdapter ? 'adapter_model.safetensors' : 'model.safetensors';
  const key = (name: string) => (isAdapter ? `base_model.model.${name}` : name);
  const turned = new Set(weightMap(config).flatMap(({ name, isTransposed }) => (isTransposed ? [name] : [])));
  const parameters = arenas.flatMap((arena) => [...arena.entries()]);
  fillFrom(
    join(folder, weights),
    parameters.map(({ name, parameter }) => {
      return { name: key(name), tensor: parameter, isTransposed: !isAdapter && turned.has(name) };
    }),
  );
  fillFrom(join(folder, 'optimizer.safetensors'), [...optimizer.state()]);
  optimizer.steps = step;
}

/** The best values where they differ from the current ones; otherwise the snapshot is taken from those. */
export function restoreBest(folder: string, best: Snapshot): void {
  if (!existsSync(join(folder, 'best.safetensors'))) return best.take();
  fillFrom(
    join(folder, 'best.safetensors'),
    [...best.entries()].map(({ name, kept }) => ({ name, tensor: kept })),
  );
}

function fillFrom(path: string, places: readonly Place[]): void {
  const file = new SafetensorsFile(fileSource(path));
  try {
    for (const place of places) {
      if (!isStoredAs(file, place)) throw refuse(path, `${place.name} has another shape or type`);
      restore(file, place);
    }
  } finally {
    file.close();
  }
}
