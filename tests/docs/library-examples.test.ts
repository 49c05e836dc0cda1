// The examples in the READMEs of libraries that need nothing but themselves are run as they stand, against the built packages.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Library -> what its example must print. */
const printed: Readonly<Record<string, string[]>> = {
  'libs/ml/text': ['On its way.<|end|>', 'naïve 🦔'],
  'libs/ml/data': ['Say hi to [email]', 'expected at least one message', '2\n'],
  'libs/ml/evals': ['1.649', 'value: 0.9', 'value: -1.5'],
  'libs/ml/experiments': ['value: 0.236'],
  'libs/ml/tensor': ['-0.1058', '\n0\n'],
  'libs/ml/nn': ['1024', '[ 0, 0.5, 1, 0.5, 0 ]'],
  'libs/ml/models': ['sha256:'],
  'libs/ml/recipes': ['peakBytes', '12/12', 'perplexity'],
};

describe('the README example of', () => {
  it.each(Object.entries(printed))('%s runs and prints what it says', (library, parts) => {
    const [, example = ''] =
      /```ts\n([\s\S]*?)```/.exec(readFileSync(join(repository, library, 'README.md'), 'utf8')) ?? [];
    const flags = ['--no-warnings', '--experimental-strip-types', '--input-type=module-typescript', '-e', example];
    const output = execFileSync(process.execPath, flags, { cwd: repository, encoding: 'utf8' });
    for (const part of parts) expect(output).toContain(part);
  });
});
