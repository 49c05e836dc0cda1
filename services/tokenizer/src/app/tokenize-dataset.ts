import { type Digest, digestOfBytes, refusal } from '@hone/base';
import { datasetManifest, type DatasetManifest, type ShardsManifest } from '@hone/contracts';
import { readLines } from '@hone/data';
import { DroppedRows } from '../domain/dropped-rows.js';
import { type DatasetRow, type RenderChat, rowTokens } from '../domain/row-tokens.js';
import type { Base } from './bases.js';
import { SplitShards } from './split-shards.js';
import type { TokenizerState } from './tokenizer-state.js';

export interface TokenizedDataset {
  shards: Digest;
  tokens: { train: number; validation: number; trainable: number };
}

type Split = 'train' | 'validation';
type ShardFiles = ShardsManifest['splits']['train'];

/**
 * Makes the shards of a dataset version for one base: the rows in their order, rendered with the base's own template, the
 * answers learnt and everything else only read. The same version and base always give the same bytes and the same digest.
 */
export async function tokenizeDataset(
  state: TokenizerState,
  dataset: Digest,
  baseName: string,
): Promise<TokenizedDataset> {
  const base = await state.bases.load(baseName);
  const manifest = await state.store.getManifest(dataset, datasetManifest);
  const dropped = new DroppedRows();
  const train = await shardsOf(state, manifest, 'train', base, dropped);
  if (train.length === 0) throw dropped.refusal(base.contextLength);
  const validation = await shardsOf(state, manifest, 'validation', base, dropped);
  const shards = await state.store.putManifest({
    kind: 'shards',
    dataset,
    base: base.fingerprint,
    tokenizer: base.tokenizer.digest,
    chatTemplate: base.template?.digest ?? digestOfBytes(''),
    lengthMax: base.contextLength,
    splits: { train, validation },
    dropped: dropped.listed,
    droppedCount: dropped.count,
  } satisfies ShardsManifest);
  const tokens = {
    train: sum(train, 'tokens'),
    validation: sum(validation, 'tokens'),
    trainable: sum(train, 'trainableTokens'),
  };
  return { shards, tokens };
}

async function shardsOf(
  { store, sandbox }: TokenizerState,
  manifest: DatasetManifest,
  split: Split,
  { name, tokenizer, template, contextLength }: Base,
  dropped: DroppedRows,
): Promise<ShardFiles> {
  const render: RenderChat = (messages, tools) => {
    if (!template) throw noTemplate(name);
    return sandbox.renderForTraining(template, tokenizer, messages, tools ? { tools } : {});
  };
  const shards = new SplitShards(store);
  let row = 0;
  for (const chunk of manifest.splits[split].chunks) {
    for await (const line of readLines(store.stream(chunk.digest), { lineBytesMax: chunk.bytes })) {
      row++;
      if (!('text' in line))
        throw refusal(
          'invalid_chunk',
          `[${chunk.digest}] expected rows of text but line ${line.line} is none: ${line.reason}`,
        );
      const result = await rowTokens(JSON.parse(line.text) as DatasetRow, tokenizer, render, contextLength);
      if ('dropped' in result) dropped.add(split, row, result.dropped, result.reason);
      else await shards.add(result);
    }
  }
  return shards.finish();
}

const sum = (files: ShardFiles, field: 'tokens' | 'trainableTokens'): number =>
  files.reduce((total, file) => total + file[field], 0);

const noTemplate = (base: string) =>
  refusal(
    'no_chat_template',
    `[${base}] expected a chat template for rows with messages but the base has none; fix: import it with chat_template.jinja, or train on prompt and completion`,
  );
