// Check `provenance`: who built the archive from which source. Required by the default policy; a local build is signed by the
// publisher and counts under a local root; every other builder counts only where the policy names it with its keys and
// sources (DESIGN.md §7; THREATS.md 9, 10, 28). A registry judges by the same function what it takes in.

import { parsePublicKey } from '../../keys/ed25519.ts';
import { unverifiedPayload, verifyEnvelope } from '../../keys/envelope.ts';
import type { Role } from '../../keys/root.ts';
import { type Envelope, IN_TOTO_PAYLOAD, LOCAL_BUILDER } from '../../src/contracts/statement.ts';
import { SignetError } from '../../src/error.ts';
import type { VerifySignature } from '../../src/ports.ts';
import { builderRule, checkSource, DEFAULT_RULES } from '../rules.ts';
import { parseProvenance, subjectName } from '../statement.ts';
import type { PolicyRules, TrustState } from '../trust.ts';
import type { Described } from './archive.ts';
import type { SignedRelease } from './envelope.ts';
import type { Logged } from './log.ts';
import type { Authority } from './namespace.ts';
import type { Passed } from './run.ts';

/** By what a provenance is judged. */
interface ProvenanceJudge {
  readonly rules: PolicyRules;
  readonly required: boolean;
  /** Whether the publisher's own build counts where no rule speaks of the namespace. */
  readonly ownBuilds: boolean;
  /** Whose signatures the publisher's own build needs. */
  readonly publishers: Role;
  readonly verify: VerifySignature;
}

/** What a provenance must be about. */
interface ProvenanceSubject {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

/** The builder's id, or null where there is no provenance and the policy requires none. */
export function checkProvenance(
  release: SignedRelease,
  { name, manifest }: Described,
  digest: string,
  authority: Authority,
  logged: Logged,
  trust: TrustState,
  verify: VerifySignature,
): Passed<string | null> {
  // Check `log` proved that these very bytes were logged; what they name decides whose signature they need.
  return judgeProvenance(
    release.proof.provenance,
    { name, version: manifest.version, digest },
    {
      rules: trust.rules ?? DEFAULT_RULES,
      required: trust.provenanceRequired,
      ownBuilds: authority.pin.local,
      publishers: { keys: logged.signers, threshold: release.inForce.document.threshold },
      verify,
    },
  );
}

/**
 * One provenance, for verifying a release and for publishing it. E_PROVENANCE_MISSING, E_BUILDER, E_SOURCE,
 * E_STATEMENT_MISMATCH, the codes of `verifyEnvelope` and `parseProvenance`.
 */
export function judgeProvenance(
  provenance: Envelope | null,
  { name, version, digest }: ProvenanceSubject,
  { rules, required, ownBuilds, publishers, verify }: ProvenanceJudge,
): Passed<string | null> {
  if (provenance === null) {
    if (!required) {
      return { value: null, detail: '', skipped: 'none, and policy.yaml says provenance.required: false' };
    }
    throw new SignetError('E_PROVENANCE_MISSING', `${name} has no provenance`, {
      item: name,
      expected: 'a provenance statement',
      actual: 'none',
    });
  }
  const { subject, predicate } = parseProvenance(
    unverifiedPayload(provenance, IN_TOTO_PAYLOAD, 'provenance'),
  );
  const builder = predicate.runDetails.builder.id;
  const namespace = name.slice(0, name.indexOf('/'));
  const rule = builderRule(rules.provenance.builders, namespace, builder);
  const own = builder === LOCAL_BUILDER;
  const accepted = rule !== undefined || (own && ownBuilds);
  if (!accepted && required) {
    throw new SignetError('E_BUILDER', `the builder is not accepted for ${name}`, {
      item: name,
      expected: ownBuilds ? LOCAL_BUILDER : `a builder that policy.yaml names for ${namespace}`,
      actual: builder,
    });
  }
  // Whose word another builder's key is only a rule can say: without one there is nothing to hold it against.
  if (accepted || own) {
    const keys = rule?.keys ?? 'publisher';
    const signers = keys === 'publisher' ? publishers : { keys: keys.map(parsePublicKey), threshold: 1 };
    verifyEnvelope(provenance, {
      item: 'provenance',
      payloadType: IN_TOTO_PAYLOAD,
      ...signers,
      verify,
    });
  }
  const stated = `${subject[0]!.name} sha256:${subject[0]!.digest.sha256}`;
  const expected = `${subjectName(name, version)} ${digest}`;
  if (stated !== expected) {
    throw new SignetError('E_STATEMENT_MISMATCH', 'the provenance is about something else', {
      item: 'provenance',
      expected,
      actual: stated,
    });
  }
  const { externalParameters, resolvedDependencies } = predicate.buildDefinition;
  if (rule !== undefined) checkSource(rule, externalParameters.repository, name);
  const [source] = resolvedDependencies;
  const commit =
    source === undefined
      ? 'no commit'
      : `${source.digest.gitCommit.slice(0, 12)}${source.annotations.clean ? '' : ' with uncommitted changes'}`;
  return {
    value: builder,
    detail: `${externalParameters.repository} (${externalParameters.path}) ${commit}, built by ${builder}`,
    warning: accepted ? undefined : 'the builder was not judged: policy.yaml says provenance.required: false',
  };
}
