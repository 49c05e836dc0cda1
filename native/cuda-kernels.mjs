// What every kernel of a library takes of a multiprocessor, read from the machine code inside it: cubins are ELF files, whose sections
// .nv.info hold attributes of a format byte, a kind byte and 16 bits of value, or of so many bytes that follow.
import { entriesOf } from './cuda-architectures.mjs';

const sized = 4;
const kind = { maxThreads: 0x05, frameSize: 0x11, registers: 0x2f };

/** [{ architecture, name, registers, threadsMax, sharedBytes, stackBytes }]; threadsMax is that of __launch_bounds__, 0 without. */
export function kernelsOf(library) {
  return entriesOf(library)
    .filter((entry) => entry.kind === 'code')
    .flatMap((entry) => kernelsOfCubin(entry.bytes).map((kernel) => ({ architecture: entry.name, ...kernel })));
}

function kernelsOfCubin(cubin) {
  const sections = sectionsOf(cubin);
  const symbols = symbolsOf(cubin, sections);
  const named = (prefix) => sections.filter((section) => section.name.startsWith(prefix));
  const kernels = new Map(
    named('.nv.info.').map((section) => {
      const name = section.name.slice('.nv.info.'.length);
      const bound = attributesOf(bytesOf(cubin, section)).find((attribute) => attribute.kind === kind.maxThreads);
      const threadsMax = bound ? [0, 4, 8].reduce((product, at) => product * bound.value.readUInt32LE(at), 1) : 0;
      return [name, { name, registers: 0, threadsMax, sharedBytes: 0, stackBytes: 0 }];
    }),
  );
  for (const section of named('.nv.shared.')) {
    const kernel = kernels.get(section.name.slice('.nv.shared.'.length));
    if (kernel) kernel.sharedBytes = section.size;
  }
  for (const section of sections.filter(({ name }) => name === '.nv.info')) {
    for (const { kind: found, value } of attributesOf(bytesOf(cubin, section))) {
      if (found !== kind.registers && found !== kind.frameSize) continue;
      const kernel = kernels.get(symbols[value.readUInt32LE(0)]);
      if (kernel) kernel[found === kind.registers ? 'registers' : 'stackBytes'] = value.readUInt32LE(4);
    }
  }
  return [...kernels.values()];
}

function attributesOf(bytes) {
  const attributes = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const isSized = bytes[at] === sized;
    const size = isSized ? bytes.readUInt16LE(at + 2) : 0;
    attributes.push({ kind: bytes[at + 1], value: bytes.subarray(at + 4, at + 4 + size) });
    at += 4 + size;
  }
  return attributes.filter(({ value }) => value.length > 0);
}

const bytesOf = (elf, section) => elf.subarray(section.offset, section.offset + section.size);

function textAt(bytes, at) {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}

function sectionsOf(elf) {
  const table = Number(elf.readBigUInt64LE(0x28));
  const [size, count, names] = [elf.readUInt16LE(0x3a), elf.readUInt16LE(0x3c), elf.readUInt16LE(0x3e)];
  const sections = Array.from({ length: count }, (_, i) => {
    const at = table + i * size;
    const [offset, bytes] = [Number(elf.readBigUInt64LE(at + 0x18)), Number(elf.readBigUInt64LE(at + 0x20))];
    return { nameAt: elf.readUInt32LE(at), offset, size: bytes, link: elf.readUInt32LE(at + 0x28) };
  });
  return sections.map((section) => ({ ...section, name: textAt(elf, sections[names].offset + section.nameAt) }));
}

function symbolsOf(elf, sections) {
  const table = sections.find(({ name }) => name === '.symtab');
  if (!table) return [];
  const names = sections[table.link].offset;
  return Array.from({ length: table.size / 24 }, (_, i) =>
    textAt(elf, names + elf.readUInt32LE(table.offset + i * 24)),
  );
}
