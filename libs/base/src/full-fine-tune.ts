const isWeight = (path: string): boolean => /\.(gguf|safetensors(\.index\.json)?)$/.test(path);

/** A full fine-tune brings its own weights; vocabulary and template stay the base's where it brings none. */
export const filesOfFullFineTune = <F extends { path: string }>(base: readonly F[], own: readonly F[]): F[] => [
  ...base.filter((file) => !isWeight(file.path) && !own.some(({ path }) => path === file.path)),
  ...own,
];
