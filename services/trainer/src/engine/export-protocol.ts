import type { ErrorBody } from '@hone/base';
import type { ExportOptions, ParityCertificate } from '@hone/models';

/** What the engine thread is told: folders of this machine, and what to make of them. */
export type ExportOrder = { -readonly [Key in keyof Omit<ExportOptions, 'ggufTokenizer'>]: ExportOptions[Key] };

/** Its only message. */
export type ExportNews =
  | { readonly type: 'finished'; readonly certificate: ParityCertificate }
  | { readonly type: 'failed'; readonly error: ErrorBody };
