// `registry sign FILE`: the release and provenance envelopes of an archive, in files beside it; each publisher adds a signature.
import { readFileSync } from 'node:fs';
import { projectPaths } from '../../../host/paths.ts';
import { fingerprint } from '../../../keys/ed25519.ts';
import { archiveFacts, signRelease } from '../../../registry/sign.ts';
import { fullName } from '../../../src/contracts/manifest.ts';
import { SignetError } from '../../../src/error.ts';
import { localProvenance } from '../../provenance.ts';
import { openSigner, renewLocal } from '../../release.ts';
import { type Run, text } from '../command.ts';
import { escaped } from '../escaped.ts';
import { readSigned, writeSigned } from '../signed-files.ts';

export const run: Run = async (invocation) => {
  const { positionals, json, output } = invocation;
  const [file = ''] = positionals;
  const facts = archiveFacts(readArchiveFile(file));
  const publisher = openSigner(text(invocation, 'key'));
  const before = readSigned(file);
  // What others signed is signed as they stated it; a source folder that is named must be what it says.
  const source = text(invocation, 'source') ?? (before === undefined ? process.cwd() : undefined);
  const provenance = source === undefined ? null : localProvenance(source);
  const signed = signRelease(facts, provenance, [publisher], Date.now(), before);
  const files = writeSigned(file, signed);
  renewLocal(projectPaths(process.cwd()));
  const name = fullName(facts.manifest);
  const { version } = facts.manifest;
  const key = fingerprint(publisher.publicKey);
  if (json)
    output.result(
      `${JSON.stringify({ schema: 'sign/1', ok: true, name, version, digest: facts.digest, key, files })}\n`,
    );
  else {
    output.result(escaped`${name} ${version} signed by ${key}\n`);
    for (const path of files) output.result(escaped`  ${path}\n`);
    output.note(escaped`do: registry publish ${file}\n`);
  }
  return 0;
};

function readArchiveFile(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new SignetError('E_NOT_FOUND', `the archive ${file} cannot be read`, { item: file, cause });
  }
}
