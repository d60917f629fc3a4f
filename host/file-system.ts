// What an opened file lies on (DESIGN.md §4 "`fs` … checks what it opened", THREATS.md H10): the kernel's own file systems hold
// no files but views of processes, their environment and memory; and a bind mount shows a folder under a second name.
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { errnoOf, ioError } from './files.ts';

/** `f_type` of what the kernel makes up: from Linux' magic.h. tmpfs is not among them: it holds what was written there. */
const KERNEL_TYPES: ReadonlySet<bigint> = new Set([
  0x9fa0n, // proc
  0x62656572n, // sysfs
  0x64626720n, // debugfs
  0x74726163n, // tracefs
  0x73636673n, // securityfs
  0x62656570n, // configfs
  0x27e0ebn, // cgroup
  0x63677270n, // cgroup2
  0x1cd1n, // devpts
  0x6165676cn, // pstore
  0xde5e81e4n, // efivarfs
  0xcafe4a11n, // bpf
  0xf97cff8cn, // selinuxfs
  0x43415d53n, // smackfs
  0x5a3c69f0n, // apparmorfs
  0x42494e4dn, // binfmt_misc
  0x65735543n, // fusectl
  0x6e736673n, // nsfs
  0x50495045n, // pipefs
  0x534f434bn, // sockfs
  0x09041934n, // anon_inode
  0x19800202n, // mqueue
  0x67596969n, // rpc_pipefs
  0x6e667364n, // nfsd
  0x7655821n, // resctrl
]);

/** True where the open file is of procfs, sysfs or another file system of the kernel. E_IO. */
export async function isKernelFile(fd: number): Promise<boolean> {
  const path = `/proc/self/fd/${fd}`;
  try {
    const { type } = await statfs(path, { bigint: true });
    return KERNEL_TYPES.has(BigInt.asUintN(32, type));
  } catch (cause) {
    throw ioError(path, cause);
  }
}

/** Number of the mount through which the file was opened; undefined where the kernel does not tell. */
export function mountOf(fd: number): number | undefined {
  try {
    const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return id === undefined ? undefined : Number(id);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw ioError(`/proc/self/fdinfo/${fd}`, cause);
  }
}
