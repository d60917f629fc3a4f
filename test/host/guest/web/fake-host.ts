// A stand-in for the prelude, for tests of the web's globals outside an isolate.
import { useHost } from '../../../../host/guest/web/host.ts';

export function fakeHost() {
  const fake = {
    lines: [] as [level: string, message: string][],
    thrown: [] as unknown[],
    timers: [] as { callback: () => void; ms: number }[],
    asked: [] as [capability: string, args: unknown][],
    /** What `http` answers; undefined where no call acts. */
    answer: undefined as ((args: unknown) => Promise<unknown>) | undefined,
    /** From here on the globals have this host. */
    use: (): void =>
      useHost({
        request: (capability, args) => {
          fake.asked.push([capability, args]);
          return fake.answer?.(args);
        },
        log: (level, message) => void fake.lines.push([level, message]),
        whoeverActs: () => (thrown) => void fake.thrown.push(thrown),
        setTimeout: (callback, ms) => void fake.timers.push({ callback, ms }),
        now: () => 5_000,
        timeOrigin: () => 2_000,
      }),
  };
  return fake;
}
