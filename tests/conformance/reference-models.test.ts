// Every model under the data root that has recorded numbers of PyTorch, transformers, peft and run.c beside it.
import { afterAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStats, scoped, type Tensor } from '@hone/tensor';
import { Adamw, GradientClip, type LoraAdapter } from '@hone/nn';
import {
  SafetensorsFile,
  fileSource,
  loadAdapter,
  loadModel,
  mergeAdapter,
  saveAdapter,
  type CausalModel,
  type PackedBatch,
} from '@hone/models';
import { accumulateGradient, datasetOf, microBatch, sft, surveyDataset, trainingSettings } from '@hone/recipes';
import { describeReferenceModels, readJsonFile } from './data-root.js';

const batchOf = (rows: number[][], adapter?: LoraAdapter): PackedBatch => {
  const starts = [0];
  for (const row of rows) starts.push((starts.at(-1) as number) + row.length);
  return {
    ids: Int32Array.from(rows.flat()),
    positions: Int32Array.from(rows.flatMap((row) => row.map((_, position) => position))),
    cuSeqlens: Int32Array.from(starts),
    ...(adapter ? { adapter } : {}),
  };
};

/** log p(ids[i]) at place i; the first is 0. */
function logProbs(model: CausalModel, ids: number[], adapter?: LoraAdapter): number[] {
  const hidden = model.hidden(batchOf([ids], adapter));
  const { logp } = model.tokenLogProbs(hidden, Int32Array.from([...ids.slice(1), -1]));
  const values = [0, ...logp.floats().slice(0, -1)];
  hidden.free();
  logp.free();
  return values;
}

/** Log-probabilities of given candidates for the next token. */
function nextLogProbs(model: CausalModel, ids: number[], candidates: number[], adapter?: LoraAdapter): number[] {
  const hidden = model.hidden(batchOf([ids], adapter));
  const targets = candidates.map((id) => {
    const all = new Int32Array(ids.length).fill(-1);
    all[ids.length - 1] = id;
    const { logp } = model.tokenLogProbs(hidden, all);
    const value = logp.floats()[ids.length - 1] as number;
    logp.free();
    return value;
  });
  hidden.free();
  return targets;
}

function greedy(model: CausalModel, prompt: number[], length: number, adapter?: LoraAdapter): number[] {
  const ids = [...prompt];
  while (ids.length < length) {
    const hidden = model.hidden(batchOf([ids], adapter));
    const { logp, argmax } = model.tokenLogProbs(hidden, new Int32Array(ids.length).fill(-1), { argmax: true });
    ids.push((argmax as Tensor).ints()[ids.length - 1] as number);
    for (const tensor of [hidden, logp, argmax as Tensor]) tensor.free();
  }
  return ids;
}

interface LogProbCase {
  ids: number[];
  token_logprobs_f64: (number | null)[];
  next_top10: { id: number; logprob: number }[];
}

