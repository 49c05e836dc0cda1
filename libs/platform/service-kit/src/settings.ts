import { readFileSync } from 'node:fs';
import { refusal, suggest } from '@hone/base';
import { expectationOf } from '@hone/contracts';
import { parse } from 'yaml';
import { z } from 'zod';

/** What every service can be told. The variable of `natsUrl` is HONE_NATS_URL. */
export const platformSettings = z.object({
  /** Several servers are separated by commas. */
  natsUrl: z.string().startsWith('nats://').default('nats://127.0.0.1:4222'),
  /** A file with the service's private nkey; none for a server without users. */
  natsSeedFile: z.string().optional(),
  /** Folder of everything that Hone keeps on this machine. */
  home: z.string().min(1).default('.hone'),
  /** `directory:<path>`, `s3://<bucket>?endpoint=<url>` or `memory:`; a folder in the home when absent. */
  store: z.string().optional(),
  s3AccessKeyId: z.string().optional(),
  s3SecretAccessKey: z.string().optional(),
  /** Port of /health/live and /health/ready; 0 = off. */
  healthPort: z.int().min(0).max(65_535).default(0),
  healthHost: z.string().default('127.0.0.1'),
  /** Port of /metrics for Prometheus; 0 = off. */
  metricsPort: z.int().min(0).max(65_535).default(0),
  metricsHost: z.string().default('127.0.0.1'),
  /** Keep the spans of the last traces in the home folder. */
  localTraces: z.boolean().default(true),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** How long running work may go on after a request to stop. */
  drainMs: z.int().min(0).default(10_000),
});

export type PlatformSettings = z.output<typeof platformSettings>;
type Shape = Record<string, z.ZodType>;

export interface SettingsSources {
  environment: Record<string, string | undefined>;
  /** The content of the YAML file that HONE_CONFIG names: shared settings, and one section per service. */
  file?: { path: string; text: string };
}

/** The settings of a process: environment over file over default, refused with a sentence that says how to put it right. */
export function readSettings<S extends Shape>(
  service: string,
  own: z.ZodObject<S>,
  sources: SettingsSources,
): PlatformSettings & z.output<z.ZodObject<S>> {
  const file = fileSections(service, sources.file);
  const shared = resolve(platformSettings.shape, 'HONE_', file.shared, sources);
  const ours = resolve(own.shape as Shape, prefixOf(service), file.own, sources);
  refuseUnknown(service, Object.keys(own.shape), file, sources);
  return { ...shared, ...ours } as PlatformSettings & z.output<z.ZodObject<S>>;
}

export function sourcesOfProcess(environment: Record<string, string | undefined> = process.env): SettingsSources {
  const path = environment['HONE_CONFIG'];
  if (!path) return { environment };
  try {
    return { environment, file: { path, text: readFileSync(path, 'utf8') } };
  } catch (cause) {
    throw badSetting(
      'HONE_CONFIG',
      'a readable YAML file',
      `"${path}", which cannot be read`,
      'correct the path',
      cause,
    );
  }
}

/** `batchMax` of serving is HONE_SERVING_BATCH_MAX. */
export const variableOf = (prefix: string, key: string): string =>
  prefix + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

export const prefixOf = (service: string): string => `HONE_${service.replaceAll('-', '_').toUpperCase()}_`;

interface FileSections {
  path: string;
  shared: Record<string, unknown>;
  own: Record<string, unknown>;
}

function fileSections(service: string, file: SettingsSources['file']): FileSections {
  if (!file) return { path: '', shared: {}, own: {} };
  let content: unknown;
  try {
    content = parse(file.text);
  } catch (cause) {
    throw badSetting(
      file.path,
      'YAML',
      cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'other text',
      'correct the file',
      cause,
    );
  }
  const shared = record(content ?? {}, file.path);
  return { path: file.path, shared, own: record(shared[service] ?? {}, `${file.path}: ${service}`) };
}

function record(value: unknown, place: string): Record<string, unknown> {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw badSetting(
    place,
    'names with values',
    Array.isArray(value) ? 'a list' : `a ${typeof value}`,
    'write "name: value" lines',
  );
}

function resolve(
  shape: Shape,
  prefix: string,
  file: Record<string, unknown>,
  { environment, file: source }: SettingsSources,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(shape)) {
    const variable = variableOf(prefix, key);
    const text = environment[variable];
    const isFromEnvironment = text !== undefined && text !== '';
    const candidates = isFromEnvironment ? readings(text) : [file[key] ?? undefined];
    const results = candidates.map((candidate) => schema.safeParse(candidate));
    const result = results.find(({ success }) => success) ?? results[0];
    if (result === undefined) continue;
    if (!result.success) {
      const place = isFromEnvironment || file[key] === undefined ? variable : `${key} in ${source?.path ?? 'the file'}`;
      const [issue] = result.error.issues;
      const wanted = issue === undefined ? 'another value' : expectationOf(issue);
      const received = isFromEnvironment ? text : file[key];
      throw badSetting(
        place,
        wanted,
        received === undefined ? 'nothing' : shown(key, received),
        `set ${variable}, or ${key} in the file that HONE_CONFIG names`,
      );
    }
    if (result.data !== undefined) values[key] = result.data;
  }
  return values;
}

/** Text of the environment may mean a number, a truth value, a list or itself. */
function readings(text: string): unknown[] {
  try {
    return [JSON.parse(text) as unknown, text];
  } catch {
    return [text];
  }
}

/** A misspelt setting would silently do nothing, so it is refused. */
function refuseUnknown(
  service: string,
  own: readonly string[],
  file: FileSections,
  { environment }: SettingsSources,
): void {
  const prefix = prefixOf(service);
  const known = own.map((key) => variableOf(prefix, key));
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith(prefix) || known.includes(variable)) continue;
    throw badSetting(variable, `a setting of ${service}`, 'an unknown one', `use one of ${near(variable, known)}`);
  }
  for (const key of Object.keys(file.own)) {
    if (own.includes(key)) continue;
    throw badSetting(
      `${service}.${key} in ${file.path}`,
      `a setting of ${service}`,
      'an unknown one',
      `use one of ${near(key, own)}`,
    );
  }
}

function near(word: string, known: readonly string[]): string {
  const nearest = suggest(word, known);
  return nearest === undefined ? known.join(', ') || 'none: it has no settings of its own' : nearest;
}

const isSecret = (key: string): boolean => /seed|secret|token|password|accessKey/i.test(key);

const shown = (key: string, value: unknown): string =>
  isSecret(key) ? 'a secret that does not fit' : JSON.stringify(value).slice(0, 100);

function badSetting(variable: string, expected: string, received: string, fix: string, cause?: unknown) {
  const message = `[settings] expected ${expected} for ${variable} but received ${received}; fix: ${fix}`;
  return refusal('invalid_setting', message, { param: variable, ...(cause === undefined ? {} : { cause }) });
}
