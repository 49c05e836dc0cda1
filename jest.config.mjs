// One configuration for every package: sources are compiled by SWC to ES modules, workspace packages resolve to their sources.
const transform = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'es6' },
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};

export default {
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/clients', '<rootDir>/tests', '<rootDir>/examples'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '\\.ts$': ['@swc/jest', transform] },
  testEnvironment: '<rootDir>/tools/jest-environment.mjs',
  testEnvironmentOptions: { customExportConditions: ['@hone/source', 'node', 'node-addons', 'import', 'default'] },
  maxWorkers: 2,
  workerIdleMemoryLimit: '600MB',
  testTimeout: 60_000,
};
