/** The tree as a kernel has it when a path is first used (fs/namespace.c mnt_init, init/do_mounts.c). */
import type { Dentry, FsStruct, Inode, SuperBlock, Vfs } from '../include/linux/dcache.js';
import { FMODE_EXEC, FMODE_WRITER, type OpenFile } from '../include/linux/fs.js';
import type { Kernel } from '../include/linux/kernel.js';
import { ANON_INODE_FS_MAGIC, PROC_SUPER_MAGIC, RAMFS_MAGIC, TMPFS_MAGIC } from '../include/uapi/magic.js';
import { S_IFCHR, S_IFDIR, S_IFLNK } from '../include/uapi/stat.js';
import { DEVICES, MKDEV, def_chr_fops } from './char_dev.js';
import { d_add, d_alloc, dget, dput, exit_fs } from './dcache.js';
import { d_alloc_pseudo, file_dentry, new_inode, no_open_fops } from './inode.js';
import { fsnotify_close } from './notify/fsnotify.js';
import { PROC_ROOT, proc_root_ops } from './proc/root.js';
import { proc_dir_operations } from './proc/generic.js';
import { BOGO_DIRENT_SIZE, simple_dir_operations } from './ramfs.js';

function super_block(minor: number, s_magic: number, s_static = false): SuperBlock {
  return { s_dev: MKDEV(0, minor), s_magic, s_static };
}

/** The last reference to a file that has an inode is gone. Linux: __fput. */
function __fput(vfs: Vfs, file: OpenFile): void {
  const inode = file.f_inode!;
  fsnotify_close(file);
  inode.i_flctx?.remove_file(file);
  inode.i_opens--;
  put_file_access(file);
  if (file.f_path !== null) dput(vfs, file.f_path);
}

/** The file may be executed again, or written to. */
function put_file_access(file: OpenFile): void {
  const inode = file.f_inode!;
  if ((file.f_mode & FMODE_WRITER) !== 0) inode.i_writecount--;
  if ((file.f_mode & FMODE_EXEC) !== 0) inode.i_writecount++;
}

function enter(dir: Dentry, name: string, inode: Inode): Dentry {
  dir.d_inode.i_size += BOGO_DIRENT_SIZE;
  return d_add(dir, name, inode);
}

function new_directory(kernel: Kernel, vfs: Vfs, mode: number): Inode {
  const inode = new_inode(kernel, vfs, vfs.sb, S_IFDIR | mode, { i_fop: simple_dir_operations });
  inode.i_size = 2 * BOGO_DIRENT_SIZE;
  return inode;
}

function mkdir(kernel: Kernel, vfs: Vfs, dir: Dentry, name: string, mode = 0o755): Dentry {
  dir.d_inode.i_nlink++;
  return enter(dir, name, new_directory(kernel, vfs, mode));
}

function symlink(kernel: Kernel, vfs: Vfs, dir: Dentry, name: string, target: string): void {
  const inode = new_inode(kernel, vfs, vfs.sb, S_IFLNK | 0o777, { i_fop: no_open_fops, i_private: target });
  inode.i_size = target.length;
  enter(dir, name, inode);
}

/** The directory of these names, made as far as it is missing. */
export function mkdir_p(kernel: Kernel, vfs: Vfs, names: readonly string[]): Dentry {
  let dir = vfs.root;
  for (const name of names) dir = dir.d_children!.get(name) ?? mkdir(kernel, vfs, dir, name);
  return dir;
}

/** /proc stands in the root, and is the root of its own file system. */
function mount_proc(kernel: Kernel, vfs: Vfs, root: Dentry): Dentry {
  const init = { i_op: proc_root_ops, i_fop: proc_dir_operations, i_private: PROC_ROOT, ino: 1 };
  const inode = new_inode(kernel, vfs, super_block(23, PROC_SUPER_MAGIC, true), S_IFDIR | 0o555, init);
  const proc: Dentry = { ...d_alloc(root, 'proc', inode), d_root: true };
  root.d_children!.set('proc', proc);
  root.d_inode.i_size += BOGO_DIRENT_SIZE;
  root.d_inode.i_nlink++;
  return proc;
}

/** What udev, or its elders, put beside the devices. */
const DEV_LINKS = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
] as const;

function populate_dev(kernel: Kernel, vfs: Vfs, root: Dentry): void {
  const dev = mkdir(kernel, vfs, root, 'dev');
  for (const [name, rdev, mode] of DEVICES)
    enter(dev, name, new_inode(kernel, vfs, vfs.sb, S_IFCHR | mode, { i_fop: def_chr_fops, rdev }));
  for (const [name, target] of DEV_LINKS) symlink(kernel, vfs, dev, name, target);
  // Descriptors 0, 1 and 2 of a program were opened before there was a tree.
  const console = dget(dev.d_children!.get('console')!);
  kernel.console.f_path = console;
  kernel.console.f_inode = console.d_inode;
  console.d_inode.i_opens++;
  console.d_inode.i_writecount++;
}

/** The file system of `kernel`, made when first asked for. */
export function vfs_of(kernel: Kernel): Vfs {
  return kernel.fs ?? mnt_init(kernel);
}

function mnt_init(kernel: Kernel): Vfs {
  const vfs: Vfs = {
    root: undefined as unknown as Dentry,
    proc: undefined as unknown as Dentry,
    sb: super_block(2, RAMFS_MAGIC),
    shm_sb: super_block(1, TMPFS_MAGIC),
    anon_sb: super_block(16, ANON_INODE_FS_MAGIC),
    anon_inodes: new WeakMap(),
    inotify_instances: new Map(),
    nr_marks: 0,
    blocked: new Map(),
    next_cookie: 1,
    next_ino: 1,
    __fput: (file) => {
      __fput(vfs, file);
    },
    exit_fs: (fs: FsStruct) => {
      exit_fs(vfs, fs);
    },
  };
  kernel.fs = vfs;
  const root = d_alloc_pseudo('', new_directory(kernel, vfs, 0o755));
  (vfs as { root: Dentry }).root = root;
  populate_dev(kernel, vfs, root);
  (vfs as { proc: Dentry }).proc = mount_proc(kernel, vfs, root);
  mkdir(kernel, vfs, root, 'tmp', 0o1777);
  return vfs;
}

/** The name behind an open file of any kind. */
export function dentry_of(file: OpenFile): Dentry {
  return file_dentry(file, vfs_of(file.kernel));
}
