// Goal: what a request is answered depends on nothing but the request. Method: real weights of every reference folder under
// HONE_DATA_DIR; each answer is computed alone, in crowds, in chunks and under memory pressure, and must agree to the bit.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import {
  type GenerationOutput,
  type GenerationRequest,
  greedy,
  TextEngine,
  type TextEngineOptions,
} from '@hone/engine';
import { type CausalModel, loadAdapter, loadModel } from '@hone/models';
import { ChatTemplate, renderJobs, Tokenizer } from '@hone/text';
import { init, memoryStats, scoped } from '@hone/tensor';
import { describeReferenceModels, readJsonFile } from '../conformance/data-root.js';

init();

const plain = {
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: {},
  stop: [],
};

/** A plain template in the model's own special tokens, since the reference folders are base models without one. */
function templateFor(tokenizer: Tokenizer): ChatTemplate {
  const text = (id: number | undefined): string => (id === undefined ? '' : (tokenizer.tokenOf(id) ?? ''));
  return new ChatTemplate(
    '{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}{% if m.role == "assistant" %}{{ eos_token }}{% endif %}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}',
    { bos_token: text(tokenizer.bosId), eos_token: text(tokenizer.eosId) },
  );
}

type Piece = { text: string; logprobs: { bytes: number[]; logprob: number | null; top: { logprob: number }[] }[] };
type Answer = Piece & { reason: string; completionTokens: number };

/** Runs requests to their end; `perStep` may interfere between steps. */
function answers(
  engine: TextEngine,
  requests: GenerationRequest[],
  perStep?: (step: number) => void,
): Map<string, Answer> {
  const result = new Map<string, Answer>();
  const take = (outputs: GenerationOutput[]): void => {
    for (const output of outputs) {
      if (output.type === 'failed') throw new Error(output.error.message);
      if (output.type === 'scored') continue;
      const key = `${output.request}/${output.index}`;
      const answer = result.get(key) ?? { text: '', logprobs: [], reason: '', completionTokens: 0 };
      result.set(key, answer);
      if (output.type === 'delta') {
        answer.text += output.text;
        answer.logprobs.push(...(output.logprobs ?? []));
      } else Object.assign(answer, { reason: output.reason, completionTokens: output.completionTokens });
    }
  };
  for (const request of requests) take(engine.start(request).outputs);
  for (let step = 0; !engine.isIdle; step++) {
    expect(step).toBeLessThan(100_000);
    take(engine.step());
    perStep?.(step);
  }
  return result;
}

/** Keeps a model from ending its text, so that a test has as many tokens as it asks for. */
const neverEnd = (engine: TextEngine): Record<string, number> =>
  Object.fromEntries(engine.engine.model.shape.eosTokenIds.map((id) => [id, -100]));

const textRequest = (
  id: string,
  prompt: string | number[],
  more: object = {},
  echo = false,
  n = 1,
): GenerationRequest => ({
  id,
  input: { kind: 'text', prompt, echo },
  n,
  sampling: { ...plain, tokensMax: 24, ...more },
});

/** Log-probabilities as the training path computes them: packed attention, chunked head. Frees the model. */
function trainingLogProbs(model: CausalModel, ids: readonly number[], adapterFolder: string | undefined): Float32Array {
  const adapter = adapterFolder === undefined ? undefined : loadAdapter(adapterFolder, model);
  let result = new Float32Array(0);
  scoped(() => {
    const positions = Int32Array.from(ids, (_, index) => index);
    const packed = { ids: Int32Array.from(ids), positions, cuSeqlens: Int32Array.of(0, ids.length) };
    const hidden = model.hidden({ ...packed, ...(adapter ? { adapter } : {}) });
    const targets = Int32Array.from(ids, (_, index) => ids[index + 1] ?? -1);
    result = model.tokenLogProbs(hidden, targets).logp.floats().slice(0, -1);
  });
  adapter?.free();
  model.free();
  return result;
}

