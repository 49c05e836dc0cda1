// The linter holds the import law (the table in tools/workspace.mjs) and a few bans, each with its replacement.
import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { packages } from './tools/workspace.mjs';

const law = Object.entries(packages).map(([name, { mayImport }]) => ({
  sourceTag: `name:${name}`,
  onlyDependOnLibsWithTags: [`name:${name}`, ...mayImport.map((other) => `name:${other}`)],
}));

/** Tests stand beside the code and use the testkit, so the graph has a circle there that production code has not. */
const circlesOfTests = Object.keys(packages).map((name) => ['@hone/testkit', `@hone/${name}`]);

/** Third-party packages that one room alone may import. */
const owned = [
  { packages: ['@nats-io/*'], owner: 'libs/platform/mesh', instead: '@hone/mesh' },
  { packages: ['@aws-sdk/*'], owner: 'libs/platform/artifacts', instead: '@hone/artifacts' },
  {
    packages: ['@opentelemetry/sdk-*', '@opentelemetry/exporter-*'],
    owner: 'libs/platform/telemetry',
    instead: '@hone/telemetry',
  },
];

const restricted = (rooms) => ({
  patterns: rooms.map(({ packages: group, instead }) => ({
    group,
    message: `Use ${instead}: it alone imports these.`,
  })),
});

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'native/build/**', '.toolchain/**', '.nx/**', '**/*.generated.ts'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        AbortSignal: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
        TextEncoder: 'readonly',
        TextDecoder: 'readonly',
      },
    },
  },
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          depConstraints: law,
          enforceBuildableLibDependency: false,
          ignoredCircularDependencies: circlesOfTests,
        },
      ],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 500 }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-restricted-imports': ['error', restricted(owned)],
    },
  },
  ...owned.map(({ owner }) => ({
    files: [`${owner}/**/*.ts`, 'libs/testkit/**/*.ts', '**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', restricted(owned.filter((room) => room.owner !== owner))] },
  })),
  {
    files: ['**/*.test.ts', 'tests/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', '@nx/enforce-module-boundaries': 'off', 'no-restricted-imports': 'off' },
  },
  {
    files: ['services/*/src/domain/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'process', message: 'Domain rules take settings as arguments.' }],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Domain rules take the time as an argument.' },
        { object: 'Math', property: 'random', message: 'Use seeded() of @hone/base.' },
      ],
    },
  },
);
