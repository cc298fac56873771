// The little of the tar format that a packed database directory needs: plain files and folders.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const block = 512;
const folder = '5';

/** Packs the files and folders below `root` into an uncompressed ustar archive. */
export function packDirectory(root: string): Buffer {
  const parts: Buffer[] = [];
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
      const name = posix.join(below, entry.name);
      if (entry.isDirectory()) {
        parts.push(header(`${name}/`, 0, folder));
        walk(name);
      } else {
        const content = readFileSync(join(root, name));
        parts.push(header(name, content.length, '0'), content, Buffer.alloc(-content.length & (block - 1)));
      }
    }
  };
  walk('');
  parts.push(Buffer.alloc(2 * block));
  return Buffer.concat(parts);
}

/** Writes an archive's files and folders below `root`; names that lead elsewhere are refused. */
export function unpackDirectory(archive: Buffer, root: string): void {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (let at = 0; archive[at] !== undefined && archive[at] !== 0; ) {
    const name = text(archive, at, 100);
    const size = Number.parseInt(text(archive, at + 124, 12), 8);
    if (name.split('/').includes('..') || name.startsWith('/'))
      throw new Error(`The archive names a foreign path: ${name}`);
    const path = join(root, name);
    at += block;
    if (archive[at - block + 156] === folder.charCodeAt(0)) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    } else {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, archive.subarray(at, at + size), { mode: 0o600 });
      at += Math.ceil(size / block) * block;
    }
  }
}

function header(name: string, size: number, type: string): Buffer {
  const out = Buffer.alloc(block);
  if (out.write(name, 0, 'latin1') > 100) throw new Error(`The name is too long for a tar archive: ${name}`);
  out.write('0000700\0', 100, 'latin1');
  out.write('0000000\0'.repeat(2), 108, 'latin1');
  out.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  out.write(`${'0'.repeat(11)}\0`, 136, 'latin1');
  out.write('        ', 148, 'latin1');
  out.write(type, 156, 'latin1');
  out.write('ustar\x0000', 257, 'latin1');
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return out;
}

function text(archive: Buffer, at: number, length: number): string {
  const end = archive.indexOf(0, at);
  return archive.toString('latin1', at, Math.min(end === -1 ? at + length : end, at + length));
}