describeReferenceModels((folder, reference) => {
  const engines: TextEngine[] = [];
  const open = async (options: TextEngineOptions = {}): Promise<TextEngine> => {
    const tokenizer = await Tokenizer.fromFolder(folder);
    const engine = new TextEngine({ model: loadModel(folder), tokenizer }, options);
    engines.push(engine);
    return engine;
  };
  const adapters = readdirSync(reference).filter((name) => existsSync(join(reference, name, 'adapter_config.json')));
  const withAdapters = async (options: TextEngineOptions = {}): Promise<TextEngine> => {
    const engine = await open(options);
    for (const name of adapters) engine.adapters.load(name, join(reference, name));
    return engine;
  };
  afterAll(() => {
    for (const engine of engines) {
      expect(engine.engine.stats.blocksUsed).toBe(0);
      engine.free();
    }
    expect(memoryStats().liveTensors).toBe(0);
  });

  describe('greedy decoding', () => {
    const { cases } = readJsonFile<{ cases: { prompt_ids: number[]; hf_ids: number[] }[] }>(reference, 'greedy.json');
    const newTokens = ({ prompt_ids, hf_ids }: (typeof cases)[number]): number => hf_ids.length - prompt_ids.length;

    it('gives the reference token ids for all prompts in one batch', async () => {
      const { engine } = await open();
      const stopTokens = new Set(engine.model.shape.eosTokenIds);
      const sequences = cases.map((one) =>
        engine.submit({ ids: one.prompt_ids, sampling: greedy, tokensMax: newTokens(one), stopTokens }),
      );
      while (!engine.isIdle) engine.step();
      for (const [index, { hf_ids }] of cases.entries()) expect(sequences[index]?.tokens).toEqual(hf_ids);
    });

    it('tells the text of these ids, and reports whose bytes are that text', async () => {
      const engine = await open();
      const tokenizer = await Tokenizer.fromFolder(folder);
      const requests = cases.map((one, index) =>
        textRequest(`case-${index}`, one.prompt_ids, { tokensMax: newTokens(one), topLogProbs: 0 }),
      );
      const result = answers(engine, requests);
      for (const [index, one] of cases.entries()) {
        const answer = result.get(`case-${index}/0`) as Answer;
        expect(tokenizer.decode(one.prompt_ids) + answer.text).toBe(tokenizer.decode(one.hf_ids));
        expect(answer.completionTokens).toBe(newTokens(one));
        const spoken = answer.reason === 'stop' ? answer.logprobs.slice(0, -1) : answer.logprobs;
        expect(Buffer.from(spoken.flatMap(({ bytes }) => bytes)).toString()).toBe(answer.text);
      }
    });
  });

  describe('log-probabilities', () => {
    it('of an echoed prompt and the most likely next tokens are the reference ones within 1e-4', async () => {
      const { cases } = readJsonFile<{
        cases: {
          ids: number[];
          token_logprobs_f64: (number | null)[];
          next_top10: { id: number; logprob: number }[];
        }[];
      }>(reference, 'logprobs.json');
      const engine = await open();
      const requests = cases.map(({ ids }, index) =>
        textRequest(`case-${index}`, ids, { tokensMax: 1, topLogProbs: 10 }, true),
      );
      const result = answers(engine, requests);
      for (const [index, { ids, token_logprobs_f64, next_top10 }] of cases.entries()) {
        const { logprobs } = result.get(`case-${index}/0`) as Answer;
        expect(logprobs).toHaveLength(ids.length + 1);
        for (const [position, expected] of token_logprobs_f64.entries()) {
          const { logprob } = logprobs[position] as Piece['logprobs'][number];
          if (expected === null) expect(logprob).toBeNull();
          else expect(Math.abs((logprob as number) - expected)).toBeLessThan(1e-4);
        }
        const next = logprobs.at(-1) as Piece['logprobs'][number];
        for (const [rank, { logprob }] of next_top10.entries()) {
          expect(Math.abs((next.top[rank]?.logprob ?? NaN) - logprob)).toBeLessThan(1e-4);
        }
      }
    });
  });

  describe('the server and the trainer agree', () => {
    it.each(['f32', 'bf16', 'int8'] as const)(
      'on every log-probability over a %s base, with and without an adapter',
      async (format) => {
        const tokenizer = await Tokenizer.fromFolder(folder);
        const ids = tokenizer.encode('Echoes of the old river, and a dream of light', { addSpecialTokens: true });
        const engine = new TextEngine({ model: loadModel(folder, { format }), tokenizer });
        engines.push(engine);
        for (const name of adapters) engine.adapters.load(name, join(reference, name));
        for (const adapter of [undefined, ...adapters]) {
          const request = { ...textRequest('r', ids, { tokensMax: 0, topLogProbs: 0 }, true), adapter };
          const served = answers(engine, [request]).get('r/0')?.logprobs ?? [];
          const trained = trainingLogProbs(loadModel(folder, { format }), ids, adapter && join(reference, adapter));
          for (const [position, logp] of trained.entries()) {
            expect(Math.abs((served[position + 1]?.logprob ?? NaN) - logp)).toBeLessThan(1e-4);
          }
        }
      },
    );
  });

  describe('an answer is the same to the bit', () => {
    const prompts = [
      'Echoes of',
      'I dream of a',
      'The night',
      'Once',
      'A river of light and the old',
      'We are',
      'In the',
      'Stars',
    ];
    const crowd = (): GenerationRequest[] =>
      prompts.map((prompt, index) => ({
        ...textRequest(
          `r${index}`,
          prompt,
          { temperature: index % 2, seed: 7 + index, topLogProbs: 3, tokensMax: 20 },
          index % 3 === 0,
        ),
        adapter: [undefined, ...adapters][index % (adapters.length + 1)],
      }));

    it('alone and inside a batch of eight with other adapters', async () => {
      const together = answers(await withAdapters(), crowd());
      const engine = await withAdapters();
      for (const request of crowd()) {
        const alone = answers(engine, [request]);
        expect(alone.get(`${request.id}/0`)).toEqual(together.get(`${request.id}/0`));
      }
    });

    it('from a captured plan and composed anew, and no plain decode falls back', async () => {
      const composed = await withAdapters({ isCaptured: false });
      const eager = answers(composed, crowd());
      const plain = () => crowd().map((one) => ({ ...one, sampling: { ...one.sampling, topLogProbs: undefined } }));
      const eagerTexts = [...answers(composed, plain())].map(([key, { text }]) => [key, text]);
      expect(composed.stats).toMatchObject({ stepsReplayed: 0, stepPlans: { plans: 0, planBytes: 0 } });
      const engine = await withAdapters();
      expect(answers(engine, crowd())).toEqual(eager);
      expect([...answers(engine, plain())].map(([key, { text }]) => [key, text])).toEqual(eagerTexts);
      const { stepsReplayed, stepsComposed, stepPlans } = engine.stats;
      const { prompts, scored, ...others } = stepsComposed;
      expect(others).toEqual({ large: 0, adapters: 0, unwanted: 0, uncapturable: 0 });
      expect(stepsReplayed + prompts + scored).toBe(composed.stats.stepsComposed.unwanted);
      expect(stepPlans.plans).toBeLessThanOrEqual(24);
      expect(stepPlans.captured).toBeLessThan(stepsReplayed);
    });

    it('with whole and with chunked prompts, and when preempted for want of blocks', async () => {
      const whole = answers(await withAdapters(), crowd());
      const chunked = answers(await withAdapters({ stepTokensMax: 3, sequencesMax: 3, blockSize: 4 }), crowd());
      expect(chunked).toEqual(whole);
      const model = loadModel(folder);
      const tight = await withAdapters({ blockSize: 4, kvBytesMax: 16 * model.kvBytesPerPage(4) });
      model.free();
      expect(answers(tight, crowd())).toEqual(whole);
      expect(tight.stats.preemptions).toBeGreaterThan(0);
    });

    it('while neighbours come and leave at random tokens, and every block comes back', async () => {
      const calm = answers(await withAdapters(), crowd());
      const model = loadModel(folder);
      const kvBytesMax = 40 * model.kvBytesPerPage(4);
      model.free();
      const engine = await withAdapters({ blockSize: 4, kvBytesMax, stepTokensMax: 16, sequencesMax: 16 });
      const random = seeded(20, 'neighbours');
      let guests = 0;
      const present = new Set<string>();
      const disturb = (): void => {
        if (guests < 200) {
          const id = `guest-${guests++}`;
          const adapter = [undefined, ...adapters][guests % (adapters.length + 1)];
          engine.start({ ...textRequest(id, `Guest ${guests} of`, { temperature: 1, tokensMax: 40 }), adapter });
          present.add(id);
        }
        for (const id of present) {
          if (random() > 0.3) continue;
          engine.abort(id);
          present.delete(id);
        }
      };
      const disturbed = answers(engine, crowd(), disturb);
      for (const [key, answer] of calm) expect(disturbed.get(key)).toEqual(answer);
      for (const id of present) engine.abort(id);
      expect(engine.stats).toMatchObject({ blocksUsed: 0, running: 0, waiting: 0, waitingTokens: 0 });
    });

    it('when the prompt is already in the cache', async () => {
      const engine = await withAdapters({ blockSize: 4 });
      const prompt = 'The old house by the river remembers every dream';
      const request = (id: string) => textRequest(id, prompt, { temperature: 1, seed: 3, topLogProbs: 2 });
      const first = answers(engine, [request('first')]).get('first/0');
      const second = answers(engine, [request('second')]).get('second/0');
      expect(engine.stats.promptTokensReused).toBeGreaterThan(0);
      expect(second).toEqual(first);
    });
  });

  describe('requests', () => {
    it('of several choices share the prompt, differ by choice and repeat by seed', async () => {
      const engine = await open({ blockSize: 4 });
      const request = (id: string) =>
        textRequest(id, 'I dream of an old and quiet', { temperature: 1, seed: 11 }, false, 4);
      const first = answers(engine, [request('x')]);
      const second = answers(engine, [request('y')]);
      const texts = [0, 1, 2, 3].map((index) => first.get(`x/${index}`)?.text);
      expect(new Set(texts).size).toBeGreaterThan(1);
      expect([0, 1, 2, 3].map((index) => second.get(`y/${index}`)?.text)).toEqual(texts);
      expect(engine.stats.promptTokensReused).toBeGreaterThan(0);
    });

    it('stop at a stop string without showing it and free their blocks when aborted', async () => {
      const engine = await open();
      const endless = { tokensMax: 60, logitBias: neverEnd(engine) };
      const free = answers(engine, [textRequest('free', 'Echoes of', endless)]).get('free/0') as Answer;
      const stop = free.text.slice(free.text.length >> 1, (free.text.length >> 1) + 4);
      const cut = answers(engine, [textRequest('cut', 'Echoes of', { ...endless, stop: [stop] })]).get('cut/0');
      expect(cut).toMatchObject({ text: free.text.slice(0, free.text.indexOf(stop)), reason: 'stop' });
      engine.start(textRequest('gone', 'Echoes of', endless));
      for (let step = 0; step < 5; step++) engine.step();
      expect(engine.stats.blocksUsed).toBeGreaterThan(0);
      engine.abort('gone');
      expect(engine.stats.blocksUsed).toBe(0);
      expect(engine.isIdle).toBe(true);
    });

    it('follow biases, and penalties against repetition', async () => {
      const engine = await open();
      const tokenizer = await Tokenizer.fromFolder(folder);
      const wanted = tokenizer.encode('and').at(-1) as number;
      const run = (id: string, more: object) =>
        answers(engine, [textRequest(id, 'Echoes of', { tokensMax: 5, topLogProbs: 0, ...more })]).get(`${id}/0`);
      const biased = run('b', { logitBias: { [wanted]: 100 } });
      expect(new Set(biased?.logprobs.map(({ bytes }) => bytes.join())).size).toBe(1);
      // Nothing is drawn before the first token, so penalties leave it alone.
      const penalised = run('p', { logitBias: { [wanted]: 5 }, frequencyPenalty: 2, presencePenalty: 2 });
      const plainly = run('q', { logitBias: { [wanted]: 5 } });
      expect(penalised?.logprobs[0]).toEqual(plainly?.logprobs[0]);
      expect(penalised?.completionTokens).toBe(5);
    });

    it('are refused beyond the context, beyond the queue and with unknown ids', async () => {
      const engine = await open({ sequencesMax: 1, queue: { waitingMax: 1 } });
      const long = Array.from({ length: engine.engine.lengthMax }, () => 5);
      expect(() => engine.start(textRequest('long', long))).toThrow(/context/);
      expect(() => engine.start(textRequest('id', [1, 999_999]))).toThrow('token ids');
      expect(() => engine.start(textRequest('n', 'Once', {}, false, 3))).toThrow('waiting sequences');
      expect(engine.isIdle).toBe(true);
    });

    it('for scores sum the log-probabilities of the answer and its stop token', async () => {
      const engine = await open();
      const tokenizer = await Tokenizer.fromFolder(folder);
      const template = templateFor(tokenizer);
      const messages = [{ role: 'user', content: 'What do you dream?' }];
      const given = ['Of stars.', 'Of a long river, and of light.'];
      const items = given.map((answer) => {
        const jobs = renderJobs([...messages, { role: 'assistant', content: answer }]);
        return { texts: jobs.map((job) => template.render(job.messages, job)) };
      });
      const { outputs } = engine.startScore({ id: 's', items });
      const seen = [...outputs];
      while (!engine.isIdle) seen.push(...engine.step());
      const [scored] = seen;
      if (scored?.type !== 'scored') throw new Error('expected scores');
      for (const [index, answer] of given.entries()) {
        const before = tokenizer.encode(template.render(messages, { addGenerationPrompt: true }));
        const whole = tokenizer.encode(template.render([...messages, { role: 'assistant', content: answer }]));
        const ids = whole.slice(0, whole.lastIndexOf(tokenizer.eosId as number) + 1);
        const echoed = answers(engine, [textRequest(`e${index}`, ids, { tokensMax: 0, topLogProbs: 0 }, true)]);
        const echo = echoed.get(`e${index}/0`)?.logprobs.slice(before.length) ?? [];
        expect(scored.scores[index]?.tokens).toBe(echo.length);
        const sum = echo.reduce((total, { logprob }) => total + (logprob as number), 0);
        expect(scored.scores[index]?.logProb).toBeCloseTo(sum, 4);
      }
    });
  });
});
