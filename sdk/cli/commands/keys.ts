// `registry keys`: signing keys of the user, by their public parts only (DESIGN.md §7 "Keys").
import { readFileSync } from 'node:fs';
import { fingerprint, formatPublicKey, generateKeyPair } from '../../../keys/ed25519.ts';
import { decodeKeyText, MAX_KEY_FILE } from '../../../keys/key-file.ts';
import type { ListedKey } from '../../../keys/keyring.ts';
import { writeFileAtomic } from '../../../keys/safe-file.ts';
import { processSecrets } from '../../../keys/secret-source.ts';
import { SignetError } from '../../../src/error.ts';
import { openKeyring } from '../../release.ts';
import { type Invocation, text } from '../command.ts';
import { escaped } from '../escaped.ts';
import { actions, readInput } from '../inputs.ts';

export const run = actions('keys', {
  list: [0, (invocation) => answer(invocation, openKeyring().list())],
  show: [1, (invocation) => answer(invocation, [openKeyring().info(name(invocation))])],
  new: [
    1,
    (invocation) => {
      const encrypted = invocation.flags['encrypt'] === true;
      return answer(invocation, [openKeyring().add(name(invocation), generateKeyPair(), encrypted)]);
    },
  ],
  encrypt: [1, (invocation) => answer(invocation, [openKeyring().encrypt(name(invocation))])],
  passphrase: [1, (invocation) => answer(invocation, [openKeyring().changePassphrase(name(invocation))])],
  import: [
    1,
    (invocation) => {
      const file = text(invocation, 'file');
      const item = file ?? 'standard input';
      const bytes = file === undefined ? readFileSync(0) : readInput(file);
      if (bytes.length > MAX_KEY_FILE)
        throw new SignetError('E_KEY_FILE', `${item} is too large for a key`, { item });
      const key = decodeKeyText(Buffer.from(bytes).toString('utf8'), item, () =>
        processSecrets().passphrase(item),
      );
      const encrypted = invocation.flags['encrypt'] === true;
      return answer(invocation, [openKeyring().add(name(invocation), key, encrypted)]);
    },
  ],
});

const name = ({ positionals }: Invocation): string => positionals[0] ?? '';

function answer(invocation: Invocation, keys: readonly ListedKey[]): 0 {
  const { json, output } = invocation;
  const rows = keys.map(({ name: of, publicKey, encrypted }) => ({
    name: of,
    publicKey: formatPublicKey(publicKey),
    fingerprint: fingerprint(publicKey),
    encrypted,
  }));
  const out = text(invocation, 'out');
  if (out !== undefined) writeFileAtomic(out, Buffer.from(rows.map((row) => `${row.publicKey}\n`).join('')));
  if (json) output.result(`${JSON.stringify({ schema: 'keys/1', ok: true, keys: rows })}\n`);
  else if (rows.length === 0) output.result('no keys\n  do: registry keys new NAME\n');
  else {
    for (const row of rows) {
      const how = row.encrypted ? 'encrypted' : 'plain';
      output.result(escaped`${row.name}  ${how}\n  ${row.publicKey}\n  ${row.fingerprint}\n`);
    }
  }
  return 0;
}
