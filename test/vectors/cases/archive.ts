// Checks `limits`, `archive` and `files`.
import { sha256 } from '../../../keys/hash.ts';
import { ARCHIVE_LIMITS } from '../../../registry/preflight.ts';
import { MAX_PROOF } from '../../../registry/proof.ts';
import { digestOf } from '../../../src/digest.ts';
import { manifestOf } from '../../registry/fixture.ts';
import { END, entry, type Fields, filesJson, pax } from '../../registry/tar-bytes.ts';
import type { Blueprint } from '../scene.ts';
import type { Refusal } from '../vector.ts';
import { noCode } from './valid.ts';

const text = (change: (json: string) => string) => (bytes: Uint8Array) =>
  Buffer.from(change(Buffer.from(bytes).toString()));

const proofRow = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  proof: Refusal['proof'],
): Refusal => ({
  id,
  about,
  rows,
  code,
  ...(proof === undefined ? {} : { proof }),
});

export const LIMITS: readonly Refusal[] = [
  {
    id: 'archive-size',
    about: 'an archive of one byte more than 32 MiB',
    rows: [6, 23],
    code: 'E_LIMIT',
    archive: () => ({ byte: 0, times: ARCHIVE_LIMITS.maxBytes + 1 }),
  },
  proofRow('proof-size', 'a proof bundle of one byte more than 16 MiB', [6], 'E_LIMIT', () => ({
    byte: 0x20,
    times: MAX_PROOF + 1,
  })),
  proofRow('proof-empty', 'a proof bundle of no bytes', [32], 'E_JSON', () => new Uint8Array()),
  proofRow(
    'proof-cut',
    'the last byte is missing',
    [18],
    'E_JSON',
    text((t) => t.slice(0, -1)),
  ),
  proofRow(
    'proof-trailing',
    'a second document behind the first',
    [18],
    'E_JSON',
    text((t) => `${t}{}`),
  ),
  proofRow(
    'proof-key-twice',
    'a key twice',
    [18],
    'E_JSON',
    text((t) => t.replace('{', '{"type":"proof/1",')),
  ),
  proofRow(
    'proof-key-twice-escaped',
    'a key twice, once written with an escape',
    [18],
    'E_JSON',
    text((t) => t.replace('{', '{"\\u0074ype":"proof/1",')),
  ),
  proofRow(
    'proof-proto',
    'the key __proto__',
    [18, 36],
    'E_JSON',
    text((t) => t.replace('{', '{"__proto__":{},')),
  ),
  proofRow(
    'proof-surrogate',
    'a lone surrogate',
    [18],
    'E_JSON',
    text((t) => t.replace('"keyid":"SHA', '"keyid":"\\udc00SHA')),
  ),
  proofRow(
    'proof-nan',
    'NaN for a number',
    [18],
    'E_JSON',
    text((t) => t.replace('"index":0', '"index":NaN')),
  ),
  proofRow(
    'proof-overflow',
    'a number that overflows',
    [18],
    'E_JSON',
    text((t) => t.replace('"index":0', '"index":1e999')),
  ),
  proofRow('proof-nesting', 'a thousand arrays', [18], 'E_JSON', () =>
    Buffer.from('['.repeat(1000) + ']'.repeat(1000)),
  ),
  proofRow('proof-bom', 'a byte order mark', [18], 'E_JSON', (bytes) =>
    Buffer.concat([Buffer.from('\ufeff'), bytes]),
  ),
  proofRow('proof-utf8', 'a byte that is no UTF-8', [18], 'E_JSON', (bytes) => {
    const changed = Buffer.from(bytes);
    changed[changed.indexOf('SHA256')] = 0xff;
    return changed;
  }),
  proofRow('proof-utf16', 'the proof bundle in UTF-16', [18], 'E_JSON', (bytes) =>
    Buffer.from(Buffer.from(bytes).toString(), 'utf16le'),
  ),
  proofRow('proof-array', 'no object', [18], 'E_FORMAT', () => Buffer.from('[]')),
  proofRow(
    'proof-untyped',
    'a bundle without a type',
    [34],
    'E_FORMAT',
    text((t) => t.replace('"type":"proof/1",', '')),
  ),
  proofRow(
    'proof-version',
    'a later format: upgrade, not tampered',
    [34],
    'E_FORMAT_VERSION',
    text((t) => t.replace('proof/1', 'proof/2')),
  ),
  proofRow(
    'proof-older-version',
    'an earlier format that would check less',
    [34],
    'E_FORMAT_VERSION',
    text((t) => t.replace('proof/1', 'proof/0')),
  ),
  proofRow(
    'proof-unknown-field',
    'a field that no one knows',
    [34],
    'E_FORMAT',
    text((t) => t.replace('{', '{"extra":1,')),
  ),
  proofRow(
    'proof-no-root',
    'no root at all',
    [29],
    'E_FORMAT',
    text((t) => t.replace(/"root":\[\{.*?\}\]\}\],/, '"root":[],')),
  ),
  {
    id: 'signatures-missing',
    about: 'an envelope without a list of signatures',
    rows: [32],
    code: 'E_FORMAT',
    plan: { finish: (proof) => delete proof.release.envelope.signatures },
  },
  {
    id: 'many-signatures',
    about: 'an envelope with seventeen signatures',
    rows: [6],
    code: 'E_FORMAT',
    plan: {
      finish: (proof) => {
        const { signatures } = proof.release.envelope;
        proof.release.envelope.signatures = Array(17).fill(signatures[0]);
      },
    },
  },
  {
    id: 'many-hashes',
    about: 'an inclusion proof of 65 hashes',
    rows: [6, 13],
    code: 'E_FORMAT',
    plan: {
      finish: (proof) => (proof.release.inclusion.hashes = Array(65).fill(proof.release.inclusion.hashes[0])),
    },
  },
  {
    id: 'negative-index',
    about: 'an inclusion proof at index -1',
    rows: [13],
    code: 'E_FORMAT',
    plan: { finish: (proof) => (proof.release.inclusion.index = -1) },
  },
  proofRow(
    'inexact-index',
    'an index that no number holds',
    [3, 13],
    'E_FORMAT',
    text((t) => t.replace('"index":1', '"index":9007199254740993')),
  ),
];

