// Asking a model for a bundle (DESIGN.md §4 "`model`", CONTRACTS.md §4 "hard per-day budgets: reserve before, settle from usage,
// fail closed when usage is missing"; THREATS.md "Models"). What a request may cost at most is taken from the day before the
// model is asked, in one step, and is kept on disk; what it did not cost is given back with its answer.
import * as z from 'zod';
import { Count } from '../src/contracts/common.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import type { KeySpace, KeyValueStore } from './kv.ts';

export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ModelRequest {
  /** What for: the operator says which model it is. */
  readonly role: string;
  readonly messages: readonly ModelMessage[];
  /** Of the answer. */
  readonly maxTokens: number;
}

/** Who answers. What `complete` gives is checked here; a request that is aborted is waited for no longer. */
export interface ModelService {
  /** Tokens of what is sent, at most. */
  countTokens(messages: readonly ModelMessage[]): number;
  complete(request: ModelRequest, signal: AbortSignal): Promise<unknown>;
}

export const ModelAnswer = z.strictObject({
  text: z.string().max(4 * 1024 * 1024),
  usage: z.strictObject({ inputTokens: Count, outputTokens: Count }),
  model: z.string().min(1).max(256),
});
export type ModelAnswer = z.infer<typeof ModelAnswer>;

/** What a grant leaves of a day. */
export interface DayBudget {
  /** Id of the grant. */
  readonly grant: string;
  readonly tokensPerDay: number;
  /** Milliseconds since the epoch; the day is that of UTC. */
  readonly now: number;
}

/** No bundle has this name: it has no slash. */
const SPACE: KeySpace = { bundle: 'signet', tenant: 'model' };

export class Models {
  readonly #service: ModelService;
  readonly #kv: KeyValueStore;

  constructor(service: ModelService, kv: KeyValueStore) {
    this.#service = service;
    this.#kv = kv;
  }

  countTokens(messages: readonly ModelMessage[]): number {
    return this.#service.countTokens(messages);
  }

  /**
   * The answer of the model. E_BUDGET, and nothing is asked, where the day has not enough left; E_MODEL where the model fails or
   * its answer does not say what it used: then what was reserved stays used, as it does when the call ends first (E_ABORTED).
   */
  async ask(request: ModelRequest, signal: AbortSignal, budget?: DayBudget): Promise<ModelAnswer> {
    const reserved = this.countTokens(request.messages) + request.maxTokens;
    if (budget !== undefined) this.#take(budget, reserved);
    const answer = await this.#complete(request, signal);
    const { inputTokens, outputTokens } = answer.usage;
    if (budget !== undefined) this.#add(budget, inputTokens + outputTokens - reserved);
    return answer;
  }

  async #complete(request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer> {
    const aborted = Promise.withResolvers<never>();
    const abort = (): void =>
      aborted.reject(new SignetError('E_ABORTED', 'the call ended before the model had answered'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      const answering = this.#service.complete(request, signal).catch((cause: unknown) => {
        throw new SignetError('E_MODEL', 'the model failed', { item: request.role, cause });
      });
      const given = await Promise.race([answering, aborted.promise]);
      return parseShape(ModelAnswer, given, 'the answer of the model', 'E_MODEL');
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Read, compared and written with nothing in between: of two requests for the last tokens one gets them. */
  #take(budget: DayBudget, tokens: number): void {
    const { used } = this.#today(budget);
    if (used + tokens > budget.tokensPerDay) {
      throw new SignetError('E_BUDGET', `the grant ${budget.grant} has not enough tokens left today`, {
        item: budget.grant,
        expected: `at most ${Math.max(budget.tokensPerDay - used, 0)} of ${budget.tokensPerDay}`,
        actual: String(tokens),
      });
    }
    this.#add(budget, tokens);
  }

  #add(budget: DayBudget, tokens: number): void {
    const { day, used } = this.#today(budget);
    this.#kv.set(SPACE, budget.grant, JSON.stringify({ day, used: Math.max(used + tokens, 0) }));
  }

  /** A day that is later than now, because the clock was set back, goes on. */
  #today({ grant, now }: DayBudget): { day: number; used: number } {
    const day = Math.floor(now / 86_400_000);
    const stored = this.#kv.get(SPACE, grant);
    if (stored === null) return { day, used: 0 };
    const last = parseShape(Day, JSON.parse(stored), `the tokens of ${grant}`);
    return last.day < day ? { day, used: 0 } : last;
  }
}

const Day = z.strictObject({ day: z.number().int(), used: Count });
