// One attack in a host of its own: `case.ts PROJECT INDEX` opens the project, attacks, and asks the neighbours meanwhile and
// afterwards. Prints one line of JSON; whatever else happens to this process is the test's to see.
import { openHost } from '../../sdk/runtime.ts';
import { asSignetError } from '../../src/error.ts';
import { descendants } from '../processes.ts';
import { INSTALLED_ATTACKS, KIN } from './attacks.ts';

/** What came of a case. */
export interface CaseReport {
  readonly attack: string;
  readonly neighbourMeanwhile: string;
  readonly neighbourAfterwards: string;
  readonly kinAfterwards: string;
  /** Processes that this one had started before it closed the host. */
  readonly workers: readonly number[];
}

const [directory = '', index = ''] = process.argv.slice(2);
const attack = INSTALLED_ATTACKS[Number(index)];
if (attack === undefined) throw new Error(`there is no attack ${index}`);

const outcome = async (call: Promise<{ output: unknown }>): Promise<string> => {
  try {
    return `ok ${JSON.stringify((await call).output)}`;
  } catch (thrown) {
    return asSignetError(thrown).code;
  }
};

const host = await openHost({ directory });
const neighbour = () =>
  outcome(host.dispatch('parser', 'line_contains_identifier', { raw: 'a b', declared: ['b'] }));
await neighbour();
const attacked = outcome(host.dispatch('skill', attack.name, null));
const neighbourMeanwhile = await neighbour();
const report: CaseReport = {
  attack: await attacked,
  neighbourMeanwhile,
  neighbourAfterwards: await neighbour(),
  kinAfterwards: await outcome(host.dispatch('skill', KIN, 'after')),
  workers: descendants(process.pid),
};
await host.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
