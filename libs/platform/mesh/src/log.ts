/** Where the mesh reports; a pino logger fits. */
export interface MeshLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export const silentLog: MeshLog = { info: () => {}, warn: () => {}, error: () => {} };