/** A bundle of one file, so that its archives stay small. */
const BUNDLE = noCode({});
const FILES: Readonly<Record<string, string>> = { 'plugin.json': JSON.stringify(manifestOf(BUNDLE)) };

interface Hand {
  /** More files, listed in FILES.json. */
  readonly files?: Record<string, string>;
  /** More entries, not listed; placed by their name. */
  readonly more?: readonly { name: string; bytes: Buffer }[];
  /** FILES.json instead of the right one; null for none. */
  readonly list?: string | null;
  readonly listFields?: Fields;
  readonly fields?: Record<string, Fields>;
  readonly without?: string;
  readonly assemble?: (entries: readonly Buffer[]) => Uint8Array;
}

/** An archive made by hand around the bundle's own files, in their order, and the digest of its FILES.json. */
function hand({
  files = {},
  more = [],
  list,
  listFields = {},
  fields = {},
  without,
  assemble,
}: Hand): Blueprint {
  const all = Object.fromEntries(Object.entries({ ...FILES, ...files }).filter(([name]) => name !== without));
  const body = list === undefined ? filesJson(all) : list;
  const entries = [
    ...(body === null
      ? []
      : [{ name: 'FILES.json', bytes: entry({ name: 'FILES.json', body, ...listFields }) }]),
    ...Object.entries(all).map(([name, content]) => ({
      name,
      bytes: entry({ name, body: content, ...fields[name] }),
    })),
    ...more,
  ].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const parts = entries.map(({ bytes }) => bytes);
  return {
    bundle: BUNDLE,
    archive: assemble?.(parts) ?? Buffer.concat([...parts, END]),
    files: digestOf(sha256, body ?? ''),
  };
}

const archiveRow = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  made: Hand,
): Refusal => ({
  id,
  about,
  rows,
  code,
  plan: hand(made),
});

const path = (id: string, name: string, rows: number[], code: Refusal['code'] = 'E_ARCHIVE_PATH'): Refusal =>
  archiveRow(id, `the path ${JSON.stringify(name.slice(0, 60))}`, rows, code, { files: { [name]: 'x' } });
const paxPath = (id: string, name: string, rows: number[], code: Refusal['code']): Refusal =>
  archiveRow(id, `the path ${JSON.stringify(name.slice(0, 60))} in a PAX record`, rows, code, {
    more: [{ name, bytes: Buffer.concat([pax({ path: name }), entry({ name: '@PaxHeader', body: 'x' })]) }],
  });
const type = (id: string, about: string, fields: Fields, rows = [21]): Refusal =>
  archiveRow(id, about, rows, 'E_ARCHIVE_TYPE', {
    more: [{ name: 'zz', bytes: entry({ name: 'zz', ...fields }) }],
  });
