// Check `log`, the witnesses: who else saw the checkpoint, and when.
import { DEFAULT_RULES } from '../../../registry/rules.ts';
import { formatNote, parseNote } from '../../../src/note.ts';
import { DAY, START, STRANGER } from '../../registry/fixture.ts';
import type { Blueprint } from '../scene.ts';
import type { Refusal } from '../vector.ts';
import { cosignedBy, fingerprintOf, WITNESS_A, WITNESS_B, WITNESSED_ROOT } from './valid.ts';

const witness = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  note: Blueprint['note'],
): Refusal => ({
  id: `witness-${id}`,
  about,
  rows,
  code,
  twin: 'witnessed',
  plan: { roots: [WITNESSED_ROOT], ...(note === undefined ? {} : { note }) },
  pin: { fingerprint: fingerprintOf(WITNESSED_ROOT) },
});
/** The last cosignature with one byte changed: of its time (4-11 of the line's bytes) or of what was signed. */
const change =
  (at: number): Blueprint['note'] =>
  (head) => {
    const { text, signatures } = parseNote(cosignedBy([WITNESS_A, WITNESS_B])(head));
    const last = signatures.at(-1)!;
    const signature = last.signature.with(at, last.signature[at]! ^ 1);
    return formatNote(text, [...signatures.slice(0, -1), { ...last, signature }]);
  };

export const WITNESS: readonly Refusal[] = [
  witness('none', 'no witness cosigned', [12, 32], 'E_WITNESS', undefined),
  witness('one-of-two', 'one witness of two', [7, 12], 'E_WITNESS', cosignedBy([WITNESS_A])),
  witness('one-twice', 'one witness under two names', [7], 'E_WITNESS', cosignedBy([WITNESS_A, WITNESS_A])),
  witness('stranger', 'one witness and a stranger', [8], 'E_WITNESS', cosignedBy([WITNESS_A, STRANGER])),
  witness('signature', 'a cosignature of which one bit was flipped', [1], 'E_NOTE_SIGNATURE', change(20)),
  witness('time', 'a cosignature whose time was changed', [1, 4], 'E_NOTE_SIGNATURE', change(7)),
  witness(
    'future',
    'cosignatures of tomorrow',
    [4],
    'E_WITNESS',
    cosignedBy([WITNESS_A, WITNESS_B], START + DAY),
  ),
  witness(
    'stale',
    'cosignatures of eight days ago',
    [4],
    'E_CHECKPOINT_STALE',
    cosignedBy([WITNESS_A, WITNESS_B], START - 8 * DAY),
  ),
  {
    id: 'witness-quorum-of-policy',
    about: 'the policy asks for a witness, and the root names none',
    rows: [12],
    code: 'E_WITNESS',
    trust: { rules: { ...DEFAULT_RULES, witness: { quorum: 1 } } },
  },
];
