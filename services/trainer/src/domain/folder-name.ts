/** A digest as the name of a folder of this machine. */
export const folderNameOf = (digest: string): string => digest.slice('sha256:'.length, 'sha256:'.length + 32);