const form = (id: string, about: string, made: Hand, rows = [21]): Refusal =>
  archiveRow(id, about, rows, 'E_ARCHIVE_FORMAT', made);
const twin = (id: string, a: string, b: string): Refusal =>
  archiveRow(id, `${JSON.stringify(a)} and ${JSON.stringify(b)}`, [22], 'E_ARCHIVE_DUPLICATE', {
    files: Object.fromEntries(
      [a, b].filter((name) => /^[\x20-\x7e]*$/.test(name)).map((name) => [name, 'x']),
    ),
    more: [a, b]
      .filter((name) => !/^[\x20-\x7e]*$/.test(name))
      .map((name) => ({
        name,
        bytes: Buffer.concat([pax({ path: name }), entry({ name: '@PaxHeader', body: 'x' })]),
      })),
  });

export const ARCHIVE: readonly Refusal[] = [
  { id: 'empty', about: 'no bytes', rows: [32], code: 'E_ARCHIVE_FORMAT', archive: () => new Uint8Array() },
  {
    id: 'cut',
    about: 'the last block is missing',
    rows: [1, 21],
    code: 'E_ARCHIVE_FORMAT',
    archive: (a) => a.subarray(0, -512),
  },
  {
    id: 'cut-odd',
    about: 'the last byte is missing',
    rows: [1],
    code: 'E_ARCHIVE_FORMAT',
    archive: (a) => a.subarray(0, -1),
  },
  {
    id: 'flipped',
    about: 'a flipped bit in a header',
    rows: [1],
    code: 'E_ARCHIVE_FORMAT',
    archive: (a) => flip(a, 3),
  },
  {
    id: 'trailing',
    about: 'a block of zeros behind the end',
    rows: [21],
    code: 'E_ARCHIVE_FORMAT',
    archive: (a) => Buffer.concat([a, Buffer.alloc(512)]),
  },
  form('entry-after-end', 'a file behind the end of the archive', {
    assemble: (parts) => Buffer.concat([...parts, END, entry({ name: 'zz', body: 'x' }), END]),
  }),
  form('one-end-block', 'one zero block at the end', {
    assemble: (parts) => Buffer.concat([...parts, END.subarray(512)]),
  }),
  form('order', 'two entries in the wrong order', {
    assemble: (parts) => Buffer.concat([parts[1]!, parts[0]!, ...parts.slice(2), END]),
  }),
  form('mtime', 'a time in a header', { fields: { 'plugin.json': { mtime: '14000000000\0' } } }),
  form('uid', 'an owner in a header', { fields: { 'plugin.json': { uid: '0001750\0' } } }),
  form('uname', 'an owner’s name in a header', { fields: { 'plugin.json': { uname: 'root' } } }),
  form('link-name', 'a link name on a regular file', { fields: { 'plugin.json': { link: 'x' } } }),
  form('padding', 'something hidden in the padding', { fields: { 'plugin.json': { padding: 0x61 } } }),
  form('checksum', 'another checksum', { fields: { 'plugin.json': { checksum: '000000\0 ' } } }),
  form('gnu-magic', 'the magic of GNU tar', { fields: { 'plugin.json': { magic: 'ustar  \0' } } }),
  form('size-base256', 'a size in base 256', { fields: { 'plugin.json': { raw: { 124: 0x80 } } } }, [21, 23]),
  form(
    'size-claim',
    'a header that claims 8 GiB',
    { fields: { 'plugin.json': { size: '77777777777\0' } } },
    [6, 23],
  ),
  form('needless-pax', 'a PAX record where none is needed', {
    more: [
      { name: 'zz', bytes: Buffer.concat([pax({ path: 'zz' }), entry({ name: '@PaxHeader', body: 'x' })]) },
    ],
  }),
  form('pax-size', 'a PAX record that changes a size', {
    more: [
      {
        name: 'zz',
        bytes: Buffer.concat([pax({ path: 'größe', size: '99' }), entry({ name: '@PaxHeader', body: 'x' })]),
      },
    ],
  }),
  form('gzip', 'a compressed archive', {
    assemble: (parts) =>
      Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), ...parts.map((p) => p.subarray(4)), END].map((p) => p)),
  }),
  type('symlink', 'a symbolic link out of the bundle', { type: '2', link: '/etc/passwd' }),
  type('hard-link', 'a hard link', { type: '1', link: 'plugin.json' }),
  type('fifo', 'a FIFO', { type: '6' }),
  type('device', 'a character device', { type: '3' }),
  type('directory', 'a directory entry', { type: '5' }),
  type('contiguous', 'a contiguous file', { type: '7' }),
  type('old-regular', 'a regular file in the form from before POSIX', { type: '\0' }),
  type('gnu-long-name', 'a GNU long name', { type: 'L', body: 'x\0' }),
  type('gnu-sparse', 'a sparse file', { type: 'S' }),
  type('global-pax', 'a PAX header for everything that follows', { type: 'g', body: '13 path=evil\n' }),
  type('setuid', 'mode 04755', { mode: '0004755\0', body: 'x' }),
  type('writable', 'mode 0666', { mode: '0000666\0', body: 'x' }),
  archiveRow('pax-sparse', 'a sparse file by PAX records', [21], 'E_ARCHIVE_TYPE', {
    more: [
      {
        name: 'zz',
        bytes: Buffer.concat([pax({ 'GNU.sparse.major': '1' }), entry({ name: '@PaxHeader', body: 'x' })]),
      },
    ],
  }),
  path('path-parent', '../x', [20]),
  path('path-inner-parent', 'a/../../x', [20]),
  path('path-absolute', '/x', [20]),
  path('path-backslash', '..\\x', [20]),
  path('path-drive', 'C:x', [20]),
  path('path-unc', '\\\\host\\share\\x', [20]),
  path('path-dot', './x', [20]),
  path('path-empty-part', 'a//x', [20]),
  path('path-folder', 'x/', [20]),
  path('path-device', 'skills/con.md', [22]),
  path('path-stream', 'a:b', [22]),
  path('path-trailing-dot', 'x.', [22]),
  path('path-trailing-space', 'x ', [22]),
  path('path-control', 'a\nb', [20]),
  path('path-deep', `${'a/'.repeat(16)}x`, [23], 'E_ARCHIVE_LIMIT'),
  archiveRow('path-nul', 'a NUL in a name', [20], 'E_ARCHIVE_PATH', {
    more: [{ name: 'zz', bytes: entry({ name: 'zz\0zz', body: 'x' }) }],
  }),
  paxPath('path-nfd', 'gro\u0308\u00dfe', [22], 'E_ARCHIVE_PATH'),
  paxPath('path-right-to-left', 'a\u202egpj.exe', [22], 'E_ARCHIVE_PATH'),
  paxPath('path-long', `zz/${'a'.repeat(198)}`, [20, 23], 'E_ARCHIVE_LIMIT'),
  archiveRow('pax-bomb', 'a PAX header of 64 KiB', [23], 'E_ARCHIVE_LIMIT', {
    more: [
      {
        name: 'zz',
        bytes: Buffer.concat([
          entry({ name: '@PaxHeader', type: 'x', size: '00000200000\0' }),
          entry({ name: 'zz' }),
        ]),
      },
    ],
  }),
  archiveRow('twice', 'one path twice', [22], 'E_ARCHIVE_DUPLICATE', {
    files: { zz: 'x' },
    more: [{ name: 'zz', bytes: entry({ name: 'zz', body: 'y' }) }],
  }),
  archiveRow('list-key-twice', 'a FILES.json with a key twice', [18], 'E_JSON', {
    list: filesJson({ ...FILES }).replace('{"files"', '{"type":"files/1","files"'),
  }),
  twin('case', 'README.md', 'readme.md'),
  twin('folder-case', 'Skills/a', 'skills/b'),
  twin('file-and-folder', 'zz', 'zz/a'),
  twin('sharp-s', 'strasse', 'straße'),
  twin('ligature', 'file', '\ufb01le'),
];

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at]! ^= 1;
  return changed;
}

