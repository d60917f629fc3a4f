// Processes end as groups (DESIGN.md §4): what a child started, in the group that it leads, ends with it.
import { errnoOf } from './files.ts';

/** SIGKILL for the group that the process leads, if anything of it is left. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: all of it has ended. EPERM: what is left runs as another user, after setuid, and is not ours to kill.
    if (errnoOf(error) !== 'ESRCH' && errnoOf(error) !== 'EPERM') throw error;
  }
}
