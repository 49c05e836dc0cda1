// Every adapter configuration of PEFT's own method comparison: plain LoRA is read, everything else is refused by name.
import { expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HoneError } from '@hone/base';
import { adapterConfigJson, parseAdapterConfig } from '@hone/models';
import { describeData, readJsonFile } from './data-root.js';

/** The refusal of a configuration, or nothing when it is read. */
function refusalOf(json: Record<string, unknown>): HoneError | undefined {
  try {
    parseAdapterConfig(json, 'llama');
    return undefined;
  } catch (error) {
    return error as HoneError;
  }
}

describeData('PEFT adapter configurations', 'peft-adapter-configs', (folder) => {
  for (const file of readdirSync(join(folder, 'configs')).sort()) {
    const json = readJsonFile<Record<string, unknown>>(folder, 'configs', file);
    const refused = refusalOf(json);
    if (json['peft_type'] !== 'LORA') {
      it(`refuses ${file}, which is no LoRA`, () => {
        expect(refused).toMatchObject({ code: 'unsupported_adapter', param: 'peft_type' });
      });
    } else if (refused) {
      it(`refuses ${file} by the field that asks for another arithmetic`, () => {
        expect(refused.code).toBe('unsupported_adapter');
        const value = json[refused.param as string] ?? null;
        expect([null, false, 'none', true]).not.toContain(refused.param === 'use_dora' ? 'use_dora' : value);
      });
    } else {
      it(`reads ${file} and writes the same values`, () => {
        const config = parseAdapterConfig(json, 'llama');
        const written = adapterConfigJson(config, null);
        const fields = ['r', 'lora_alpha', 'lora_dropout', 'rank_pattern', 'alpha_pattern', 'bias', 'use_dora'];
        for (const field of fields.filter((name) => name in json)) expect(written[field]).toEqual(json[field]);
        expect(written['use_rslora']).toBe(json['use_rslora'] ?? false);
        const targets = (json['target_modules'] as string[] | string | null) ?? ['q_proj', 'v_proj'];
        expect(written['target_modules']).toEqual(typeof targets === 'string' ? targets : [...targets].sort());
      });
    }
  }
});
