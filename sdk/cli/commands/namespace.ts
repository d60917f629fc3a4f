// `registry namespace`: documents that say which publishers may release a namespace (DESIGN.md §3; THREATS.md 8, 26, 30).
import { existsSync } from 'node:fs';
import { projectPaths } from '../../../host/paths.ts';
import { formatDocument } from '../../../keys/document.ts';
import { fingerprint, type KeyPair } from '../../../keys/ed25519.ts';
import { parseEnvelope } from '../../../keys/envelope.ts';
import { writeFileAtomic } from '../../../keys/safe-file.ts';
import { addSignatures, readDraft } from '../../../registry/ceremony.ts';
import {
  draftNamespace,
  isGranted,
  requireGrantable,
  rotateNamespace,
} from '../../../registry/ceremony-namespace.ts';
import { heldKeys, localRegistryKeys } from '../../../registry/local.ts';
import {
  checkLocalNamespace,
  firstNamespace,
  type NamespaceVersion,
  readNamespace,
} from '../../../registry/namespace.ts';
import { readCurrentHead, readNamespaceIndex } from '../../../registry/proof.ts';
import { DirectoryTransport, FILE_LIMITS, PATHS, requireFile } from '../../../registry/transport.ts';
import { TrustStore } from '../../../registry/trust.ts';
import { RegistryWriter } from '../../../registry/writer.ts';
import { Digest, NamePart } from '../../../src/contracts/common.ts';
import type { Envelope } from '../../../src/contracts/statement.ts';
import { SignetError } from '../../../src/error.ts';
import { parseShape } from '../../../src/shape.ts';
import { openKeyring, openSigner } from '../../release.ts';
import { directoryOf, type Invocation, text, texts } from '../command.ts';
import { escaped } from '../escaped.ts';
import { actions, expiry, fingerprintArgument, keyArgument, readInput, wholeNumber } from '../inputs.ts';
import { refreshTarget, registryTarget } from '../registry-target.ts';

export const run = actions('namespace', {
  request: [1, request],
  show: [1, show],
  sign: [1, sign],
  rotate: [1, rotate],
  grant: [1, grant],
  confirm: [1, confirm],
});

function request(invocation: Invocation): 0 {
  const namespace = namespaceArgument(invocation);
  const signers = signersOf(invocation);
  const keyring = openKeyring();
  const others = texts(invocation, 'publisher').map((key) => keyArgument(key, keyring));
  const keys = [...signers.map(({ publicKey }) => publicKey), ...others];
  const document = firstNamespace(namespace, keys, thresholdOf(invocation) ?? 1, expiresOf(invocation));
  return write(invocation, addSignatures(draftNamespace(document), signers));
}

function rotate(invocation: Invocation): 0 {
  const namespace = namespaceArgument(invocation);
  const { directory } = registryTarget(invocation, 'namespace', namespace);
  const before = readChain(directory, namespace).at(-1)!;
  const keyring = openKeyring();
  const threshold = thresholdOf(invocation);
  const draft = rotateNamespace(before, {
    add: texts(invocation, 'add').map((key) => keyArgument(key, keyring)),
    end: texts(invocation, 'end').map((key) => fingerprintArgument(key, keyring)),
    ...(threshold === undefined ? {} : { threshold }),
    expires: expiresOf(invocation),
    recovery: invocation.flags['recovery'] === true,
    size: readCurrentHead(new DirectoryTransport(directory)).reader.size,
  });
  return write(invocation, addSignatures(draft, signersOf(invocation)));
}

function write(invocation: Invocation, draft: Envelope): 0 {
  const { namespace, version } = readNamespace(draft).document;
  const out = text(invocation, 'out') ?? `${namespace}-v${version}.namespace.json`;
  writeFileAtomic(out, formatDocument(draft));
  return answer(
    invocation,
    [draft],
    { file: out },
    escaped`do: registry namespace grant ${out}, where the registrar is\n`,
  );
}

function show(invocation: Invocation): 0 {
  const [subject = ''] = invocation.positionals;
  if (existsSync(subject))
    return answer(invocation, [readDraft(readInput(subject), subject)], { file: subject });
  const namespace = namespaceArgument(invocation);
  const { directory } = registryTarget(invocation, 'namespace', namespace);
  return answer(
    invocation,
    readChain(directory, namespace).map(({ envelope }) => envelope),
  );
}

function sign(invocation: Invocation): 0 {
  const [file = ''] = invocation.positionals;
  const signed = addSignatures(readDraft(readInput(file), file), signersOf(invocation));
  readNamespace(signed);
  writeFileAtomic(file, formatDocument(signed));
  return answer(invocation, [signed], { file });
}

