// Every adapter configuration of PEFT's own method comparison: plain LoRA is read, everything else is refused by name.
import { expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { adapterConfigJson, parseAdapterConfig } from '@hone/models';
import { describeData, readJsonFile } from './data-root.js';

describeData('PEFT adapter configurations', 'peft-adapter-configs', (folder) => {
  for (const file of readdirSync(join(folder, 'configs')).sort()) {
    const json = readJsonFile<Record<string, unknown>>(folder, 'configs', file);
    if (json['peft_type'] === 'LORA' && json['use_dora'] !== true) {
      it(`reads ${file} and writes the same values`, () => {
        const config = parseAdapterConfig(json, 'llama');
        const written = adapterConfigJson(config, null);
        const fields = ['r', 'lora_alpha', 'lora_dropout', 'rank_pattern', 'alpha_pattern', 'bias'];
        for (const field of fields.filter((name) => name in json)) expect(written[field]).toEqual(json[field]);
        expect(written['use_rslora']).toBe(json['use_rslora'] ?? false);
        const targets = (json['target_modules'] as string[] | null) ?? ['q_proj', 'v_proj'];
        expect(written['target_modules']).toEqual([...targets].sort());
        for (const field of Object.keys(json)) expect(written).toHaveProperty([field]);
      });
    } else {
      it(`refuses ${file} by name`, () => {
        const field = json['peft_type'] === 'LORA' ? 'use_dora' : 'peft_type';
        expect(() => parseAdapterConfig(json, 'llama')).toThrow(`[adapter] ${field}`);
      });
    }
  }
});
