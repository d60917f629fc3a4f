// `registry revoke`: takes an archive, or a key from a log index on, out of trust for ever (DESIGN.md §3 "Revocation"; THREATS.md 27).
import { localRegistryKeys } from '../../../registry/local.ts';
import { RegistryWriter } from '../../../registry/writer.ts';
import { BundleName, Digest, Version } from '../../../src/contracts/common.ts';
import type { LogEntry } from '../../../src/contracts/statement.ts';
import { SignetError } from '../../../src/error.ts';
import { openKeyring } from '../../release.ts';
import { type Run, text } from '../command.ts';
import { escaped } from '../escaped.ts';
import { fingerprintArgument, required, usage, wholeNumber } from '../inputs.ts';
import { refreshTarget, registryTarget } from '../registry-target.ts';

type Revocation = Extract<LogEntry, { type: 'revoke' | 'revoke-key' }>;

export const run: Run = async (invocation) => {
  const { positionals, json, output } = invocation;
  const [subject] = positionals;
  const reason = required(invocation, 'revoke', 'reason');
  if (reason.length > 1024) throw usage('revoke', 'the reason is too long', 'at most 1024 characters');
  const key = text(invocation, 'key');
  if ((subject === undefined) === (key === undefined))
    throw usage('revoke', 'name what is revoked: DIGEST, NAME@VERSION, or --key KEY --from-index N');
  const name = subject?.split('@')[0] ?? '';
  const namespace = BundleName.safeParse(name).success ? name.slice(0, name.indexOf('/')) : undefined;
  const target = registryTarget(invocation, 'revoke', namespace);
  const keyring = openKeyring();
  const now = Date.now();
  const { directory } = target;
  const writer = new RegistryWriter(directory, localRegistryKeys(directory, keyring, now), now);
  let entry: Revocation;
  let index: number;
  let known: boolean;
  try {
    entry =
      key === undefined
        ? { type: 'revoke', digest: digestOf(writer, subject!), reason }
        : {
            type: 'revoke-key',
            key: fingerprintArgument(key, keyring),
            fromIndex: wholeNumber('revoke', 'from-index', required(invocation, 'revoke', 'from-index'), 0),
            reason,
          };
    const { digest } = entry as { digest?: string };
    known =
      digest === undefined ||
      writer.find((one) => one.type === 'publish' && one.archive === digest) !== undefined;
    index = writer.size;
    writer.revoke(entry);
  } finally {
    writer.close();
  }
  // What runs here is stopped by what is known here.
  refreshTarget(invocation, target);
  if (json) output.result(`${JSON.stringify({ schema: 'revoke/1', ok: true, index, ...entry })}\n`);
  else {
    const what = entry.type === 'revoke' ? entry.digest : `${entry.key} from index ${entry.fromIndex} on`;
    output.result(escaped`revoked ${what}\n  logged as #${index} of ${directory}\n`);
    if (!known) output.note('note: no release of this registry has that digest\n');
  }
  return 0;
};

/** The digest itself, or that of a published version. */
function digestOf(writer: RegistryWriter, subject: string): string {
  if (Digest.safeParse(subject).success) return subject;
  const [name = '', version = '', ...rest] = subject.split('@');
  if (rest.length > 0 || !BundleName.safeParse(name).success || !Version.safeParse(version).success)
    throw usage('revoke', `${subject} is neither a digest nor NAMESPACE/NAME@VERSION`);
  const listed = writer.releaseIndex(name).find((entry) => entry.version === version);
  if (listed !== undefined) return listed.digest;
  throw new SignetError('E_NOT_FOUND', `the registry has no ${name} ${version}`, { item: subject });
}