function grant(invocation: Invocation): 0 {
  const [file = ''] = invocation.positionals;
  const draft = readDraft(readInput(file), file);
  const { namespace } = readNamespace(draft).document;
  const target = registryTarget(invocation, 'namespace', namespace);
  if (target.local) checkLocalNamespace(namespace);
  const keyring = openKeyring();
  const now = Date.now();
  const { directory } = target;
  const writer = new RegistryWriter(directory, localRegistryKeys(directory, keyring, now), now);
  let signed: Envelope;
  let index: number | null = null;
  try {
    const revoked = new Set(writer.revoked.keys.map(({ key }) => key));
    requireGrantable(draft, writer.namespaceChain(namespace).at(-1), revoked, now);
    const registrars = heldKeys(writer.root, 'registrar', keyring);
    if (registrars.length === 0) throw noRegistrar(writer.root.registrar.keys);
    signed = addSignatures(draft, registrars);
    if (isGranted(signed, writer.root.registrar)) {
      index = writer.size;
      writer.grant(signed);
    }
  } finally {
    writer.close();
  }
  writeFileAtomic(file, formatDocument(signed));
  if (index !== null) refreshTarget(invocation, target);
  const rest = index === null ? 'do: pass the file on: more of the registrar’s keys have to sign\n' : '';
  return answer(invocation, [signed], { file, granted: index !== null, index }, rest);
}

function confirm(invocation: Invocation): 0 {
  const { json, output, positionals } = invocation;
  const digest = parseShape(Digest, positionals[0], 'the digest', 'E_USAGE');
  const fresh = new TrustStore(projectPaths(directoryOf(invocation)).trust).confirmRecovery(digest);
  if (json) output.result(`${JSON.stringify({ schema: 'namespace-confirm/1', ok: true, digest, fresh })}\n`);
  else output.result(escaped`${fresh ? 'confirmed' : 'was confirmed before'}: ${digest}\n`);
  return 0;
}

const namespaceArgument = ({ positionals }: Invocation): string =>
  parseShape(NamePart, positionals[0], 'the namespace', 'E_USAGE');

const expiresOf = (invocation: Invocation): number =>
  expiry('namespace', text(invocation, 'expires') ?? '365d', Date.now());

function thresholdOf(invocation: Invocation): number | undefined {
  const given = text(invocation, 'threshold');
  return given === undefined ? undefined : wholeNumber('namespace', 'threshold', given, 1);
}

/** The keys of --key; without one that of the environment, or the default key. */
function signersOf(invocation: Invocation): KeyPair[] {
  const keyring = openKeyring();
  const names = texts(invocation, 'key');
  return names.length === 0 ? [openSigner(undefined, keyring)] : names.map((name) => keyring.publisher(name));
}

function readChain(directory: string, namespace: string): NamespaceVersion[] {
  const transport = new DirectoryTransport(directory);
  return readNamespaceIndex(transport, namespace).map(({ version }) => {
    const path = PATHS.namespace(namespace, version);
    return readNamespace(parseEnvelope(requireFile(transport, path, FILE_LIMITS.envelope), path));
  });
}

function noRegistrar(keys: readonly Uint8Array[]): SignetError {
  return new SignetError('E_NOT_FOUND', 'no registrar key of this registry is on this machine', {
    item: 'registrar',
    expected: keys.map(fingerprint).join(', '),
    fix: 'Run it where the registrar is, or bring the key: registry keys import NAME.',
  });
}

function answer({ json, output }: Invocation, drafts: readonly Envelope[], more: object = {}, rest = ''): 0 {
  const versions = drafts.map((draft) => ({ draft, ...readNamespace(draft) }));
  if (json) {
    const documents = versions.map(({ document, digest }) => ({ digest, document }));
    output.result(`${JSON.stringify({ schema: 'namespace/1', ok: true, ...more, documents })}\n`);
    return 0;
  }
  for (const { document, digest, keys, draft } of versions) {
    const { namespace, version, expires, threshold, recovery } = document;
    output.result(
      escaped`namespace ${namespace} v${version}, valid until ${expires}${recovery ? ', a RECOVERY' : ''}\n`,
    );
    output.result(escaped`  digest     ${digest}\n  publishers ${threshold} of\n`);
    for (const { key, fromIndex, untilIndex } of keys) {
      const until = untilIndex === Number.MAX_SAFE_INTEGER ? '' : ` up to #${untilIndex}`;
      output.result(escaped`    ${fingerprint(key)}  from #${fromIndex}${until}\n`);
    }
    output.result(
      escaped`  signatures ${draft.signatures.map(({ keyid }) => keyid ?? '(no key id)').join(', ') || 'none'}\n`,
    );
  }
  const { granted, index } = more as { granted?: boolean; index?: number | null };
  if (granted === true) output.result(escaped`granted, logged as #${index}\n`);
  if (rest !== '') output.note(rest);
  return 0;
}
