// `signet journal`: checks the whole record, signs what it is now for others to keep, and proves from two such checkpoints that
// nothing was changed between them (DESIGN.md §4 "Journal"). Reads beside a running host.
import * as z from 'zod';
import { ensureJournalIdentity, journalIdentity } from '../../../host/journal-identity.ts';
import { readJournalStore } from '../../../host/journal-store.ts';
import { type ProjectPaths, projectPaths } from '../../../host/paths.ts';
import { parseDocument } from '../../../keys/document.ts';
import { formatPublicKey, parsePublicKey, sign, verify } from '../../../keys/ed25519.ts';
import { sha256 } from '../../../keys/hash.ts';
import { createFileExclusive } from '../../../keys/safe-file.ts';
import { decodeBase64, encodeBase64 } from '../../../src/base64.ts';
import { type Checkpoint, parseCheckpoint } from '../../../src/checkpoint.ts';
import { SignetError } from '../../../src/error.ts';
import {
  checkJournalProof,
  proveJournal,
  readJournalCheckpoint,
  signJournal,
  verifyJournal,
} from '../../../src/journal-proof.ts';
import { createNoteSigner, parseNote } from '../../../src/note.ts';
import { openKeyring } from '../../release.ts';
import { directoryOf, type Invocation, text, texts } from '../command.ts';
import { actions, readInput } from '../inputs.ts';

/** Two checkpoints of one journal, and the hashes that lead from the first to the second. */
const ProofFile = z.strictObject({
  type: z.literal('journal-proof/1'),
  earlier: z.string().max(65_536),
  later: z.string().max(65_536),
  proof: z.array(z.string().max(64)).max(128),
});

export const run = actions(
  'journal',
  { verify: [0, verifyAll], checkpoint: [0, checkpoint], prove: [2, prove], check: [1, check] },
  'signet',
);

function verifyAll(invocation: Invocation): 0 {
  const paths = projectPaths(directoryOf(invocation));
  const notes = texts(invocation, 'checkpoint').map((file) => Buffer.from(readInput(file)).toString('utf8'));
  const checkpoints = notes.map((note) => readNote(note, invocation, paths));
  const { size, segments, tail, root } = verifyJournal(store(paths), sha256, checkpoints);
  const said = {
    records: size,
    segments,
    tail,
    root: encodeBase64(root),
    checkpoints: checkpoints.map((one) => one.size),
  };
  if (invocation.json) answer(invocation, said);
  else {
    const held = checkpoints.map((one) => `  checkpoint of ${one.size} records: held\n`).join('');
    const torn =
      tail === 0 ? '' : `  ${tail} bytes behind the last record: being written, or cut off by a crash\n`;
    invocation.output.result(
      `journal ok  ${size} records in ${segments} ${segments === 1 ? 'segment' : 'segments'}  root ${said.root}\n${held}${torn}`,
    );
  }
  return 0;
}

function checkpoint(invocation: Invocation): 0 {
  const paths = projectPaths(directoryOf(invocation));
  const journal = store(paths);
  // What is signed may never be lost again.
  for (const first of journal.segments()) {
    const file = journal.open(first);
    try {
      file.sync();
    } finally {
      file.close();
    }
  }
  const survey = verifyJournal(journal, sha256, []);
  const { origin, key } = ensureJournalIdentity(paths, openKeyring());
  const signer = createNoteSigner(sha256, {
    name: origin,
    publicKey: key.publicKey,
    sign: (message) => sign(key.secretKey, message),
  });
  const note = signJournal(survey, origin, signer);
  const out = text(invocation, 'out');
  if (out !== undefined) writeNew(out, note);
  const publicKey = formatPublicKey(key.publicKey);
  if (invocation.json)
    answer(invocation, { origin, records: survey.size, key: publicKey, note, out: out ?? null });
  else {
    invocation.output.result(out === undefined ? note : `${out}  ${survey.size} records\n`);
    invocation.output.note(`whoever keeps it checks later ones by the key ${publicKey}\n`);
  }
  return 0;
}

function prove(invocation: Invocation): 0 {
  const paths = projectPaths(directoryOf(invocation));
  const [earlier = '', later = ''] = invocation.positionals.map((file) =>
    Buffer.from(readInput(file)).toString('utf8'),
  );
  const [from, to] = [readNote(earlier, invocation, paths), readNote(later, invocation, paths)] as const;
  if (from.size > to.size) {
    throw new SignetError('E_USAGE', 'the earlier checkpoint comes first', {
      expected: 'signet journal prove EARLIER LATER',
      actual: `one of ${from.size} records, then one of ${to.size}`,
      fix: 'signet journal --help',
    });
  }
  const proof = proveJournal(store(paths), sha256, from.size, to.size);
  checkJournalProof(sha256, from, to, proof);
  const document = `${JSON.stringify({ type: 'journal-proof/1', earlier, later, proof: proof.map(encodeBase64) })}\n`;
  const out = text(invocation, 'out');
  if (out === undefined) invocation.output.result(document);
  else {
    writeNew(out, document);
    if (invocation.json) answer(invocation, { earlier: from.size, later: to.size, out });
    else invocation.output.result(`${out}  from ${from.size} to ${to.size} records\n`);
  }
  return 0;
}

function check(invocation: Invocation): 0 {
  const [file = ''] = invocation.positionals;
  const { earlier, later, proof } = parseDocument(ProofFile, readInput(file), 'journal-proof/1', file);
  const paths = projectPaths(directoryOf(invocation));
  const [from, to] = [readNote(earlier, invocation, paths), readNote(later, invocation, paths)] as const;
  if (from.origin !== to.origin) {
    throw new SignetError('E_LOG_PROOF', 'the two checkpoints are of two journals', {
      expected: from.origin,
      actual: to.origin,
    });
  }
  checkJournalProof(sha256, from, to, proof.map(decodeBase64));
  if (invocation.json) answer(invocation, { origin: from.origin, earlier: from.size, later: to.size });
  else
    invocation.output.result(
      `proof ok  ${from.origin}: the ${to.size} records continue the ${from.size}; none was changed or taken away\n`,
    );
  return 0;
}

/** A signed checkpoint: by the key of `--key`, of whatever journal it names; else by the key of this project's journal. */
function readNote(note: string, invocation: Invocation, paths: ProjectPaths): Checkpoint {
  const given = text(invocation, 'key');
  const own = given === undefined ? journalIdentity(paths, openKeyring()) : undefined;
  if (given === undefined && own === undefined) {
    throw new SignetError('E_NOTE_UNTRUSTED', 'this project’s journal has signed nothing yet', {
      fix: 'Say whose checkpoint it is: --key ed25519:…, as signet journal checkpoint printed it.',
    });
  }
  const origin = own?.origin ?? parseCheckpoint(parseNote(note).text).origin;
  const publicKey = own?.key.publicKey ?? parsePublicKey(given as string);
  return readJournalCheckpoint(note, { sha256, verify, verifiers: [{ name: origin, publicKey }], origin });
}

/** What was exported is kept for years: no other takes its place. */
function writeNew(path: string, contents: string): void {
  if (createFileExclusive(path, Buffer.from(contents), 0o644)) return;
  throw new SignetError('E_EXISTS', `${path} exists already`, {
    item: path,
    fix: 'Name another file with --out.',
  });
}

const store = (paths: ProjectPaths) => readJournalStore(paths.journal);

function answer({ output }: Invocation, said: object): void {
  output.result(`${JSON.stringify({ schema: 'journal/1', ok: true, ...said })}\n`);
}
