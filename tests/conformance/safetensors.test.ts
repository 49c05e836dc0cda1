// The reader against files of other writers, and against the malformed byte strings of the reference implementation.
import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SafetensorsFile, fileSource, memorySource } from '@hone/models';
import { describeData, readJsonFile } from './data-root.js';

describeData('safetensors samples', 'safetensors-samples', (folder) => {
  const cases = readJsonFile<{ name: string; hex: string; expect: 'ok' | 'error' }[]>(folder, 'byte-cases.json');
  for (const { name, hex, expect: expected } of cases) {
    it(`${expected === 'ok' ? 'reads' : 'refuses'} ${name}`, () => {
      const open = () => new SafetensorsFile(memorySource(name, Uint8Array.from(Buffer.from(hex, 'hex'))));
      if (expected === 'ok') expect(open().tensors).toBeDefined();
      else expect(open).toThrow(`[safetensors] ${name}`);
    });
  }

  type Expected = Record<string, Record<string, { dtype: string; values: unknown[] }>>;
  const files = readJsonFile<Expected>(folder, 'expected-values.json');
  for (const [file, tensors] of Object.entries(files)) {
    it(`finds the values of ${file}, from disk and from memory`, () => {
      const sources = [fileSource(join(folder, file)), memorySource(file, readFileSync(join(folder, file)))];
      for (const source of sources) {
        const opened = new SafetensorsFile(source);
        for (const [name, { dtype, values }] of Object.entries(tensors)) {
          const flat = values.flat(Infinity as 1) as number[];
          expect(opened.entry(name).dtype).toBe(dtype);
          const found = dtype === 'I32' ? new Int32Array(opened.bytes(name).slice().buffer) : opened.floats(name);
          expect([...found]).toEqual(flat);
        }
        opened.close();
      }
    });
  }
});