describe('models with recorded numbers', () => {
  describeReferenceModels((folder, reference) => {
    let model: CausalModel | undefined;
    const base = () => (model ??= loadModel(folder));
    const itWith = (file: string, fact: string, body: () => void | Promise<void>) =>
      existsSync(join(reference, file)) ? it(fact, body) : it.skip(`${fact} (no ${file})`, () => undefined);
    afterAll(() => {
      model?.free();
      expect(memoryStats().liveBytes).toBe(0);
    });

    itWith('logprobs.json', 'gives the log-probabilities of transformers within 1e-4', () => {
      const { cases } = readJsonFile<{ cases: LogProbCase[] }>(reference, 'logprobs.json');
      for (const { ids, token_logprobs_f64: expected, next_top10: top } of cases) {
        logProbs(base(), ids).forEach((value, i) => expect(Math.abs(value - (expected[i] ?? 0))).toBeLessThan(1e-4));
        const next = nextLogProbs(
          base(),
          ids,
          top.map(({ id }) => id),
        );
        next.forEach((value, i) => expect(Math.abs(value - (top[i]?.logprob ?? 0))).toBeLessThan(1e-4));
      }
    });

    itWith('greedy.json', 'continues greedily token for token as transformers', () => {
      const { cases } = readJsonFile<{ cases: { prompt_ids: number[]; hf_ids: number[] }[] }>(reference, 'greedy.json');
      for (const { prompt_ids: prompt, hf_ids: expected } of cases) {
        expect(greedy(base(), prompt, expected.length)).toEqual(expected);
      }
    });

    itWith('perplexity.json', 'has the recorded perplexity within 1e-4', () => {
      const recorded = readJsonFile<{ windows: { ids: number[]; nll_sum: number }[]; perplexity: number }>(
        reference,
        'perplexity.json',
      );
      let [sum, count] = [0, 0];
      for (const { ids, nll_sum: expected } of recorded.windows) {
        const nll = -logProbs(base(), ids).reduce((total, value) => total + value, 0);
        expect(Math.abs(nll / expected - 1)).toBeLessThan(1e-4);
        sum += nll;
        count += ids.length - 1;
      }
      expect(Math.abs(Math.exp(sum / count) / recorded.perplexity - 1)).toBeLessThan(1e-4);
    });

    itWith('lora-final', 'gives the same answers with an adapter and with the adapter merged in', () => {
      const trace = readJsonFile<{
        examples: { prompt_tokens: number; ids: number[] }[];
        after: { next_top10_with_adapter: { id: number; logprob: number }[]; greedy_ids_with_adapter: number[] };
      }>(reference, 'lora-sft-trace.json');
      const prompt = trace.examples[0]?.ids.slice(0, trace.examples[0].prompt_tokens) ?? [];
      const top = trace.after.next_top10_with_adapter;
      const ids = top.map(({ id }) => id);
      const adapter = loadAdapter(join(reference, 'lora-final'), base());
      const scratch = mkdtempSync(join(tmpdir(), 'hone-merge-'));
      try {
        const adapted = nextLogProbs(base(), prompt, ids, adapter);
        adapted.forEach((value, i) => expect(Math.abs(value - (top[i]?.logprob ?? 0))).toBeLessThan(1e-4));
        const expected = trace.after.greedy_ids_with_adapter;
        expect(greedy(base(), prompt, expected.length, adapter)).toEqual(expected);
        mergeAdapter(folder, adapter, scratch);
        const merged = loadModel(scratch);
        const answers = nextLogProbs(merged, prompt, ids);
        answers.forEach((value, i) => expect(Math.abs(value - (adapted[i] as number))).toBeLessThan(1e-4));
        merged.free();
      } finally {
        adapter.free();
        rmSync(scratch, { recursive: true });
      }
    });

    itWith(
      'lora-final',
      'serves over pages what the training forward computes, whatever the chunks and neighbours',
      () => {
        const ids = readJsonFile<{ cases: { hf_ids: number[] }[] }>(reference, 'greedy.json').cases[0]?.hf_ids ?? [];
        const adapter = loadAdapter(join(reference, 'lora-final'), base());
        const dense = scoped(() => base().hidden(batchOf([ids], adapter)));
        const rows = ids.map((_, i) => i);
        const targets = Int32Array.from([...ids.slice(1), -1]);
        const expected = base().tokenLogProbs(dense, targets);
        const kv = base().newKvCache(64, 8);
        // Two sequences share the pages: one with the adapter, one without, fed in chunks of 1, 7 and the rest.
        const table = Int32Array.from({ length: 32 }, (_, i) => (i < 16 ? 2 * i : 2 * (i - 16) + 1));
        const chunks = [rows.slice(0, 1), rows.slice(1, 8), rows.slice(8)];
        for (const chunk of chunks) {
          const twice = [...chunk, ...chunk];
          const sequence = Int32Array.from(twice, (_, i) => (i < chunk.length ? 0 : 1));
          const positions = Int32Array.from(twice);
          const slots = positions.map(
            (p, i) => (table[16 * (sequence[i] as number) + (p >> 3)] as number) * 8 + (p & 7),
          );
          const logits = base().step({
            ids: Int32Array.from(twice, (i) => ids[i] as number),
            positions,
            rowSequence: sequence,
            rowPosition: positions,
            slots,
            blockTable: table,
            blocksPerSequence: 16,
            kv,
            adapters: [{ adapter, rowStart: 0, rowEnd: chunk.length }],
            logitRows: Int32Array.from(chunk, (_, i) => i),
          });
          const values = logits.floats();
          const vocab = base().shape.vocabSize;
          chunk.forEach((row, i) => {
            const target = targets[row] as number;
            if (target < 0) return;
            const logit = values.slice(i * vocab, (i + 1) * vocab);
            const max = Math.max(...logit);
            const lse = max + Math.log(logit.reduce((sum, value) => sum + Math.exp(value - max), 0));
            expect(Math.abs((logit[target] as number) - lse - (expected.logp.floats()[row] as number))).toBeLessThan(
              1e-4,
            );
          });
        }
        kv.free();
        dense.free();
        expected.logp.free();
        adapter.free();
      },
    );

    itWith(
      'lora-sft-trace.json',
      'repeats the recorded LoRA run step by step within 1e-3, and saves what PEFT would save',
      async () => {
        const trace = readJsonFile<LoraTrace>(reference, 'lora-sft-trace.json');
        const adapter = loadAdapter(join(reference, 'lora-init'), base());
        const rows = trace.examples.map(({ ids, prompt_tokens: prompt }) => ({
          tokens: ids,
          mask: ids.map((_, i) => (i < prompt ? 0 : 1)),
        }));
        const settings = trainingSettings({
          use_peft: true,
          per_device_train_batch_size: 1,
          num_train_epochs: 1,
          learning_rate: rateOf(trace.note),
          weight_decay: decayOf(trace.note),
          lr_scheduler_type: 'constant',
          max_grad_norm: 0,
          train_sampling_strategy: 'sequential',
        });
        const losses: number[] = [];
        const observer = { onStep: ({ loss }: { loss: number }) => void losses.push(loss) };
        await sft({ model: base(), source: folder, adapter, train: datasetOf(rows), settings, observer });
        expect(losses).toHaveLength(trace.loss_trace_f64.length);
        losses.forEach((loss, i) => expect(Math.abs(loss - (trace.loss_trace_f64[i] as number))).toBeLessThan(1e-3));
        const scratch = mkdtempSync(join(tmpdir(), 'hone-adapter-'));
        try {
          const recorded = readJsonFile<{ base_model_name_or_path: string }>(
            reference,
            'lora-final',
            'adapter_config.json',
          );
          saveAdapter(adapter, scratch, { baseName: recorded.base_model_name_or_path });
          expectSameFolder(scratch, join(reference, 'lora-final'));
        } finally {
          adapter.free();
          rmSync(scratch, { recursive: true });
        }
      },
    );

    itWith(
      'full-finetune-trace.json',
      'repeats the recorded full fine-tune step by step within 1e-3, and ends at the same weights',
      () => {
        const trace = readJsonFile<FullTrace>(reference, 'full-finetune-trace.json');
        const trained = loadModel(folder, { isTrainable: true });
        const arenas = Object.values(trained.arenas ?? {});
        // The recorded run decays every parameter, norms included.
        const groups = arenas.map((arena) => ({ arena, weightDecay: decayOf(trace.note) }));
        const optimizer = new Adamw(groups, { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
        const clip = new GradientClip(arenas);
        trace.batches.forEach((rows, step) => {
          const dataset = datasetOf(rows.map((tokens) => ({ tokens })));
          const { lengths } = surveyDataset('train', dataset, trained.shape.maxPositions, trained.shape.vocabSize);
          const batch = microBatch(dataset, [...rows.keys()], lengths);
          const { nll } = accumulateGradient(trained, batch, batch.targetCount, {});
          const expected = trace.trace_f64[step] as { loss: number; grad_norm: number };
          expect(Math.abs(nll / batch.targetCount - expected.loss)).toBeLessThan(1e-3);
          expect(Math.abs(clip.measure(0).norm / expected.grad_norm - 1)).toBeLessThan(1e-3);
          optimizer.step(rateOf(trace.note));
          optimizer.zeroGradients();
        });
        for (const [name, expected] of Object.entries(trace.final_parameter_stats_f64)) {
          const parameter = arenas.map((arena) => arena.parameters.get(name)).find((found) => found) as Tensor;
          const values = parameter.floats();
          const l2 = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
          expect(Math.abs(l2 / expected.l2 - 1)).toBeLessThan(1e-3);
        }
        const next = nextLogProbs(
          trained,
          readJsonFile<{ cases: { prompt: string; ids: number[] }[] }>(reference, 'logprobs.json').cases.find(
            ({ prompt }) => prompt === trace.final_next_top10.prompt,
          )?.ids ?? [],
          trace.final_next_top10.top.map(({ id }) => id),
        );
        next.forEach((value, i) =>
          expect(Math.abs(value - (trace.final_next_top10.top[i]?.logprob as number))).toBeLessThan(2e-3),
        );
        clip.free();
        optimizer.free();
        trained.free();
      },
    );
  });
});

/** The traces state their hyper-parameters in words: "lr 1e-3 ... weight_decay 0.01". */
const rateOf = (note: string): number => Number(/\blr ([\d.e-]+)/.exec(note)?.[1]);
const decayOf = (note: string): number => Number(/\bweight_decay ([\d.e-]+)/.exec(note)?.[1] ?? 0);

interface LoraTrace {
  note: string;
  examples: { ids: number[]; prompt_tokens: number }[];
  loss_trace_f64: number[];
}

interface FullTrace {
  note: string;
  batches: number[][][];
  trace_f64: { loss: number; grad_norm: number }[];
  final_parameter_stats_f64: Record<string, { l2: number; sum: number }>;
  final_next_top10: { prompt: string; top: { id: number; logprob: number }[] };
}

/** Same configuration, same tensor names and shapes, and nearly the same values. */
function expectSameFolder(ours: string, theirs: string): void {
  expect(readJsonFile(ours, 'adapter_config.json')).toEqual(readJsonFile(theirs, 'adapter_config.json'));
  const [mine, recorded] = [ours, theirs].map(
    (folder) => new SafetensorsFile(fileSource(join(folder, 'adapter_model.safetensors'))),
  ) as [SafetensorsFile, SafetensorsFile];
  expect([...mine.tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual(
    [...recorded.tensors].map(([name, { dtype, shape }]) => [name, dtype, shape]),
  );
  for (const name of mine.tensors.keys()) {
    const expected = recorded.floats(name);
    mine.floats(name).forEach((value, i) => expect(Math.abs(value - (expected[i] as number))).toBeLessThan(2e-3));
  }
  mine.close();
  recorded.close();
}
