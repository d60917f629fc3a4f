// Every code that Signet raises: exit code, what it means, what a person does about it (STYLE.md "Errors"; DESIGN.md §3 "Exit codes").
// `registry explain CODE` prints its row. A test holds that each is raised somewhere and asserted somewhere.

/**
 * Exit codes shared by `registry` and `signet`: 0 done, 1 refused, 2 error in a spec (`audit`), 3 unverifiable, 4 stale or expired,
 * 5 incompatible, 6 I/O or network, 64 usage, 70 internal.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 64 | 70;

interface CodeRow {
  readonly exit: ExitCode;
  readonly means: string;
  readonly fix: string;
}

const row = (exit: ExitCode, means: string, fix: string): CodeRow => ({ exit, means, fix });

// biome-ignore format: a table, one row a code
export const CODES = {
  // usage and environment
  E_USAGE: row(64, 'The command line, or the arguments of a call, are wrong.', 'Read --help and call again.'),
  E_INTERNAL: row(70, 'Signet itself failed; the cause is kept.', 'Report it with the cause.'),
  E_IO: row(6, 'A file or folder could not be read or written.', 'Check path, permissions and free space.'),
  E_NOT_FOUND: row(6, 'The named file, bundle, release or function does not exist.', 'Check the name.'),
  E_CONFIG: row(64, 'A configuration file (policy.yaml, grants.yaml, a spec file) is not valid.', 'Correct the line that is named.'),
  E_HOST_BUSY: row(6, 'Another host owns this state directory.', 'Stop it, or use another directory.'),
  E_HOST_CLOSED: row(6, 'The host was closed.', 'Open it again.'),

  // formats
  E_JSON: row(1, 'JSON that a strict reader must refuse: malformed, duplicate keys, __proto__, lone surrogates, too deep.', 'Write plain, unambiguous JSON.'),
  E_BASE64: row(1, 'Base64 with other characters, other padding or stray bits than the one canonical form.', 'Encode the bytes anew.'),
  E_FORMAT: row(1, 'A document does not have the shape that its type says.', 'Make it anew with this version of Signet.'),
  E_FORMAT_VERSION: row(5, 'A document has a format version that this Signet does not know.', 'Upgrade Signet.'),
  E_LIMIT: row(1, 'Something is larger than its limit.', 'Make it smaller, or raise the limit in the policy.'),
  E_MANIFEST: row(1, 'plugin.json is not a valid manifest.', 'Correct every problem that is listed.'),
  E_SCHEMA_SUBSET: row(1, 'A JSON Schema uses what lies outside the closed subset.', 'Check it in the code of the function instead.'),
  E_SCHEMA_IN_GUEST: row(1, 'A zod schema was parsed inside the guest, where zod does not exist.', 'Let the host validate, or check by hand.'),

  // logs, notes and the journal
  E_LOG_PROOF: row(1, 'An inclusion or consistency proof does not lead to the root it is said to lead to.', 'Fetch the proof anew; if it fails again, report the log.'),
  E_LOG_CORRUPT: row(1, 'The files of a log or journal are missing, damaged, or not those that its checkpoint signs.', 'Restore the files from a copy; never sign a checkpoint over them.'),
  E_NOTE: row(1, 'A signed note does not have the C2SP format.', 'Fetch the note anew.'),
  E_NOTE_SIGNATURE: row(1, 'A signed note names a key we know, and its signature is wrong.', 'Fetch the note anew; if it fails again, it was changed.'),
  E_NOTE_UNTRUSTED: row(1, 'A signed note lacks the signatures of enough keys that we know.', 'Check that the pinned root belongs to this log.'),
  E_CHECKPOINT: row(1, 'The text of a log checkpoint does not have the C2SP format.', 'Fetch the checkpoint anew.'),

  // the loopback interface
  E_API_TOKEN: row(1, 'A request to the host came without its bearer token.', 'Send the token from the file that `signet up` names.'),
  E_API_FORBIDDEN: row(1, 'A request came from a web page, or for another host name.', 'Call 127.0.0.1 from a program of your own.'),

  // keys and envelopes
  E_KEY: row(1, 'A public key that must not be trusted: another type or length, not canonical, of small order, or listed twice.', 'Use a key that `registry keys new NAME` made; `registry keys list` shows those that there are.'),
  E_KEY_FILE: row(1, 'A file of signing keys is readable by others, is no regular file of yours, is damaged, or would be overwritten.', 'chmod 600 the file and 700 its folder; make the key anew if others could read it.'),
  E_PASSPHRASE: row(1, 'An encrypted key cannot be opened: there is no passphrase, or it is a wrong one.', 'Set SIGNET_KEY_PASSPHRASE or SIGNET_KEY_PASSPHRASE_COMMAND, or run it on a terminal.'),
  E_PAYLOAD_TYPE: row(1, 'A signed payload is of another type than this place requires.', 'Put each envelope where it belongs; nothing signed for one purpose counts for another.'),
  E_SIGNATURE: row(1, 'A signature names a trusted key and does not verify: payload or signature were changed.', 'Do not use it; fetch it again from its publisher.'),
  E_SIGNER: row(1, 'What is signed is not signed by a key that may sign it.', 'Ask the owner of the namespace who may publish there.'),
  E_THRESHOLD: row(1, 'Fewer distinct keys signed than required, or a threshold that can never be right.', 'Collect the missing signatures.'),

  // trust: roots, namespaces, log, status
  E_ROOT: row(1, 'A root document contradicts itself: duplicate keys, a role with an unknown key, a threshold above its keys.', 'Make the root document anew.'),
  E_ROOT_UNPINNED: row(3, 'No root is pinned for this namespace: nothing can be verified.', 'registry root pin FILE --fingerprint SHA256:…, with the fingerprint from a source you trust.'),
  E_ROOT_UNTRUSTED: row(1, 'A chain of root documents does not contain the root that the operator pinned.', 'Fetch the release from the registry that policy.yaml names.'),
  E_ROOT_ROTATION: row(1, 'A root document is not the successor of the one before: its version, or the signatures of both thresholds.', 'Fetch the root chain again; if it stays so, ask the operator of the registry.'),
  E_EXPIRED: row(4, 'A root or namespace document is past its expiry.', 'Ask the registry for a renewed document.'),
  E_REGISTRY_UNMAPPED: row(3, 'policy.yaml maps the namespace to no registry; there is no fall-through to another one.', 'Add the namespace to one registry in policy.yaml.'),
  E_LOCAL_ROOT: row(1, 'A local root speaks for a namespace other than `local` and `signet`.', 'Publish under local/…, or use a registry with its own root.'),
  E_FIRST_PARTY: row(1, 'A local root offers a signet/… bundle whose digest this package does not pin.', 'Rebuild it and renew skills/first-party.lock.json, or use another namespace.'),
  E_NAMESPACE: row(1, 'A namespace document is for another namespace, out of order, or not granted to this publisher.', 'Fetch the namespace documents again.'),
  E_NAMESPACE_RECOVERY: row(1, 'A new namespace document is not signed by the keys of the one before.', 'Confirm the recovery only after its owner told you of it by another way.'),
  E_KEY_RANGE: row(1, 'A key signed a release outside the range of log indexes for which it is valid.', 'Ask the publisher to release it again with a current key.'),
  E_LOG_ENTRY: row(1, 'The log proves another entry than this release or namespace document.', 'Fetch the proof again.'),
  E_ROLLBACK: row(4, 'Something older than what was already seen or installed is offered.', 'Wait until the registry is current; an older version is never installed silently.'),
  E_EQUIVOCATION: row(1, 'A registry signed two different histories. Both are kept as evidence in the trust folder.', 'Stop using the registry and show the evidence to its operator and to others.'),
  E_WITNESS: row(1, 'Fewer witnesses than required cosigned the checkpoint of the log.', 'Wait until the witnesses have cosigned; if it stays so, ask the operator of the registry why.'),
  E_CHECKPOINT_STALE: row(4, 'The witnesses saw the checkpoint too long ago: newer ones may be withheld.', 'Fetch the release again; check the clock.'),
  E_STATUS_STALE: row(4, 'The revocation status is too old, expired, or from the future of this clock.', 'signet up refreshes it; check the clock.'),
  E_STATUS_MISMATCH: row(1, 'Revocation status and checkpoint do not describe the same log at the same size.', 'Fetch checkpoint and status together.'),
  E_STATUS_OMITS: row(1, 'A status leaves out a revocation that was already seen.', 'Stop using the registry until its operator explains it; the revocation stays in force.'),
  E_REVOKED: row(1, 'This very archive was revoked.', 'Install another version.'),
  E_KEY_REVOKED: row(1, 'The key that signed the release was revoked from an earlier log index on.', 'Install a version that was signed with another key.'),
  E_TRUST_STATE: row(1, 'The trust state on disk is damaged: what was seen before is not known.', 'Restore .signet/trust from a backup; deleting it forgets every pin and revocation.'),

  // verification of a release
  E_UNSIGNED: row(3, 'Nothing signed is there to verify.', 'Build, sign and publish it: registry publish DIR.'),
  E_OFFLINE: row(3, 'The subject is not on this machine, and --offline forbids to fetch it.', 'Export it where the registry is (registry export NAME --out FILE), or leave --offline out.'),
  E_NO_SUBJECTS: row(3, 'There is nothing to verify.', 'Name a file, a folder or namespace/name.'),
  E_PREDICATE: row(1, 'A statement makes another claim than this place requires.', 'Fetch the proof again.'),
  E_DIGEST: row(1, 'The bytes are not those that were signed.', 'Fetch the archive again; do not use this one.'),
  E_STATEMENT_MISMATCH: row(1, 'The signed statement says something else than the manifest inside the archive, or than what was asked for.', 'Fetch the release that you asked for.'),
  E_PROVENANCE_MISSING: row(1, 'The release has no provenance, and the policy requires one.', 'Ask the publisher for it, or set provenance.required: false in policy.yaml.'),
  E_BUILDER: row(1, 'The builder named in the provenance is not accepted for this namespace.', 'Name the builder and its keys for the namespace under provenance.builders in policy.yaml, if you trust it.'),
  E_SOURCE: row(1, 'The provenance names a source repository that the policy does not accept from that builder.', 'Check where the bundle comes from; add the repository to provenance.builders in policy.yaml if it is right.'),
  E_LICENCE: row(1, 'The licence of the bundle is not one that the policy allows.', 'Use another bundle, or change licences in policy.yaml.'),
  E_CAPABILITY_POLICY: row(1, 'The bundle asks for a capability that the policy denies to every bundle.', 'Use another bundle, or change capabilities.deny in policy.yaml.'),
  E_REBUILD: row(1, 'The source does not build to the archive that was released.', 'Check that the folder is the commit which the provenance names; if it is, do not use the release.'),
  E_REBUILD_TOOL: row(5, 'The release was built with another esbuild than this Signet has, so that a rebuild proves nothing.', 'Rebuild with the version of Signet that the provenance names.'),
  E_HOST_RANGE: row(5, 'The bundle is made for another version of the host.', 'Upgrade Signet or the bundle.'),
  E_REQUIRES: row(5, 'Something the bundle requires is not installed.', 'Install what is named first.'),
  E_CEILING: row(1, 'The bundle asks for a capability that none of its kinds may ever have.', 'Do not install it; its author must split or correct it.'),

  // registry, store and lockfile
  E_REGISTRY: row(6, 'A registry folder is damaged, incomplete, or not what was asked for.', 'Check the location in policy.yaml.'),
  E_REGISTRY_BUSY: row(6, 'Another process is writing to this registry or project.', 'Wait until it is done.'),
  E_AUDIT_MISSING: row(1, 'The log of a registry names something that the registry does not have.', 'Restore the file from a copy; what is logged stays valid where it is kept.'),
  E_AUDIT_ADDED: row(1, 'A registry has something that its log does not name.', 'Do not use it; ask the operator of the registry where it comes from.'),
  E_AUDIT_CHANGED: row(1, 'A file of a registry is not the one that its log names.', 'Do not use it; restore the file from a copy.'),
  E_AUDIT_ORDER: row(1, 'The entries of a log contradict each other: a version twice, or documents out of their order.', 'Stop using the registry until its operator explains it.'),
  E_VERSION_EXISTS: row(1, 'That version is published already; versions never change.', 'Raise the version.'),
  E_UPDATE: row(1, 'An update asks for more than before, or comes from another publisher or builder, or lowers the version.', 'Read what changed; if it is meant to be, install with --yes.'),
  E_LOCKFILE: row(1, 'signet.lock.json is damaged, names a bundle twice, or does not say what was installed.', 'Restore it from version control.'),
  E_FILE_CHANGED: row(1, 'An installed file is not the one that was signed.', 'Put the signed files back: registry install NAME --yes.'),
  E_FILE_MISSING: row(1, 'An installed bundle lacks a file that was signed.', 'Put the signed files back: registry install NAME --yes.'),
  E_FILE_ADDED: row(1, 'An installed bundle has a file that was not signed.', 'Put the signed files back: registry install NAME --yes.'),
  E_FILE_MODE: row(1, 'An installed file has another mode than was signed.', 'Put the signed files back: registry install NAME --yes.'),
  E_FILE_TYPE: row(1, 'In an installed bundle a link, pipe or device stands where a file was signed.', 'Put the signed files back: registry install NAME --yes.'),

  // dispatch and plans
  E_FUNCTION_UNKNOWN: row(6, 'No installed bundle provides a function of that kind and name.', 'Install a bundle that provides it.'),
  E_DISPATCH_CONFLICT: row(1, 'Two bundles provide one name.', 'Uninstall one of them.'),
  E_REQUIRES_CYCLE: row(1, 'Bundles require each other in a circle: none of them can be loaded before the others.', 'Install versions of which one no longer requires the other.'),
  E_INPUT: row(64, 'The input of a call breaks the schema of the function or of its kind.', 'Correct the input.'),
  E_OUTPUT: row(1, 'The output of a call breaks its schema or its limit.', 'Report it to the author of the bundle.'),
  E_KIND_UNSUPPORTED: row(5, 'This Signet cannot run bundles of that kind yet.', 'Upgrade Signet.'),
  E_PLAN: row(1, 'A draft does not compile into a plan: every reason is listed.', 'Correct the draft.'),
  E_PLAN_REQUIRED: row(1, 'An effect that mutates was asked for without a plan that this host compiled for exactly that call.', 'Use --apply, which compiles a one-step plan, or compile one.'),
  E_SPEC: row(2, 'A convergence spec cannot be evaluated; the prefix of the error says at which step.', 'Correct what the error names.'),

  // authority: grants and effects
  E_GRANT: row(1, 'A grant cannot be made or removed: not by a person, already there, or its command cannot be resolved.', 'Read the sentence; `signet grant` shows what is granted.'),
  E_CAPABILITY_DENIED: row(1, 'An effect goes beyond what manifest, kind and grants allow together.', 'Grant exactly this with `signet grant`, if it is meant to happen.'),
  E_DEPTH: row(1, 'Functions call each other deeper than allowed, perhaps in a circle.', 'Break the circle: let one of them answer without calling the next.'),
  E_BUDGET: row(1, 'A grant of tokens is used up for today, or a call asks for more than it allows.', 'Wait for the next day (UTC), ask for less, or grant more with `signet grant`.'),
  E_MODEL: row(6, 'A model did not answer, or its answer does not say what it used.', 'Call again; if it stays so, look at who answers for that role.'),
  E_EXISTS: row(1, 'A file that is to be created is there already.', 'Choose another name, or take the file away first.'),
  E_DRY_RUN: row(1, 'A bundle used fetch for something that a dry run does not do.', 'Call with --apply and a plan, or let the bundle ask by ctx.http, which answers what would be done.'),
  E_CAPABILITY_ARGS: row(1, 'A bundle asked for an effect with arguments that the capability does not have.', 'Correct the call in the bundle.'),
  E_HTTP: row(1, 'A granted HTTP request got no proper answer: not reached, not trusted, not in time, malformed, or redirected too often.', 'Try the request by hand; raise its timeout if it is only slow.'),
  E_SECRET: row(1, 'A secret does not exist, has a form that cannot be used, or cannot be opened.', 'signet secret list shows what there is; set it again with signet secret set NAME.'),
  E_EXEC: row(1, 'A granted program could not be started, was ended by a signal, or did not end in time.', 'Run the command by hand; raise its timeout if it is only slow.'),
  E_RECORD: row(3, 'The record of a call is missing, breaks off, or cannot be read: it cannot be run again.', 'Calls are recorded where policy.yaml says so (host.record), and kept for so many days and megabytes.'),
  E_RECORD_REDACTED: row(3, 'The record of a call keeps hashes in the place of texts: it can be proved, not run again.', 'Record in mode full, and without a rule of host.record.redact, what is to be run again.'),
  E_JOURNAL: row(6, 'The journal could not be written, or does not say what its checkpoint says: nothing is done without it.', 'Check the space and the permissions of the state directory.'),

  // isolates and workers
  E_TIMEOUT: row(1, 'A call, or the start of a bundle, used up its time.', 'Give it less to do, or raise its limit if it is only slow.'),
  E_MEMORY: row(1, 'A call, or the start of a bundle, used up its memory.', 'Give it less to do, or raise its limit if that is what it needs.'),
  E_CPU: row(1, 'A call used up its processor time.', 'Give it less to do, or raise its limit if that is what it needs.'),
  E_WORKER_LOST: row(1, 'The isolate or worker process that a call was in ended for another reason than the call itself.', 'Call again; the next call gets a new worker.'),
  E_INLINE: row(64, 'Bundles were to run inside of the embedding process, which was not started for it.', 'Start node with --no-node-snapshot, or let them run in workers.'),
  E_SANDBOX: row(6, 'The policy requires namespaces around workers, or a grant around a program, and none can be made here.', 'Install bubblewrap or allow user namespaces; or do not require them.'),
  E_GUEST: row(1, 'A bundle threw an error, or cannot be loaded; what it said is quoted.', 'Report it to the author of the bundle.'),
  E_EFFECT_LIMIT: row(1, 'A call asked for more effects than it may.', 'Report it to the author of the bundle, or raise the limit.'),
  E_RATE: row(1, 'A bundle used up what it may have in a minute: calls, effects or processor time.', 'Call it less often, or raise the limit that is named.'),
  E_BUSY: row(6, 'The host has as many calls running and waiting as it takes.', 'Call again later, with fewer calls at once.'),
  E_QUARANTINED: row(1, 'A bundle ended its worker process again and again: it is not called any more.', 'Install a version that is better, or let it run again: signet unquarantine NAMESPACE/NAME.'),
  E_ABORTED: row(1, 'A call was ended from outside before it was done.', 'Call again.'),
  E_EVALUATE: row(1, 'A script that was to be evaluated is no script, threw, or yielded no string.', 'Correct the source that is named.'),

  // archives and builds
  E_ARCHIVE_PATH: row(1, 'A path in an archive is unsafe, or would mean different files on different systems.', 'Rename the file and build again.'),
  E_ARCHIVE_TYPE: row(1, 'An archive holds something else than plain files: a link, a device, a special mode.', 'Build it again with `registry build`.'),
  E_ARCHIVE_DUPLICATE: row(1, 'Two paths of an archive are the same on some file system.', 'Rename one of them and build again.'),
  E_ARCHIVE_FORMAT: row(1, 'An archive is not in the one byte form that Signet writes.', 'Fetch it again, or build it again with `registry build`.'),
  E_ARCHIVE_LIMIT: row(1, 'An archive is larger, deeper or has more files than allowed.', 'Make the bundle smaller.'),
  E_FILES_MISMATCH: row(1, 'FILES.json does not list exactly the files of its archive.', 'Fetch it again, or build it again with `registry build`.'),
  E_BUILD: row(1, 'The source of a bundle cannot be built.', 'Correct what is named and build again.'),
  E_BUILD_IMPORT: row(1, 'An import leads outside the source folder and the locked packages.', 'Import only files of the folder and packages that package-lock.json names.'),
  E_BUILD_EVALUATE: row(1, 'The code of a bundle fails while its definitions are read: it throws or does not end.', 'Keep work out of module level; do it inside run().'),
} as const satisfies Record<string, CodeRow>;

export type ErrorCode = keyof typeof CODES;
