import type { CodeText } from '../validate/shape/code.ts';

/** What can be wrong with a bundle before its config is looked at. */
export const bundleCodes: Readonly<Record<string, CodeText>> = {
  'bundle.folder_missing': {
    meaning: 'the folder of the bundle does not exist',
    remedy: 'give the folder with --bundle',
  },
  'bundle.folder_not_a_folder': { meaning: 'the bundle is a file', remedy: 'give the folder with --bundle' },
  'bundle.folder_unreadable': {
    meaning: 'the folder of the bundle cannot be looked at',
    remedy: 'check the permissions of the folders above it',
  },
  'bundle.config_missing': {
    meaning: 'there is no config.json in the bundle',
    remedy: 'make one with `berth-oci spec`',
  },
  'bundle.file_missing': { meaning: 'a file that was named does not exist', remedy: 'correct its path' },
  'bundle.file_unreadable': {
    meaning: 'a file cannot be opened or read; the message has the errno',
    remedy: 'check the permissions of the file and of the folders above it',
  },
  'bundle.file_kind': {
    meaning: 'a file is a folder, a device, or a socket; config.json may not be a pipe either',
    remedy: 'name a regular file',
  },
  'bundle.file_too_big': { meaning: 'a file is larger than 16 MiB', remedy: 'name the right file' },
  'bundle.not_utf8': { meaning: 'a file is not UTF-8', remedy: 'convert it with iconv' },
  'bundle.not_json': {
    meaning: 'a file is not JSON; the message has line and column',
    remedy: 'correct it there',
  },
  'bundle.too_deep': { meaning: 'lists or objects are nested too deep', remedy: 'name the right file' },
  'bundle.rootfs_missing': {
    meaning: 'the folder that `root.path` names does not exist',
    remedy: 'unpack an image there, or correct root.path',
  },
  'bundle.rootfs_not_a_folder': { meaning: '`root.path` names a file', remedy: 'name a folder' },
  'bundle.rootfs_unreadable': {
    meaning: 'the folder that `root.path` names cannot be looked at',
    remedy: 'check the permissions of the folders above it',
  },
};
