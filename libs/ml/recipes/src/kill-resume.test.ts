// A process that is killed outright, again and again, ends at the same adapter as one that was left alone. Runs the built
// package in child processes; `npm run build:ts` first.
import { afterAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { digestOfBytes, seeded } from '@hone/base';
import { writeInitialModel } from '@hone/models';

const built = join(dirname(fileURLToPath(import.meta.url)), '../dist/index.js');
const scratch = mkdtempSync(join(tmpdir(), 'hone-kill-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const program = `
  import { readdirSync } from 'node:fs';
  const { datasetOf, listCheckpoints, prepareTraining, sft, trainingSettings } = await import(process.argv[1]);
  const [source, outputDir] = process.argv.slice(2);
  const rows = Array.from({ length: 24 }, (_, row) => ({ tokens: Array.from({ length: 16 }, (__, i) => (row * 5 + i * 3) % 60) }));
  const settings = trainingSettings({ lora_r: 4, lora_dropout: 0.1, learning_rate: 1e-3, per_device_train_batch_size: 2,
    gradient_accumulation_steps: 2, num_train_epochs: 4, save_strategy: 'steps', save_steps: 1, save_total_limit: 3 });
  const { model, adapter } = prepareTraining(source, settings);
  const observer = { onStep: ({ step }) => process.stdout.write(step + '\\n') };
  const resumeFrom = listCheckpoints(outputDir).at(-1)?.folder;
  await sft({ model, source, adapter, train: datasetOf(rows), settings, outputDir, resumeFrom, observer });
  if (readdirSync(outputDir).some((name) => name.endsWith('.partial'))) process.exitCode = 3;
`;

/** Runs to the end, or until `steps` more steps were reported and then some microseconds; true = it ended by itself. */
function train(source: string, outputDir: string, steps = Infinity): Promise<boolean> {
  const args = ['--no-warnings', '--input-type=module', '-e', program, pathToFileURL(built).href, source, outputDir];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let seen = 0;
  child.stdout.on('data', (data: Buffer) => {
    seen += data.toString().split('\n').length - 1;
    if (seen >= steps) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) =>
      code === 0 || signal === 'SIGKILL' ? resolve(code === 0) : reject(new Error(`exit ${code}`)),
    );
  });
}

const adapterDigest = (folder: string) =>
  digestOfBytes(readFileSync(join(folder, 'checkpoint-24/adapter_model.safetensors')));

(existsSync(built) ? it : it.skip)('kill -9 at random steps leaves the final adapter bit-identical', async () => {
  const source = join(scratch, 'base');
  const sizes = {
    vocab_size: 60,
    hidden_size: 64,
    intermediate_size: 96,
    num_hidden_layers: 2,
    num_attention_heads: 4,
  };
  writeInitialModel({ architectures: ['LlamaForCausalLM'], model_type: 'llama', ...sizes }, source, 2);
  const [alone, killed] = [join(scratch, 'alone'), join(scratch, 'killed')];
  expect(await train(source, alone)).toBe(true);
  const random = seeded(9, 'kills');
  let kills = 0;
  while (!(await train(source, killed, 2 + Math.floor(random() * 6)))) kills++;
  expect(kills).toBeGreaterThan(2);
  expect(adapterDigest(killed)).toBe(adapterDigest(alone));
});
