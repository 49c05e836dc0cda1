import { describe, expect, it } from '@jest/globals';
import { digestOfBytes, modelFingerprint } from './index.js';

const file = (path: string, content = path) => ({ path, digest: digestOfBytes(content) });
const folder = ['config.json', 'model.safetensors', 'tokenizer.json', 'chat_template.jinja'].map((path) => file(path));

describe('the fingerprint of a model', () => {
  it('does not depend on the order of files or on files that decide nothing', () => {
    const noise = [file('README.md'), file('generation_config.json'), ...folder].reverse();
    expect(modelFingerprint(noise)).toBe(modelFingerprint(folder));
  });

  it.each(folder.map((entry) => entry.path))('changes with %s', (path) => {
    const changed = folder.map((entry) => (entry.path === path ? file(path, 'other') : entry));
    expect(modelFingerprint(changed)).not.toBe(modelFingerprint(folder));
  });
});