const files = (id: string, about: string, rows: number[], code: Refusal['code'], made: Hand): Refusal =>
  archiveRow(id, about, rows, code, made);
const MANIFEST = FILES['plugin.json']!;
const manifest = (id: string, about: string, rows: number[], code: Refusal['code'], body: string): Refusal =>
  files(id, about, rows, code, { files: { 'plugin.json': body } });
const list = (
  change: (document: { files: Record<string, unknown>[] }) => void,
  listed: Record<string, string> = { ...FILES },
): string => {
  const document = JSON.parse(filesJson(listed)) as { files: Record<string, unknown>[] };
  change(document);
  return JSON.stringify(document);
};
const mismatch = (id: string, about: string, change: Hand): Refusal =>
  files(id, about, [24], 'E_FILES_MISMATCH', change);

export const FILES_CASES: readonly Refusal[] = [
  mismatch('no-list', 'no FILES.json', { list: null }),
  mismatch('executable-list', 'an executable FILES.json', { listFields: { mode: '0000755\0' } }),
  mismatch('not-listed', 'a file that FILES.json does not list', {
    more: [{ name: 'zz', bytes: entry({ name: 'zz', body: 'x' }) }],
  }),
  mismatch('not-there', 'FILES.json lists a file that is not there', {
    list: filesJson({ ...FILES, zz: 'x' }),
  }),
  mismatch('listed-twice', 'FILES.json lists a file twice', {
    list: list(({ files: all }) => all.push({ ...all[1] })),
  }),
  mismatch('lists-itself', 'FILES.json lists itself', {
    list: list(({ files: all }) => all.unshift({ ...all[0], path: 'FILES.json' })),
  }),
  mismatch('size', 'another size', { list: list(({ files: all }) => (all[0]!['size'] = 1)) }),
  mismatch('mode', 'another mode', { list: list(({ files: all }) => (all[0]!['mode'] = '0755')) }),
  mismatch('hash', 'another hash', { list: list(({ files: all }) => (all[0]!['sha256'] = '0'.repeat(64))) }),
  mismatch('order', 'the files in another order', {
    files: { zz: 'x' },
    list: list(({ files: all }) => all.reverse(), { ...FILES, zz: 'x' }),
  }),
  mismatch('white-space', 'white space in FILES.json', { list: `${filesJson({ ...FILES })}\n` }),
  files('no-manifest', 'no plugin.json', [34], 'E_MANIFEST', { without: 'plugin.json' }),
  {
    id: 'no-main',
    about: 'a manifest that names a script, without the script',
    rows: [24],
    code: 'E_MANIFEST',
    plan: { bundle: noCode({ 'plugin.json': JSON.stringify(manifestOf()) }) },
  },
  {
    id: 'unnamed-main',
    about: 'a script that the manifest does not name',
    rows: [24],
    code: 'E_MANIFEST',
    twin: 'no-code',
    plan: { bundle: noCode({ 'dev.signet/main.js': '__signet_define([]);undefined\n' }) },
  },
  manifest(
    'manifest-json',
    'a plugin.json with a key twice',
    [18],
    'E_JSON',
    MANIFEST.replace('{', '{"name":"other",'),
  ),
  manifest(
    'manifest-proto',
    'a plugin.json with __proto__',
    [18, 36],
    'E_JSON',
    MANIFEST.replace('{', '{"__proto__":{},'),
  ),
  manifest(
    'manifest-field',
    'a field that Agent Plugins does not have',
    [34],
    'E_MANIFEST',
    MANIFEST.replace('{', '{"hooks":[],'),
  ),
  manifest(
    'manifest-older',
    'an older manifest format that would check less',
    [34],
    'E_FORMAT_VERSION',
    MANIFEST.replace('1.0.0/plugin', '0.9.0/plugin'),
  ),
  manifest(
    'manifest-newer',
    'a later manifest format',
    [34],
    'E_FORMAT_VERSION',
    MANIFEST.replace('1.0.0/plugin', '2.0.0/plugin'),
  ),
  manifest(
    'version-v',
    'the version v1.0.0',
    [33],
    'E_MANIFEST',
    MANIFEST.replace('"version":"1.0.0"', '"version":"v1.0.0"'),
  ),
  manifest(
    'version-build',
    'the version 1.0.0+a',
    [33],
    'E_MANIFEST',
    MANIFEST.replace('"version":"1.0.0"', '"version":"1.0.0+a"'),
  ),
  manifest(
    'host-range-empty',
    'an empty host range',
    [33],
    'E_MANIFEST',
    MANIFEST.replace('"host":"^1.0.0"', '"host":""'),
  ),
  manifest(
    'host-range-invalid',
    'a host range that is none',
    [33],
    'E_MANIFEST',
    MANIFEST.replace('"host":"^1.0.0"', '"host":"latest"'),
  ),
  manifest(
    'name-constructor',
    'a bundle called constructor',
    [36],
    'E_MANIFEST',
    MANIFEST.replace('"name":"hello","version"', '"name":"constructor","version"'),
  ),
  manifest(
    'function-constructor',
    'a function called constructor',
    [36],
    'E_MANIFEST',
    JSON.stringify(manifestOf()).replace(
      '"kind":"skill","name":"hello"',
      '"kind":"skill","name":"constructor"',
    ),
  ),
];
