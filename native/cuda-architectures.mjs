// Which GPUs a library has code for, read from the fat binaries inside it; the tool for that (cuobjdump) is not in every toolkit.

/** A container begins with this number; its header and the total size of its entries follow (fatbinary_section.h, fatbinary.h). */
const magic = 0xba55ed50;
const kinds = { 1: 'ptx', 2: 'code' };

/** { code: ['sm_80', ...], ptx: ['compute_100'] }: what every container of the library holds. */
export function architecturesOf(bytes) {
  let common;
  for (const at of containersOf(bytes)) {
    const held = new Set(containerAt(bytes, at).map(({ name }) => name));
    if (held.size > 0) common = common === undefined ? held : new Set([...common].filter((name) => held.has(name)));
  }
  const names = [...(common ?? [])].sort(
    (a, b) => Number(a.slice(a.indexOf('_') + 1)) - Number(b.slice(b.indexOf('_') + 1)),
  );
  return {
    code: names.filter((name) => name.startsWith('sm_')),
    ptx: names.filter((name) => name.startsWith('compute_')),
  };
}

/** [{ kind, name: 'sm_80', bytes }] of all containers. Machine code is an ELF file as it is, PTX is compressed. */
export function entriesOf(bytes) {
  return containersOf(bytes).flatMap((at) => containerAt(bytes, at));
}

function containersOf(bytes) {
  const found = [];
  for (let at = bytes.indexOf(word(magic)); at >= 0; at = bytes.indexOf(word(magic), at + 4)) found.push(at);
  return found;
}

function word(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function containerAt(bytes, at) {
  const held = [];
  const headerBytes = bytes.readUInt16LE(at + 6);
  const end = at + headerBytes + Number(bytes.readBigUInt64LE(at + 8));
  if (headerBytes !== 16 || end > bytes.length) return held;
  for (let entry = at + headerBytes; entry + 32 <= end;) {
    const kind = kinds[bytes.readUInt16LE(entry)];
    const [header, size] = [bytes.readUInt32LE(entry + 4), Number(bytes.readBigUInt64LE(entry + 8))];
    if (kind === undefined || header + size === 0) break;
    const name = `${kind === 'ptx' ? 'compute' : 'sm'}_${bytes.readUInt32LE(entry + 28)}`;
    held.push({ kind, name, bytes: bytes.subarray(entry + header, entry + header + size) });
    entry += header + size;
  }
  return held;
}
