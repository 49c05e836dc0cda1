// Builds libhone_cuda.so into native/build/cuda. Usage: node native/build-cuda.mjs [--jobs N] [--no-download]
// The toolkit is that of PATH, CUDA_HOME or /usr/local/cuda, else packages of PyPI in .toolchain/cuda (half a gigabyte, once).
// Exit code 77: there is none and none can be had.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { architecturesOf } from './cuda-architectures.mjs';

const native = dirname(fileURLToPath(import.meta.url));
const build = join(native, 'build/cuda');
const args = process.argv.slice(2);
const jobs = args.includes('--jobs') ? args[args.indexOf('--jobs') + 1] : String(availableParallelism());
const skipped = 77;
/** The first that knows sm_100. */
const oldest = [12, 8];
const tried = [];

const output = (command, commandArgs) => spawnSync(command, commandArgs, { encoding: 'utf8' });

/** The toolkit of a folder as { root, version }; the reason is noted where it cannot be used. */
function toolkitIn(from, root) {
  const nvcc = join(root, 'bin/nvcc');
  const found = /release (\d+)\.(\d+)/.exec(output(nvcc, ['--version']).stdout ?? '');
  if (!found) return note(from, `no nvcc runs in ${root}/bin`);
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
    return note(from, `nvcc is ${major}.${minor}, older than ${oldest.join('.')}`);
  const folders = ['include', 'targets/x86_64-linux/include', 'targets/sbsa-linux/include'];
  for (const header of ['cuda_runtime.h', 'cublasLt.h'])
    if (!folders.some((folder) => existsSync(join(root, folder, header))))
      return note(from, `${root} has no ${header}`);
  return { root, version: `${major}.${minor}` };
}

function note(from, reason) {
  tried.push(`${from}: ${reason}`);
  return undefined;
}

function fromPath() {
  const { status, stdout } = output('sh', ['-c', 'command -v nvcc']);
  if (status !== 0) return note('PATH', 'no nvcc');
  return toolkitIn('PATH', dirname(dirname(realpathSync(stdout.trim()))));
}

function fromFolders() {
  const named = process.env.CUDA_HOME ?? process.env.CUDA_PATH;
  if (named) return toolkitIn('CUDA_HOME', named);
  note('CUDA_HOME', 'not set');
  return existsSync('/usr/local/cuda') ? toolkitIn('/usr/local/cuda', '/usr/local/cuda') : undefined;
}

/** Where pip puts the packages: one folder that is laid out as a toolkit. */
function installedIn(environment) {
  const lib = join(environment, 'lib');
  for (const python of existsSync(lib) ? readdirSync(lib) : []) {
    const packages = join(lib, python, 'site-packages/nvidia');
    const toolkit = existsSync(packages) ? readdirSync(packages).find((name) => /^cu\d+$/.test(name)) : undefined;
    if (toolkit) return toolkitIn('.toolchain/cuda', join(packages, toolkit));
  }
  return undefined;
}

function fromPackages() {
  const environment = join(native, '../.toolchain/cuda');
  const wanted = readFileSync(join(native, 'cuda-toolkit.txt'), 'utf8');
  const key = join(environment, 'cuda-toolkit.txt');
  if (existsSync(key) && readFileSync(key, 'utf8') === wanted) return installedIn(environment);
  if (args.includes('--no-download')) return note('PyPI', 'not asked, because of --no-download');
  process.stdout.write('[build:cuda] fetching the CUDA toolkit from PyPI (half a gigabyte, once)\n');
  const draft = `${environment}.${process.pid}`;
  mkdirSync(dirname(environment), { recursive: true });
  const script = `python3 -m venv "$1" && "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$2"`;
  const { status, stderr } = output('sh', ['-c', script, 'sh', draft, join(native, 'cuda-toolkit.txt')]);
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    return note('PyPI', (stderr ?? '').trim().split('\n').at(-1) || 'python3 -m venv and pip failed');
  }
  writeFileSync(join(draft, 'cuda-toolkit.txt'), wanted);
  rmSync(environment, { recursive: true, force: true });
  renameSync(draft, environment);
  return installedIn(environment);
}

function run(command, commandArgs) {
  const { status } = spawnSync(command, commandArgs, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const toolkit = fromPath() ?? fromFolders() ?? fromPackages();
if (toolkit === undefined) {
  process.stderr.write(
    `[build:cuda] expected a CUDA toolkit of ${oldest.join('.')} or newer but found none (${tried.join('; ')}); ` +
      'fix: install one, set CUDA_HOME, or let pip reach PyPI\n',
  );
  process.exit(skipped);
}

// Another toolkit, another build: its commands would not be the same.
const keyFile = join(build, 'toolkit');
const key = `${toolkit.root} ${toolkit.version}`;
if (!existsSync(keyFile) || readFileSync(keyFile, 'utf8') !== key) {
  rmSync(build, { recursive: true, force: true });
  const generator = output('ninja', ['--version']).status === 0 ? 'Ninja' : 'Unix Makefiles';
  run('cmake', ['-S', join(native, 'src/cuda'), '-B', build, '-G', generator, `-DHONE_CUDA_ROOT=${toolkit.root}`]);
  writeFileSync(keyFile, key);
}
run('cmake', ['--build', build, '-j', jobs]);
const library = join(build, 'libhone_cuda.so');
const architectures = architecturesOf(readFileSync(library));
writeFileSync(join(build, 'libhone_cuda.json'), `${JSON.stringify({ toolkit: toolkit.version, ...architectures })}\n`);
process.stdout.write(
  `[build:cuda] ${library}: CUDA ${toolkit.version}, machine code for ${architectures.code.join(', ')}, PTX for ${architectures.ptx.join(', ')}\n`,
);
